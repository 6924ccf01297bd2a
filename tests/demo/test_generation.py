"""The generated weather and readings: reproducible, plausible, right on the days when clocks change."""

import datetime as dt
import hashlib

import numpy as np
import pytest

from mitoyen.demo import plan
from mitoyen.demo.calendars import closed_days
from mitoyen.demo.climate import MONTHLY_MEAN, autocorrelated, clock, random, temperature
from mitoyen.demo.readings import deed_on, series
from mitoyen.operate.hours import week
from mitoyen.territory.register import check_slug

HOURS = clock(plan.FIRST_DAY, plan.LAST_DAY)
BUILDINGS = {building.slug: building for building in plan.buildings()}


def generated(slug, seed=49):
    outside = temperature(HOURS, seed)
    return {one.observed_property: one for one in series(BUILDINGS[slug], HOURS, outside, seed)}


def digest(seed):
    content = hashlib.sha256(temperature(HOURS, seed).tobytes())
    for one in generated("angers-ecole-pierre-menard", seed).values():
        content.update(one.values.tobytes())
    return content.hexdigest()


def test_the_same_seed_gives_the_same_bytes_another_seed_others():
    assert digest(49) == digest(49)
    assert digest(49) != digest(50)


def test_a_building_more_leaves_the_others_as_they_were():
    assert random(49, "a").random() == random(49, "a").random()
    assert random(49, "a").random() != random(49, "b").random()


def test_days_of_23_and_25_hours_are_right():
    counts = dict(zip(*np.unique(HOURS.day, return_counts=True), strict=True))
    assert counts[np.datetime64("2024-03-31")] == 23
    assert counts[np.datetime64("2024-10-27")] == 25
    assert sum(count != 24 for count in counts.values()) == 6
    assert len(counts) == 1096
    assert (np.diff(HOURS.end) == np.timedelta64(1, "h")).all()
    lost = HOURS.hour[HOURS.day == np.datetime64("2024-03-31")]
    twice = HOURS.hour[HOURS.day == np.datetime64("2024-10-27")]
    assert 2 not in lost
    assert (twice == 2).sum() == 2


def test_the_weather_is_that_of_angers():
    outside = temperature(HOURS, 49)
    months = HOURS.day.astype("M8[M]").astype(np.int64) % 12
    means = np.array([outside[months == month].mean() for month in range(12)])
    assert np.abs(means - MONTHLY_MEAN).max() < 3.5
    assert np.abs(means.mean() - np.mean(MONTHLY_MEAN)) < 1
    assert -15 < outside.min() < 0
    assert 28 < outside.max() < 43
    daily = outside[: 1095 * 24].reshape(-1, 24).mean(axis=1)
    anomaly = daily - np.convolve(daily, np.full(61, 1 / 61), "same")
    assert 0.5 < np.corrcoef(anomaly[:-1], anomaly[1:])[0, 1] < 0.9
    afternoon, night = outside[HOURS.hour == 15].mean(), outside[HOURS.hour == 4].mean()
    assert 4 < afternoon - night < 12


def test_noise_keeps_the_spread_and_memory_asked_for():
    noise = autocorrelated(np.random.default_rng(1), 200_000, 0.1, 0.6)
    assert noise.std() == pytest.approx(0.1, rel=0.03)
    assert np.corrcoef(noise[:-1], noise[1:])[0, 1] == pytest.approx(0.6, abs=0.02)


def test_schools_close_in_the_holidays_of_zone_b_and_town_halls_do_not():
    days = np.array(["2024-02-26", "2024-05-01", "2024-03-12", "2025-04-21"], "M8[D]")
    assert closed_days("school", days).tolist() == [True, True, False, True]
    assert closed_days("town_hall", days).tolist() == [False, True, False, True]


def test_an_action_saves_what_the_truth_says():
    lake = generated("angers-ecole-du-lac")["gas"]
    deed = deed_on("angers-ecole-du-lac", "gas")
    year = HOURS.day.astype("M8[Y]").astype(np.int64) + 1970
    used = lake.values[year == 2025].sum()
    assert deed is not None
    assert lake.saved[2023] == 0
    assert lake.saved[2025] / (used + lake.saved[2025]) == pytest.approx(deed.share, abs=0.002)


def test_an_index_rises_but_for_its_swaps():
    swapped = generated("trelaze-ecole-des-ardoises")["electricity"]
    steps = np.diff(swapped.values)
    assert swapped.kind == "counter"
    assert (steps < 0).sum() == 1
    assert not swapped.swap.declared
    assert generated("angers-hotel-de-ville")["electricity"].swap.declared


def test_every_commune_has_two_buildings_of_two_meters_or_more():
    communes = {building.insee for building in BUILDINGS.values()}
    assert len(communes) == 29
    for insee in communes:
        here = [building for building in BUILDINGS.values() if building.insee == insee]
        assert len(here) >= 2
        assert all(len(building.energies) >= 2 for building in here)
        assert all(len(building.slug) < 100 and week(building.opening_hours).any() for building in here)


def test_what_is_planted_stands_on_meters_that_exist():
    for fault in plan.FAULTS:
        assert fault.observed_property in BUILDINGS[fault.slug].energies
        assert fault.first <= (fault.last or plan.LAST_DAY)
    for deed in plan.DEEDS:
        assert deed.observed_property in BUILDINGS[deed.slug].energies
        assert deed.starts.year == 2024
        assert dt.date(2024, 1, 1) <= deed.starts <= deed.ends
        assert 0 < deed.share < 0.5
    small = {fault.fault for fault in plan.FAULTS if BUILDINGS[fault.slug].insee in plan.SMALL_COMMUNES}
    assert small >= {fault.fault for fault in plan.FAULTS} - {"to_wh"}
    for slug in BUILDINGS:
        check_slug(slug)
