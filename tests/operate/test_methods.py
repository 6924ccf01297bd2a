"""What each method sees in hours made by hand, and what it leaves alone."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.history.models import Datastream
from mitoyen.manifests.registry import usages
from mitoyen.manifests.schema import Season
from mitoyen.operate.hours import week
from mitoyen.operate.meter import MeterView
from mitoyen.operate.methods import closed_hours, in_season, night_floor, out_of_season
from mitoyen.territory.models import Thing

FIRST, LAST = dt.date(2025, 1, 1), dt.date(2025, 12, 31)
DAYS = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
DAY, HOUR = np.repeat(DAYS, 24), np.tile(np.arange(24), len(DAYS))
OPEN = week("Mo-Fr 08:00-18:00")[(DAY.astype(np.int64) + 3) % 7, HOUR]
WINTER = in_season(DAY, Season("11-01", "03-31"))
RULES = {rule.name: rule for rule in usages()["buildings"].rules}


def meter(amount, unit="kWh", is_open=OPEN, warm=20.0, cold=5.0) -> MeterView:
    """A meter whose year is known; warm outside from June to mid-September."""
    summer = in_season(DAYS, Season("06-01", "09-15"))
    outside = dict(zip(DAYS, np.where(summer, warm, cold).tolist(), strict=True))
    return MeterView(Datastream(), Thing(), unit, FIRST, LAST, DAY, HOUR, np.asarray(amount, float), is_open, outside)


def heating(closed_share):
    return np.where(WINTER, np.where(OPEN, 40.0, 40.0 * closed_share), 0.5)


def test_heating_that_is_not_lowered_is_seen_with_what_it_costs_above_a_setback():
    hit = closed_hours(RULES["heating_closed_hours"], meter(heating(1.0)))
    assert hit is not None
    assert hit.sure
    assert hit.facts["percent"] == pytest.approx(100)
    closed = hit.facts["closed_hours"]
    assert hit.amount == pytest.approx((1 - 0.65) * 40 * closed, rel=0.01)
    assert len(hit.evidence["series"]["measured"]) == 168


def test_heating_with_a_setback_is_left_alone():
    assert closed_hours(RULES["heating_closed_hours"], meter(heating(0.6))) is None


def test_a_small_excess_is_not_worth_a_finding():
    assert closed_hours(RULES["heating_closed_hours"], meter(heating(1.0) / 100)) is None


def test_without_opening_hours_nothing_is_said():
    assert closed_hours(RULES["heating_closed_hours"], meter(heating(1.0), is_open=None)) is None


def test_half_the_hours_missing_change_nothing_of_the_yearly_stake():
    whole = closed_hours(RULES["heating_closed_hours"], meter(heating(1.0)))
    holes = heating(1.0)
    holes[DAY.astype(np.int64) % 2 == 0] = np.nan
    half = closed_hours(RULES["heating_closed_hours"], meter(holes))
    assert whole is not None
    assert half is not None
    assert half.amount == pytest.approx(whole.amount, rel=0.03)


def test_heating_left_on_in_august_is_seen_hot_water_is_not():
    amount = np.where(WINTER, 40.0, 1.0)
    assert out_of_season(RULES["heating_out_of_season"], meter(amount)) is None
    august = (np.datetime64("2025-08-04") <= DAY) & (np.datetime64("2025-08-24") >= DAY)
    hit = out_of_season(RULES["heating_out_of_season"], meter(np.where(august, 16.0, amount)))
    assert hit is not None
    assert (hit.first, hit.last) == (dt.date(2025, 8, 4), dt.date(2025, 8, 24))
    assert hit.amount == pytest.approx(21 * 24 * 15)
    assert hit.facts["days"] == 21


def test_heating_on_a_cold_june_is_in_order():
    june = (np.datetime64("2025-06-01") <= DAY) & (np.datetime64("2025-06-20") >= DAY)
    amount = np.where(WINTER, 40.0, np.where(june, 16.0, 1.0))
    assert out_of_season(RULES["heating_out_of_season"], meter(amount, warm=12.0)) is None


def test_more_in_august_than_in_january_is_a_change_of_unit_not_heating():
    august = (np.datetime64("2025-08-04") <= DAY) & (np.datetime64("2025-08-24") >= DAY)
    amount = np.where(WINTER, 40.0, np.where(august, 16_000.0, 1.0))
    assert out_of_season(RULES["heating_out_of_season"], meter(amount)) is None


def taps():
    return np.where(OPEN, 0.8, 0.0)


def test_a_leak_is_seen_from_its_first_night_with_its_flow():
    leaking = np.datetime64("2025-11-11") <= DAY
    hit = night_floor(RULES["night_water"], meter(taps() + 0.09 * leaking, "m3"))
    assert hit is not None
    assert hit.first == dt.date(2025, 11, 11)
    assert hit.amount == pytest.approx(0.09 * 24 * 365)
    assert hit.facts["litres"] == pytest.approx(90)


@pytest.mark.parametrize(
    "leaking",
    [
        np.zeros(len(DAY), bool),
        (np.datetime64("2025-05-01") <= DAY) & (np.datetime64("2025-08-01") > DAY),
        np.datetime64("2025-12-28") <= DAY,
    ],
    ids=["no leak", "a leak that was mended", "a leak of four nights"],
)
def test_water_that_stops_or_only_just_began_is_left_alone(leaking):
    assert night_floor(RULES["night_water"], meter(taps() + 0.09 * leaking, "m3")) is None


def test_a_cistern_that_fills_in_some_nights_is_no_leak():
    cistern = (DAY.astype(np.int64) % 2 == 0) & (HOUR == 3)
    assert night_floor(RULES["night_water"], meter(taps() + 0.09 * cistern, "m3")) is None


def test_a_season_may_run_over_new_year():
    days = np.array(["2024-10-31", "2024-11-01", "2025-01-01", "2025-03-31", "2025-04-01"], "M8[D]")
    assert in_season(days, Season("11-01", "03-31")).tolist() == [False, True, True, True, False]
    assert in_season(days, Season("01-01", "10-31")).tolist() == [True, False, True, True, True]
    assert in_season(days, None).all()
