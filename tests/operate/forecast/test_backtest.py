"""A forecast knows nothing of what came after, its interval holds, and the simplest one is used where it is as good."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.history.times import paris_day_bounds
from mitoyen.operate.forecast import backtest
from mitoyen.operate.forecast.model import STEPS
from mitoyen.operate.forecast.week import WEEK, local_offsets, weeks_before

HOUR = np.timedelta64(3600, "s")
CAMBRIDGE = Path(__file__).parents[4] / "shared" / "data" / "energy" / "cambridge"


def clock(hours, first="2022-01-01T00"):
    return np.datetime64(first, "us") + HOUR * np.arange(hours)


def offsets_of(starts):
    every = np.append(starts, starts[-1] + HOUR * np.arange(1, STEPS + 1))
    first, last = (one.astype("datetime64[D]").astype(date) for one in (every[0], every[-1]))
    return local_offsets(every, paris_day_bounds(date(first.year - 1, 12, 1), date(last.year + 1, 1, 31)))


def made(values, first="2022-01-01T00"):
    return backtest.forecast(values, offsets_of(clock(len(values), first)))


def weekly(hours, seed=0):
    """A town hall: busy by day from Monday to Friday, by the clock on the wall."""
    starts = clock(hours)
    local = starts + HOUR * offsets_of(starts)[:hours]
    hour = (local - local.astype("datetime64[D]")) // HOUR
    day = (local.astype("datetime64[D]").astype(int) + 3) % 7
    return 5.0 + 20.0 * ((hour >= 8) & (hour < 18) & (day < 5)), np.random.default_rng(seed)


def autoregressive(hours, share, rng):
    noise, found = rng.normal(0, 1, hours), np.zeros(hours)
    for at in range(1, hours):
        found[at] = share * found[at - 1] + noise[at]
    return found


@given(st.integers(0, 24 * 365 * 5))
@settings(max_examples=200, deadline=None)
def test_the_local_time_of_an_hour_is_the_one_of_the_clocks_in_paris(hour):
    start = clock(1, "2019-01-01T00")[0] + HOUR * hour
    known = datetime.fromisoformat(str(start.astype("datetime64[s]"))).replace(tzinfo=UTC)
    ahead = known.astimezone(ZoneInfo("Europe/Paris")).utcoffset()
    assert ahead is not None
    expected = ahead.total_seconds() / 3600
    assert local_offsets(np.array([start]), paris_day_bounds(date(2018, 12, 1), date(2024, 2, 1)))[0] == expected


def test_a_week_before_is_the_same_hour_on_the_wall_when_the_clocks_changed():
    starts = clock(24 * 30, "2022-03-15T00")
    offsets = offsets_of(starts)[: len(starts)]
    hour_on_the_wall = ((starts + HOUR * offsets) - (starts + HOUR * offsets).astype("datetime64[D]")) // HOUR
    before = weeks_before(hour_on_the_wall.astype(float), offsets)
    known = np.isfinite(before[0])
    # The hour that was skipped has no other one at its time: the next stands for it.
    assert (before[0][known] != hour_on_the_wall[known]).sum() <= 1


def test_what_comes_after_the_last_hour_changes_nothing():
    base, rng = weekly(24 * 150)
    values = base + autoregressive(len(base), 0.9, rng)
    until = len(values) - 500
    early = made(values[:until])
    changed = values.copy()
    changed[until:] = 1e6
    again = made(changed[:until])
    np.testing.assert_array_equal(early.value, again.value)
    assert early.accuracy == again.accuracy


@pytest.mark.parametrize("seed", range(3))
def test_an_hour_of_today_forecasts_better_than_last_week_where_today_differs(seed):
    base, rng = weekly(24 * 200, seed)
    found = made(base + 3 * autoregressive(len(base), 0.98, rng))
    assert found.method == "linear"
    assert found.accuracy.used < 0.9 * found.accuracy.naive


@pytest.mark.parametrize("seed", range(3))
def test_where_last_week_says_all_that_can_be_known_it_is_used_and_said(seed):
    rng = np.random.default_rng(seed)
    values = np.zeros(24 * 250)
    for at in range(WEEK, len(values)):
        values[at] = values[at - WEEK] + rng.normal()
    found = made(values)
    assert found.method == "naive"
    assert found.accuracy.used == found.accuracy.naive


def test_nine_values_in_ten_fall_within_the_interval():
    shares, told = [], []
    for seed in range(20):
        base, rng = weekly(24 * 170, seed)
        values = base + 2 * autoregressive(len(base), 0.9, rng)
        found = made(values[:-STEPS])
        after = values[-STEPS:]
        shares.append(((after >= found.low) & (after <= found.high)).mean())
        told.append(found.accuracy.covered)
    assert 0.83 <= np.mean(shares) <= 0.96
    assert 0.83 <= np.mean(told) <= 0.96


def test_gaps_in_the_readings_are_borne():
    base, rng = weekly(24 * 170)
    values = base + autoregressive(len(base), 0.8, rng)
    values[rng.random(len(values)) < 0.15] = np.nan
    values[2000:2300] = np.nan
    found = made(values)
    assert np.isfinite(found.value).all()
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()


def test_nothing_is_said_of_a_short_or_a_silent_series():
    base, _rng = weekly(24 * 170)
    assert made(base[: backtest.LEAST - 1]) is None
    silent = base.copy()
    silent[-WEEK:] = np.nan
    assert made(silent) is None


def test_what_was_never_below_zero_is_not_forecast_below_zero():
    base, rng = weekly(24 * 170)
    found = made(np.maximum(base - 5 + autoregressive(len(base), 0.9, rng), 0.0))
    assert found.low.min() == 0.0
    assert found.value.min() >= 0.0


@pytest.mark.skipif(not CAMBRIDGE.exists(), reason="the real files are not here")
@pytest.mark.parametrize("meter", ["b0_electricity", "b4_electricity", "b22_gas"])
def test_a_real_building_is_forecast_better_than_by_its_last_week(meter):
    rows = [
        row
        for year in (2018, 2019)
        for row in list(csv.reader((CAMBRIDGE / f"{meter}_{year}.csv").read_text().splitlines()))[1:]
    ]
    values = np.array([float(row[1] or "nan") for row in rows])[: -24 * 250]
    found = made(values, "2018-01-01T00")
    assert found.accuracy.used < 0.95 * found.accuracy.naive
    assert found.method == "linear"
