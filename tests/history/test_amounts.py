"""From values to amounts: powers over their own interval, counters differenced, bills spread, days of 23 hours."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.history import read, rollups
from mitoyen.history.amounts import intervals, wrap_of
from mitoyen.history.daily import binned, spread
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.rules import Rule, Served
from mitoyen.history.times import paris_day_bounds, paris_day_of
from mitoyen.territory.models import Deployment, Device
from tests.history.conftest import brought, hours

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = 3600


def rule(kind: str, unit: str, *served: Served, wraps_at: float | None = None) -> Rule:
    return Rule(1, kind, unit, wraps_at, served)


def times(*hours: float) -> np.ndarray:
    return np.array([np.datetime64("2024-01-01", "us") + np.timedelta64(round(h * 3600), "s") for h in hours])


def counted(index: list[float], one: Rule | None = None):
    at = times(*range(len(index)))
    return intervals(one or rule("counter", "kWh"), at, np.zeros(len(index), np.int32), np.array(index, float))


def test_power_counts_over_each_reading_s_own_interval():
    length = np.array([1800, 1800, 3600], np.int32)
    made = intervals(rule("power", "W"), times(0.5, 1, 2), length, np.array([1000.0, 2000.0, 3000.0]))
    np.testing.assert_allclose(made.amount, [0.5, 1.0, 3.0])


def test_energy_in_megajoules_comes_in_kwh_and_litres_in_m3():
    length = np.array([HOUR], np.int32)
    assert intervals(rule("delta", "MJ"), times(1), length, np.array([3.6])).amount[0] == pytest.approx(1.0)
    assert intervals(rule("delta", "L"), times(1), length, np.array([250.0])).amount[0] == pytest.approx(0.25)


def test_a_counter_is_differenced():
    made = counted([100.0, 103.0, 103.0, 110.0])
    assert made.amount.tolist() == [3.0, 0.0, 7.0]
    assert made.breaks == []


def test_an_index_that_goes_back_is_never_a_negative_consumption():
    made = counted([500.0, 501.0, 20.0, 22.0])
    assert made.amount.tolist() == [1.0, 2.0]
    assert [(b.kind, b.detail["lost"]) for b in made.breaks] == [("index_back", True)]


def test_a_lone_wrong_reading_is_passed_over():
    made = counted([500.0, 501.0, 0.0, 503.0, 504.0])
    assert made.amount.tolist() == [1.0, 2.0, 1.0]
    assert [(b.kind, b.detail["lost"]) for b in made.breaks] == [("index_back", False)]


@pytest.mark.parametrize("wraps_at", [None, 99_999.0, 100_000.0])
def test_a_wrap_loses_nothing(wraps_at):
    made = counted([99_990.0, 99_995.0, 99_999.0, 3.0, 6.0], rule("counter", "kWh", wraps_at=wraps_at))
    assert made.amount.tolist() == [5.0, 4.0, 4.0, 3.0]
    assert [b.kind for b in made.breaks] == ["wrap"]


def test_what_is_no_roll_over_is_not_taken_for_one():
    assert wrap_of(None, 54_321.0, 12.0) is None
    assert wrap_of(None, 99_990.0, 54_321.0) is None
    assert wrap_of(None, 99.0, 1.0) is None


def swapped(last: float | None, first: float | None) -> Rule:
    old = Served(np.datetime64("2023-01-01", "us"), times(1.5)[0], 1.0, 0.0, None, last)
    return rule("counter", "kWh", old, Served(times(1.5)[0], None, 10.0, 0.0, first, None))


def test_a_swap_with_known_indexes_loses_nothing():
    made = counted([500.0, 501.0, 2.0, 3.0], swapped(502.0, 1.5))
    np.testing.assert_allclose(made.amount, [1.0, 1.0 + 0.5 * 10, 10.0])
    assert [(b.kind, b.detail["lost"]) for b in made.breaks] == [("swap", False)]


def test_a_swap_with_unknown_indexes_leaves_its_interval_out():
    made = counted([500.0, 501.0, 2.0, 3.0], swapped(None, None))
    np.testing.assert_allclose(made.amount, [1.0, 10.0])
    assert [(b.kind, b.detail["lost"]) for b in made.breaks] == [("swap", True)]


@given(
    st.lists(st.floats(0, 1e5, allow_nan=False), min_size=2, max_size=40),
    st.one_of(st.none(), st.floats(10, 1e6)),
)
def test_no_counter_ever_makes_a_negative_amount(index, wraps_at):
    made = counted(index, rule("counter", "kWh", wraps_at=wraps_at))
    assert (made.amount >= 0).all()


spans = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 3_000), st.floats(0, 1e6)), min_size=1, max_size=30)


@given(spans)
def test_spreading_over_days_keeps_the_sum(given_spans):
    start = times(*(float(s[0]) for s in given_spans))
    end = start + np.array([s[1] for s in given_spans]) * np.timedelta64(1, "h")
    bounds = paris_day_bounds(date(2023, 12, 31), date(2024, 9, 1))
    amount = np.array([s[2] for s in given_spans])
    total = spread(start, end.astype("datetime64[us]"), amount, bounds)
    assert total.sum() == pytest.approx(amount.sum(), rel=1e-9, abs=1e-6)
    assert (total >= 0).all()


def test_a_bill_of_two_months_is_spread_over_its_days():
    bounds = paris_day_bounds(date(2024, 3, 1), date(2024, 4, 30))
    made = intervals(
        rule("delta", "kWh"), bounds[-1:], np.array([(bounds[-1] - bounds[0]).astype(int) // 10**6], np.int32),
        np.array([1463.0]),
    )  # fmt: skip
    days = binned(rule("delta", "kWh"), made, bounds)
    np.testing.assert_allclose(days.amount[:30], 24.0)
    assert days.amount[30] == pytest.approx(23.0)  # 31 March 2024 is an hour short
    assert days.covered_s[30] == 23 * 3600


@pytest.mark.parametrize(("day", "length"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 6, 1), 24)])
def test_days_have_23_24_or_25_hours(day, length):
    low, high = paris_day_bounds(day, day)
    assert (high - low) == np.timedelta64(length, "h")
    inside = np.arange(low, high, np.timedelta64(900, "s")).astype("datetime64[us]")
    assert set(paris_day_of(inside).tolist()) == {day}
    assert len(inside) == length * 4


@given(st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31)))
def test_every_instant_lies_in_the_day_that_paris_clocks_show(moment):
    from mitoyen.history.times import PARIS

    expected = moment.replace(tzinfo=UTC).astimezone(PARIS).date()
    assert paris_day_of(np.array([moment], "datetime64[us]"))[0].astype(object) == expected


@pytest.mark.django_db(transaction=True)
def test_counters_and_swaps_give_the_same_days_from_rollups(hall):
    water = datastream_for(hall, "water", "m3", "counter")
    first, second = (Device.objects.create(serial=name) for name in ("a", "b"))
    at = START + timedelta(days=40, hours=6)
    Deployment.objects.create(
        device=first, thing=hall, observed_property="water", starts=START, ends=at, last_index=1041.0
    )
    Deployment.objects.create(device=second, thing=hall, observed_property="water", starts=at, first_index=0.0)
    before = [(water.pk, START + timedelta(days=i), 0, 1000.0 + i, 0) for i in range(41)]
    after = [(water.pk, START + timedelta(days=41 + i), 0, 0.5 + i, 0) for i in range(30)]
    brought(before + after)
    days = (date(2024, 1, 1), date(2024, 3, 15))
    stored, computed = (f([water], *days)[water.pk] for f in (read.daily, read.daily_from_readings))
    np.testing.assert_allclose(stored.amount, computed.amount, rtol=1e-12)
    assert np.nansum(stored.amount) == pytest.approx(41.0 + 29.5)
    assert [one.kind for one in read.breaks(water)] == ["swap"]


@pytest.mark.django_db(transaction=True)
def test_a_new_deployment_makes_the_stored_days_of_its_datastream_obsolete(hall, electricity):
    brought(hours(electricity, START, [1.0] * 48))
    Deployment.objects.create(
        device=Device.objects.create(serial="ct"),
        thing=hall,
        observed_property="electricity",
        starts=START,
        factor=40.0,
    )
    got = read.daily([electricity], date(2024, 1, 1), date(2024, 1, 2))[electricity.pk]
    assert np.nansum(got.amount[1]) == 24 * 40.0
    ((_insee, _property, _month, amount),) = rollups.monthly_by_commune(date(2024, 1, 2), date(2024, 1, 2))
    assert amount == 24 * 40.0


@pytest.mark.django_db(transaction=True)
def test_amounts_are_cut_at_the_bounds_asked_for(electricity):
    brought(hours(electricity, START, [4.0, 8.0]))
    got = read.amounts(electricity, START + timedelta(minutes=30), START + timedelta(minutes=90))
    assert got.amount.tolist() == [2.0, 4.0]


@pytest.mark.django_db(transaction=True)
def test_a_gauge_has_a_mean_and_holds_for_six_hours_at_most(hall):
    outside = datastream_for(hall, "temperature", "Cel", "gauge")
    brought([(outside.pk, START + timedelta(hours=h), 0, float(h), 0) for h in (1, 4, 7, 22)])
    got = read.daily([outside], date(2024, 1, 1), date(2024, 1, 1))[outside.pk]
    assert (got.mean[0], got.minimum[0], got.maximum[0], got.count[0]) == (8.5, 1.0, 22.0, 4)
    assert got.covered_s[0] == (3 + 3 + 6) * 3600
    assert np.isnan(got.amount[0])


settings.register_profile("history", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.load_profile("history")
