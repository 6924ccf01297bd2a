"""A river's next two days: from here on, with an interval that holds on floods that it has seen the like of."""

import numpy as np

from mitoyen.usages.floods.ahead import STEPS, ahead


def river(seed, hours=24 * 120):
    """Floods of every height, each up in a day or so and down in four."""
    rng = np.random.default_rng(seed)
    level, at = np.full(hours, 1.5), np.arange(hours)
    for _ in range(18):
        start, rise, height = rng.uniform(0, hours), rng.uniform(10, 40), rng.uniform(0.2, 2.5)
        up = np.sin(np.clip((at - start) / rise, 0, 1) * np.pi / 2) ** 2
        level += height * up * np.cos(np.clip((at - start - rise) / (4 * rise), 0, 1) * np.pi / 2) ** 2
    return level + rng.normal(0, 0.005, hours)


def test_a_calm_river_stays_where_it_is():
    made = ahead(np.full(24 * 90, 2.0))
    assert made is not None
    np.testing.assert_allclose(made.value, 2.0)
    assert made.known


def test_nine_levels_in_ten_fall_within_the_interval():
    inside = []
    for seed in range(12):
        level = river(seed)
        for cut in range(24 * 60, len(level) - STEPS, 97):
            made = ahead(level[:cut])
            assert made is not None
            after = level[cut : cut + STEPS]
            if made.known:
                inside.append(((after >= made.low) & (after <= made.high)).mean())
    assert 0.8 <= np.mean(inside) <= 0.97


def test_a_rise_never_seen_is_carried_on_unslowed_at_most():
    level = np.concatenate([np.full(24 * 60, 2.0), 2.0 + 0.2 * np.arange(1, 7)])
    made = ahead(level)
    assert made is not None
    assert not made.known
    assert made.high[-1] == level[-1] + 0.2 * STEPS
    assert made.value[-1] < made.high[-1]


def test_without_the_last_hours_nothing_is_said():
    assert ahead(np.append(np.full(100, 2.0), np.nan)) is None
    assert ahead(np.array([2.0])) is None
