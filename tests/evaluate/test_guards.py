"""The guards name what makes a saving unprovable, with its date, and leave real savings alone."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from mitoyen.evaluate import guards
from mitoyen.evaluate.baseline import DailyData, HourlyData
from mitoyen.evaluate.enums import ReasonCode, Verdict
from mitoyen.evaluate.guards_clipped import clipped
from mitoyen.evaluate.guards_reason import MENDS
from mitoyen.evaluate.guards_verdict import Assessment, assess
from mitoyen.evaluate.guards_zeros import missing_days
from tests.evaluate.made_meters import Made, electricity, heating, hours_a_day, in_bills


@dataclass(frozen=True)
class Break:
    time: np.datetime64
    kind: str
    detail: Any = ""


def assessed(meter: Made, **options: Any) -> Assessment:
    baseline, reporting = meter.years()
    return assess(baseline, reporting, meter.hours, **options)


def codes(meter: Made, **options: Any) -> list[str]:
    return [str(reason.code) for reason in assessed(meter, **options).reasons]


def the(meter: Made, code: ReasonCode, **options: Any) -> guards.Reason:
    found = [reason for reason in assessed(meter, **options).reasons if reason.code == code]
    assert found, f"no {code}"
    return found[0]


@pytest.mark.parametrize("meter", [electricity(3), heating(3), electricity(4), heating(4)])
def test_a_sound_meter_has_nothing_against_it(meter):
    assert codes(meter) == []


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.1, Verdict.PROVEN), (0.3, Verdict.PROVEN), (-0.15, Verdict.INCREASE)]
)
@pytest.mark.parametrize("meter", [electricity(5), heating(5)])
def test_a_real_saving_of_ten_to_thirty_percent_is_no_fault(meter, share, verdict):
    found = assessed(meter.change("2022-01-01", "2022-12-31", 1 - share))
    assert (found.verdict, found.reasons) == (verdict, [])


class TestUnitBreak:
    @pytest.mark.parametrize("factor", [1 / 1000, 1 / 11.6, 1 / 10, 1 / 3.6, 3.6, 10, 11.6, 1000])
    @pytest.mark.parametrize("day", ["2021-03-10", "2021-10-20", "2022-01-01", "2022-04-05", "2022-11-15"])
    @pytest.mark.parametrize("make", [electricity, heating])
    def test_is_found_wherever_it_falls_with_its_date(self, make, day, factor):
        reason = the(make(6).change(day, "2022-12-31", factor), ReasonCode.UNIT_BREAK)
        assert np.datetime64(day) - 2 <= reason.last <= np.datetime64(day) + 2
        assert reason.first <= reason.last
        assert reason.detail["factor"] == pytest.approx(factor, rel=0.2)
        assert reason.mends == "confirm_unit"

    def test_is_found_between_years_that_do_not_touch(self):
        meter = electricity(7).change("2022-03-01", "2022-12-31", 0.1)
        baseline = meter.days.between(date(2021, 1, 1), date(2021, 11, 30))
        reporting = meter.days.between(date(2022, 3, 1), date(2022, 12, 31))
        found = [reason for reason in guards.check(baseline, reporting) if reason.code == ReasonCode.UNIT_BREAK]
        assert [(str(one.first), str(one.last)) for one in found] == [("2021-12-01", "2022-03-01")]

    def test_of_some_months_is_found_too(self):
        reason = the(electricity(8).change("2022-05-01", "2022-07-31", 10), ReasonCode.UNIT_BREAK)
        assert str(reason.last) == "2022-05-01"

    @pytest.mark.parametrize("day", ["2021-06-01", "2022-02-19"])
    def test_of_a_single_day_is_a_spike(self, day):
        reason = the(electricity(8).change(day, day, 1000), ReasonCode.UNIT_BREAK)
        assert (str(reason.first), str(reason.last), reason.detail["kind"]) == (day, day, "spike")

    @pytest.mark.parametrize("make", [electricity, heating])
    def test_an_action_that_saves_more_than_half_is_not_one(self, make):
        meter = make(9).change("2022-03-01", "2022-12-31", 0.35)
        assert codes(meter, actions=[date(2022, 2, 20)]) == []

    def test_heating_switched_off_for_the_summer_is_not_one(self):
        meter = heating(10)
        off = (meter.days.temperature > 14) & np.isin(
            meter.days.day.astype("datetime64[M]").astype(int) % 12, range(4, 9)
        )
        days = replace(meter.days, energy=np.where(off, 2.0, meter.days.energy))
        baseline, reporting = Made(days, meter.hours).years()
        assert ReasonCode.UNIT_BREAK not in [reason.code for reason in guards.check(baseline, reporting)]

    def test_a_fortnight_of_holidays_is_not_one(self):
        assert codes(heating(11).change("2022-12-17", "2022-12-31", 0.15)) == []


class TestWhatAddsIsNoUnit:
    """Heating left on in summer, or a leak, lifts all hours alike; another unit multiplies them."""

    def hourly(self, meter: Made, share: np.ndarray, first: str, last: str, more: float) -> Made:
        """The meter at a share of its use in each hour of the clock, with so much more an hour from first to last."""
        counts = hours_a_day(meter.days.day)
        clock = np.concatenate([np.arange(count) for count in counts])
        inside = (meter.days.day >= np.datetime64(first)) & (meter.days.day <= np.datetime64(last))
        noise = np.random.default_rng(1).uniform(0.9, 1.1, len(clock))
        energy = meter.hours.energy * share[np.minimum(clock, 23)] + np.repeat(inside, counts) * more * noise
        days = np.add.reduceat(energy, np.concatenate([[0], np.cumsum(counts)[:-1]]))
        return Made(replace(meter.days, energy=days), replace(meter.hours, energy=energy))

    DAYTIME = np.where((np.arange(24) > 6) & (np.arange(24) < 19), 1.0, 0.02)

    def test_more_in_all_hours_for_some_weeks_is_an_increase(self):
        found = assessed(self.hourly(electricity(33), self.DAYTIME, "2022-08-01", "2022-08-29", 60.0))
        assert (found.verdict, found.reasons) == (Verdict.INCREASE, [])

    def test_more_in_all_hours_for_good_changes_the_week_and_no_unit(self):
        found = assessed(self.hourly(electricity(33), self.DAYTIME, "2022-05-12", "2022-12-31", 60.0))
        assert [(str(one.code), one.detail["kind"]) for one in found.reasons] == [("change_of_use", "week")]

    def test_a_boiler_left_on_after_weeks_near_zero(self):
        meter = self.hourly(heating(34), self.DAYTIME, "2022-08-01", "2022-08-29", 12.0)
        assert ReasonCode.UNIT_BREAK not in [reason.code for reason in assessed(meter).reasons]

    def test_a_leak_mended_with_no_action_recorded_is_a_change_and_no_saving(self):
        meter = self.hourly(electricity(35), self.DAYTIME, "2021-01-01", "2022-04-30", 60.0)
        assert [(str(one.code), one.detail["kind"]) for one in assessed(meter).reasons] == [("change_of_use", "level")]

    @pytest.mark.parametrize("factor", [1 / 1000, 1 / 3.6, 3.6, 1000])
    def test_another_unit_still_is_one(self, factor):
        meter = self.hourly(electricity(36), self.DAYTIME, "2022-01-01", "2022-01-01", 0.0)
        assert "unit_break" in codes(meter.change("2022-06-01", "2022-12-31", factor))
        if factor > 1:  # a fall for some weeks of summer can't be told from a stop
            assert "unit_break" in codes(meter.change("2022-08-01", "2022-09-15", factor))


class TestZerosForMissing:
    @pytest.mark.parametrize(("first", "last"), [("2021-12-04", "2021-12-31"), ("2022-02-01", "2022-02-20")])
    @pytest.mark.parametrize("make", [electricity, heating])
    def test_weeks_of_zeros_in_winter(self, make, first, last):
        reason = the(make(12).set(first, last, 0.0), ReasonCode.ZEROS_FOR_MISSING)
        assert (str(reason.first), str(reason.last)) == (first, last)
        assert reason.detail["period"] == ("baseline" if first < "2022" else "reporting")

    def test_electricity_does_not_stop_in_summer_either(self):
        assert "zeros_for_missing" in codes(electricity(13).set("2022-07-20", "2022-08-15", 0.0))

    def test_heating_may_stop_in_summer(self):
        meter = heating(14).set("2021-06-01", "2021-08-31", 0.0).set("2022-06-01", "2022-08-31", 0.0)
        assert codes(meter) == []

    def test_a_few_days_are_left_out_and_no_fault(self):
        meter = electricity(15).set("2022-02-01", "2022-02-03", 0.0)
        found = assessed(meter)
        assert found.reasons == []
        assert found.saving is not None
        assert found.saving.days == 362
        assert found.verdict == Verdict.NOT_SIGNIFICANT

    def test_a_night_of_zero_hours_spoils_its_day(self):
        meter = electricity(16)
        baseline, reporting = meter.years()
        spoilt = meter.hours.energy.copy()
        spoilt[9000:9012] = 0.0
        (_, clean) = guards.screened(baseline, reporting, hours=HourlyData(meter.hours.start, spoilt))
        assert 1 <= np.isnan(clean.energy).sum() <= 2

    def test_a_school_without_water_on_sundays_is_no_fault(self):
        meter = electricity(17)
        sunday = (meter.days.day.astype(int) + 3) % 7 == 6
        days = replace(meter.days, energy=np.where(sunday, 0.0, meter.days.energy))
        baseline, reporting = Made(days, meter.hours).years()
        assert not any(lost.any() for lost in missing_days([baseline, reporting], None))


class TestClipped:
    @pytest.mark.parametrize(("first", "last"), [("2022-01-01", "2022-01-31"), ("2021-02-01", "2021-03-31")])
    def test_hours_at_a_ceiling_that_others_exceed(self, first, last):
        reason = the(heating(18).ceiling(first, last, 24.5), ReasonCode.CLIPPED)
        assert reason.first >= np.datetime64(first)
        assert reason.last <= np.datetime64(last)
        assert reason.detail["value"] == 24.5
        assert reason.detail["hours"] > 24

    def test_a_coarse_meter_repeats_its_values_by_nature(self):
        meter = electricity(19)
        coarse = HourlyData(meter.hours.start, np.round(meter.hours.energy / 10) * 10)
        assert clipped(coarse) == []


class TestMeterSwap:
    def test_an_index_that_went_back_is_named(self):
        breaks = [Break(np.datetime64("2022-05-04T10:00"), "index_back", "8041 -> 3")]
        reason = the(electricity(20), ReasonCode.METER_SWAP, breaks=breaks)
        assert (str(reason.first), reason.mends) == ("2022-05-04", "record_swap")

    def test_a_recorded_swap_that_changes_nothing_is_no_fault(self):
        assert codes(electricity(21), breaks=[Break(np.datetime64("2022-05-04T10:00"), "swap")]) == []

    def test_a_recorded_swap_after_which_the_level_is_another_is(self):
        meter = electricity(22).change("2022-05-04", "2022-12-31", 1.5)
        reason = the(meter, ReasonCode.METER_SWAP, breaks=[Break(np.datetime64("2022-05-04T10:00"), "swap")])
        assert reason.detail["factor"] == pytest.approx(1.5, rel=0.1)

    def test_a_season_that_turns_around_a_swap_is_no_fault(self):
        meter = electricity(37).change("2021-05-04", "2021-09-05", 0.75).change("2022-05-04", "2022-09-05", 0.75)
        assert codes(meter, breaks=[Break(np.datetime64("2022-05-04T10:00"), "swap")]) == []

    def test_a_wrap_or_a_swap_of_another_year_is_no_fault(self):
        breaks = [Break(np.datetime64("2022-05-04"), "wrap"), Break(np.datetime64("2020-05-04"), "index_back")]
        assert codes(electricity(23), breaks=breaks) == []


class TestChangeOfUse:
    def test_half_the_use_at_once_with_no_recorded_action(self):
        reason = the(electricity(24).change("2022-04-04", "2022-12-31", 0.45), ReasonCode.CHANGE_OF_USE)
        assert np.datetime64("2022-04-02") <= reason.first <= np.datetime64("2022-04-06")
        assert reason.detail["kind"] == "level"

    def test_weekends_worked_from_now_on(self):
        meter = electricity(25)
        day = meter.days.day
        weekend = ((day.astype(int) + 3) % 7 >= 5) & (day >= np.datetime64("2022-02-01"))
        days = replace(meter.days, energy=np.where(weekend, meter.days.energy * 2.2, meter.days.energy))
        baseline, reporting = Made(days, meter.hours).years()
        (reason,) = guards.check(baseline, reporting, None, [], assessed(meter).model)
        assert (reason.code, reason.detail["kind"]) == (ReasonCode.CHANGE_OF_USE, "week")

    def test_nights_for_days(self):
        meter = electricity(26)
        later = meter.hours.start >= np.datetime64("2021-12-31T23:00")
        night = np.where(later, np.roll(meter.hours.energy, 12), meter.hours.energy)
        reason = the(Made(meter.days, HourlyData(meter.hours.start, night)), ReasonCode.CHANGE_OF_USE)
        assert reason.detail["kind"] == "day"


class TestCoverage:
    def test_too_few_days_names_the_months(self):
        meter = electricity(27).set("2022-03-01", "2022-04-20", np.nan)
        reason = the(meter, ReasonCode.LOW_COVERAGE)
        assert reason.detail["period"] == "reporting"
        assert set(reason.detail["months"]) == {"2022-03", "2022-04"}

    def test_a_summer_baseline_is_not_carried_into_winter(self):
        meter = electricity(28)
        summer = meter.days.between(date(2021, 4, 1), date(2021, 9, 30))
        winter = meter.days.between(date(2021, 10, 1), date(2021, 12, 31))
        found = assess(summer, winter)
        assert [reason.detail["kind"] for reason in found.reasons] == ["seasons_not_seen"]
        assert "2021-12" in found.reasons[0].detail["months"]
        assert found.verdict == Verdict.NOT_PROVEN

    def test_a_far_colder_year_is_not_compared(self):
        baseline, reporting = electricity(29).years()
        colder = DailyData(reporting.day, reporting.energy, reporting.temperature - 12, reporting.closed)
        kinds = [reason.detail.get("kind") for reason in assess(baseline, colder).reasons]
        assert "temperatures_not_seen" in kinds

    def test_no_weather(self):
        baseline, reporting = electricity(30).years()
        without = DailyData(reporting.day, reporting.energy, np.full(365, np.nan), reporting.closed)
        reasons = guards.check(baseline, without, None, [], assess(baseline, reporting).model)
        assert [(str(one.code), one.detail["period"]) for one in reasons] == [("no_weather", "reporting")]


def test_a_meter_that_nothing_explains_has_a_weak_model():
    meter = electricity(31)
    generator = np.random.default_rng(1)
    wild = replace(meter.days, energy=meter.days.energy * generator.lognormal(0, 0.9, len(meter.days.day)))
    found = assess(*Made(wild, meter.hours).years())
    (reason,) = [one for one in found.reasons if one.code == ReasonCode.WEAK_MODEL]
    assert reason.detail["cvrmse"] > reason.detail["limit"] == 0.5


@pytest.mark.parametrize("make", [electricity, heating])
def test_bills_have_nothing_against_them(make):
    baseline, reporting = make(32).years()
    assert assess(in_bills(baseline), in_bills(reporting)).reasons == []
    assert assess(in_bills(baseline), reporting).reasons == []


def test_every_reason_says_what_mends_it():
    meters = [heating(12).set("2021-12-04", "2021-12-31", 0.0), electricity(6).change("2022-04-05", "2022-12-31", 10)]
    for meter in meters:
        for reason in assessed(meter).reasons:
            assert reason.mends in MENDS
    assert set(ReasonCode.values) == {"unit_break", "meter_swap", "zeros_for_missing", "clipped", "low_coverage",
                                      "weak_model", "change_of_use", "no_weather", "other_unit"}  # fmt: skip
