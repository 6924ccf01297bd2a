"""Zeros written over a meter's readings are found however many there are, and true zeros are left alone."""

from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import pytest

from mitoyen.evaluate import guards
from mitoyen.evaluate.baseline import DailyData, HourlyData
from mitoyen.evaluate.calendar import local_days
from mitoyen.evaluate.enums import ReasonCode, Verdict
from mitoyen.evaluate.guards_verdict import Assessment, assess
from mitoyen.evaluate.guards_zeros import missing_days
from mitoyen.evaluate.study_meters import days_of
from tests.evaluate.made_meters import Made, electricity, heating

SPELLS = {"hours": (1, 6), "days": (12, 96), "weeks": (168, 504)}
SHARES = (0.02, 0.05, 0.1, 0.22, 0.4, 0.6)
WHERE = ("baseline", "reporting", "both")


def planted(meter: Made, share: float, spell: tuple[int, int], where: str, seed: int) -> Made:
    """The meter with zeros over a share of a period's hours, in spells of so many hours that begin at any hour."""
    generator = np.random.default_rng(seed)
    of_day = local_days(meter.hours.start, meter.hours.timezone)
    later = of_day >= meter.days.day[0] + 365
    inside = {"baseline": ~later, "reporting": later, "both": np.ones(len(later), bool)}[where]
    places = np.flatnonzero(inside)
    hit = np.zeros(len(later), bool)
    while hit.sum() < share * len(places):
        start = int(generator.choice(places))
        hit[start : start + int(generator.integers(spell[0], spell[1] + 1))] = True
        hit &= inside
    return with_hours(meter, np.where(hit & np.isfinite(meter.hours.energy), 0.0, meter.hours.energy))


def with_hours(meter: Made, energy: np.ndarray) -> Made:
    """The meter with other hours, and its days with them."""
    hours = replace(meter.hours, energy=energy)
    place = (local_days(hours.start, hours.timezone) - meter.days.day[0]).astype(int)
    inside = (place >= 0) & (place < len(meter.days.day)) & np.isfinite(energy)
    sums = np.bincount(place[inside], energy[inside], len(meter.days.day))
    return Made(replace(meter.days, energy=np.where(np.isfinite(meter.days.energy), sums, np.nan)), hours)


def at_0(meter: Made, days: np.ndarray) -> Made:
    """The meter truly at 0 on these days."""
    place = (local_days(meter.hours.start, meter.hours.timezone) - meter.days.day[0]).astype(int)
    return with_hours(meter, np.where(days[place], 0.0, meter.hours.energy))


def years(meter: Made) -> tuple[DailyData, DailyData]:
    first = int(str(meter.days.day[0])[:4])
    before, after = (meter.days.between(date(year, 1, 1), date(year, 12, 31)) for year in (first, first + 1))
    return before, after


def assessed(meter: Made) -> Assessment:
    return assess(*years(meter), meter.hours)


def claims_falsely(meter: Made, clean: Verdict) -> bool:
    """A saving or increase is called proven that the meter's own readings don't prove."""
    verdict = assessed(meter).verdict
    return verdict in (Verdict.PROVEN, Verdict.INCREASE) and verdict != clean


def dates(meter: Made, first: str, last: str) -> np.ndarray:
    """Days between two dates of every year, as month and day."""
    name = np.array([str(day)[5:] for day in meter.days.day])
    return (name >= first) & (name <= last) if first <= last else (name >= first) | (name <= last)


@pytest.mark.parametrize("spell", SPELLS)
@pytest.mark.parametrize("share", [0.1, 0.22, 0.4, 0.6])
@pytest.mark.parametrize("make", [electricity, heating])
def test_scattered_zeros_are_found_however_common(make, share, spell):
    meter = planted(make(41), share, SPELLS[spell], "reporting", seed=round(100 * share))
    found = assessed(meter)
    assert found.verdict == Verdict.NOT_PROVEN
    assert ReasonCode.ZEROS_FOR_MISSING in [reason.code for reason in found.reasons]


@pytest.mark.parametrize("where", WHERE)
def test_two_of_five_readings_at_0_are_found_in_either_period(where):
    found = assessed(planted(heating(42), 0.4, SPELLS["days"], where, seed=7))
    periods = {one.detail["period"] for one in found.reasons if one.code == ReasonCode.ZEROS_FOR_MISSING}
    assert periods == ({"baseline", "reporting"} if where == "both" else {where})


def test_another_unit_among_zeros_is_found_all_the_same():
    meter = planted(electricity(51).change("2022-04-01", "2022-12-31", 1000), 0.6, SPELLS["days"], "both", seed=2)
    codes = {str(reason.code) for reason in assessed(meter).reasons}
    assert {"unit_break", "zeros_for_missing"} <= codes


def test_single_hours_at_0_are_found_too():
    found = assessed(planted(electricity(43), 0.05, (1, 1), "reporting", seed=3))
    assert next(str(reason.code) for reason in found.reasons) == "zeros_for_missing"


