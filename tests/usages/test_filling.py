"""A bin's outlook: when it was emptied, how fast it fills, on which day it will be full."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.operate.detect import Window
from mitoyen.usages.waste.filling import Outlook, outlook

START = np.datetime64("2026-03-01T00", "us")
NOW = dt.datetime(2026, 3, 20, tzinfo=dt.UTC)


def window(levels, hours=4):
    time = START + np.arange(len(levels)) * np.timedelta64(hours, "h")
    return Window(time, np.zeros(len(levels), np.int32), np.asarray(levels, float), "%", "gauge")


def seen(levels) -> Outlook:
    found = outlook(window(levels), NOW)
    assert found is not None
    return found


def sawtooth(a_day, days, emptied_every, seed=0):
    rng = np.random.default_rng(seed)
    hours = np.arange(0, 24 * days, 4)
    level = (hours / 24 % emptied_every) * a_day
    return level + rng.normal(0, 0.5, len(level))


def test_a_steady_bin_is_full_when_its_rate_says():
    found = seen(sawtooth(10, 19, 7))
    # Emptied on the 14th day; on the 19th it stands at 48 %, 5.2 days from full.
    assert found.a_day == pytest.approx(10, abs=0.7)
    assert found.level == pytest.approx(48, abs=3)
    assert found.earliest is not None
    assert found.full is not None
    assert found.latest is not None
    assert found.earliest <= found.full <= found.latest
    # 14 days and 10 more: a median of readings that rise is not taken for the last one.
    full = (START + np.timedelta64(24, "D")).astype(dt.datetime).replace(tzinfo=dt.UTC)
    assert abs(found.full - full) < dt.timedelta(hours=9)


def test_its_last_emptying_is_seen_through_the_noise():
    found = seen(sawtooth(10, 19, 7))
    assert found.emptied is not None
    assert abs((found.emptied - dt.datetime(2026, 3, 15, tzinfo=dt.UTC)).total_seconds()) < 86400


def test_a_bin_that_nobody_uses_is_never_full():
    found = seen(np.full(100, 12.0))
    assert found.full is None
    assert found.a_day == 0.0


def test_nothing_is_said_of_a_few_readings():
    assert outlook(window([10, 20, 30]), NOW) is None


@pytest.mark.parametrize("seed", range(5))
def test_the_day_comes_between_the_earliest_and_the_latest_nine_times_in_ten(seed):
    rng = np.random.default_rng(seed)
    hits = []
    for _ in range(60):
        days = rng.gamma(6, 12 / 6, 60)
        total = np.cumsum(np.repeat(days / 6, 6))
        level, emptied = total.copy(), 0.0
        for at in range(len(total)):
            if total[at] - emptied > 80 and at < 240:
                emptied = total[at]
            level[at] = total[at] - emptied
        cut = 250
        found = outlook(window(level[:cut]), NOW)
        full = np.flatnonzero(level[cut:] >= 100)
        assert found is not None
        if len(full) and found.earliest and found.latest:
            at = START.astype(dt.datetime).replace(tzinfo=dt.UTC) + dt.timedelta(hours=4 * int(cut + full[0]))
            hits.append(found.earliest - dt.timedelta(hours=8) <= at <= found.latest + dt.timedelta(hours=8))
    assert np.mean(hits) >= 0.75