def test_days_at_0_are_found_without_hours():
    meter = planted(heating(44), 0.4, SPELLS["days"], "reporting", seed=5)
    reasons = guards.check(*years(meter))
    assert ReasonCode.ZEROS_FOR_MISSING in [reason.code for reason in reasons]


@pytest.mark.parametrize(
    ("make", "first", "last"),
    [(heating, "05-01", "09-30"), (heating, "08-01", "08-25"), (electricity, "08-01", "08-21"),
     (electricity, "12-22", "01-03"), (heating, "12-22", "01-03"),
     (electricity, "02-10", "02-21"), (heating, "02-10", "02-21")],
)  # fmt: skip
def test_what_rests_at_the_same_dates_each_year_is_no_fault(make, first, last):
    meter = make(45)
    assert alarms(at_0(meter, dates(meter, first, last))) == 0


@pytest.mark.parametrize("make", [electricity, heating])
def test_a_recorded_closure_is_no_fault(make):
    meter = make(46)
    shut = (meter.days.day >= np.datetime64("2022-02-12")) & (meter.days.day <= np.datetime64("2022-02-27"))
    closed = at_0(meter, shut)
    assert alarms(closed) > 11
    assert alarms(Made(replace(closed.days, closed=closed.days.closed | shut), closed.hours)) == 0


@pytest.mark.parametrize("make", [electricity, heating])
def test_weekends_and_nights_at_0_are_no_fault(make):
    meter = make(47)
    weekday = (meter.days.day.astype(int) + 3) % 7
    clock = meter.hours.start.astype("datetime64[h]").astype(int) % 24
    assert alarms(at_0(meter, weekday >= 5)) == 0
    assert alarms(with_hours(meter, np.where((clock < 5) | (clock > 19), 0.0, meter.hours.energy))) == 0


@pytest.mark.parametrize("make", [electricity, heating])
def test_weeks_closed_from_weekend_to_weekend_are_no_fault(make):
    meter = make(48)
    mondays = ["2021-02-08", "2021-03-29", "2021-07-12", "2021-10-18", "2022-01-31", "2022-04-18", "2022-11-07"]
    shut = np.zeros(len(meter.days.day), bool)
    for monday in mondays:
        apart = (meter.days.day - np.datetime64(monday)).astype(int)
        shut |= (apart >= -2) & (apart <= 6)
    assert alarms(at_0(meter, shut)) == 0


def test_quiet_nights_before_a_leak_are_no_fault():
    meter = electricity(49)
    clock = meter.hours.start.astype("datetime64[h]").astype(int) % 24
    quiet = with_hours(meter, np.where((clock < 6) | (clock > 17), 0.0, meter.hours.energy))
    leaks = meter.hours.start >= np.datetime64("2022-01-10")
    assert alarms(with_hours(quiet, quiet.hours.energy + np.where(leaks, 3.0, 0.0))) == 0


def alarms(meter: Made) -> int:
    """Days lost in the period that loses most: above 11 (3 %), the guard fails."""
    lost = max(int(days.sum()) for days in missing_days(years(meter), meter.hours))
    return lost if lost > 11 else 0


def cambridge(folder, building: str) -> Made:
    return Made(*days_of(folder / "energy" / "cambridge", f"{building}_electricity", (2017, 2018), "Europe/Paris"))


@pytest.mark.parametrize("building", ["b0", "b4", "b22"])
def test_zeros_over_the_real_meters_never_prove_anything(real_data, building):
    meter = cambridge(real_data, building)
    clean = assessed(meter).verdict
    for share, spell in product((0.1, 0.4), SPELLS.values()):
        assert assessed(planted(meter, share, spell, "reporting", seed=1)).verdict == Verdict.NOT_PROVEN
    assert clean == Verdict.PROVEN


@pytest.mark.long
@pytest.mark.parametrize("share", SHARES)
def test_study_of_planted_zeros(real_data, share):
    """Six made meters and three real ones, three spells, three places: no false claim, nearly all named."""
    meters = [make(seed) for make in (electricity, heating) for seed in (101, 102, 103)]
    meters += [cambridge(real_data, building) for building in ("b0", "b4", "b22")]
    named = false = count = 0
    for number, meter in enumerate(meters):
        clean = assessed(meter).verdict
        for (length, spell), where in product(SPELLS.items(), WHERE):
            spoilt = planted(meter, share, spell, where, seed=1000 * number + len(length) + 10 * len(where))
            named += any(one.code == ReasonCode.ZEROS_FOR_MISSING for one in assessed(spoilt).reasons)
            false += claims_falsely(spoilt, clean)
            count += 1
    print(f"{share:.0%} zeros: named on {named} of {count}, false claims {false}")
    assert false <= 0.02 * count
    if share >= 0.1:
        assert named >= 0.97 * count


def test_hours_of_another_zone_are_fine():
    meter = electricity(50)
    hours = HourlyData(meter.hours.start, meter.hours.energy, timezone="UTC")
    assert not any(days.any() for days in missing_days(years(meter), hours))
