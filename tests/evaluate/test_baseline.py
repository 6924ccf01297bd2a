"""The baseline models: what they learn, that they go through JSON, and what must not change them."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.evaluate.baseline import CannotFitError, DailyData, Floats, HourlyData, fit, model_from
from mitoyen.evaluate.baseline_features import is_year_end
from mitoyen.evaluate.baseline_hourly import fit_hours, hourly_model_from
from mitoyen.evaluate.uncertainty import saving
from tests.evaluate.made_meters import electricity, heating, hours_a_day, in_bills


@pytest.fixture(scope="module")
def gas():
    return heating(1, noise=0.03).years()


@pytest.fixture(scope="module")
def office():
    return electricity(1, noise=0.03).years()


@pytest.fixture(scope="module")
def billed(gas):
    return in_bills(gas[0])


@pytest.fixture(scope="module")
def hours():
    """Two years of an office's hours, each with its day's temperature."""
    meter = electricity(3)
    counts = hours_a_day(meter.days.day)
    temperature, closed = np.repeat(meter.days.temperature, counts), np.repeat(meter.days.closed, counts)
    return replace(meter.hours, temperature=temperature, closed=closed)


def only(hours: HourlyData, keep) -> HourlyData:
    assert hours.temperature is not None
    assert hours.closed is not None
    return HourlyData(
        hours.start[keep], hours.energy[keep], hours.temperature[keep], hours.closed[keep], hours.timezone
    )


def predicted(model, data: DailyData) -> Floats:
    expected: Floats = model.predict(data.day, data.temperature, data.closed)
    return expected


class TestDaily:
    def test_finds_the_heating_and_its_slope(self, gas):
        model = fit(gas[0])
        assert model.method == "daily"
        assert abs(model.parameters["heat"] - 16) <= 2
        slope = dict(zip(model.parameters["features"], model.parameters["coefficients"], strict=True))
        heat = next(name for name in slope if name.startswith("heat") and ":" not in name)
        assert slope[heat] == pytest.approx(45, rel=0.15)

    def test_keeps_open_and_closed_days_apart(self, office):
        model = fit(office[0])
        day = np.array(["2022-05-03", "2022-05-07"], "datetime64[D]")  # a Tuesday and a Saturday
        open_day, off = model.predict(day, np.array([17.0, 17.0]), np.zeros(2, bool))
        holiday = model.predict(day[:1], np.array([17.0]), np.ones(1, bool))[0]
        assert open_day == pytest.approx(400, rel=0.05)
        assert off == pytest.approx(200, rel=0.1)
        assert holiday == pytest.approx(200, rel=0.1)

    def test_is_nearly_as_sharp_on_weeks_it_has_not_seen(self, office):
        model = fit(office[0])
        assert model.cvrmse < 0.04
        assert model.cvrmse_held_out < 1.25 * model.cvrmse

    def test_foretells_the_next_year(self, gas):
        expected = predicted(fit(gas[0]), gas[1]).sum()
        assert expected == pytest.approx(gas[1].energy.sum(), rel=0.02)

    def test_noise_alone_gets_the_simplest_model(self):
        generator = np.random.default_rng(5)
        office = electricity(2).years()[0]
        flat = replace(office, energy=100 + generator.normal(0, 5, len(office.day)))
        model = fit(flat)
        assert len(model.parameters["features"]) <= 3
        assert model.parameters["harmonics"] == 0

    def test_predicts_the_same_through_json(self, office):
        model = fit(office[0])
        again = model_from(json.loads(json.dumps(model.parameters)))
        assert np.array_equal(predicted(again, office[1]), predicted(model, office[1]))
        assert (again.method, again.version, again.cvrmse) == (model.method, model.version, model.cvrmse)

    def test_no_temperature_no_prediction(self, gas):
        model = fit(gas[0])
        assert np.isnan(model.predict(gas[1].day[:2], np.array([5.0, np.nan]), np.zeros(2, bool))).tolist() == [
            False,
            True,
        ]

    def test_without_any_weather_only_the_calendar_is_used(self, office):
        model = fit(replace(office[0], temperature=np.full(365, np.nan)))
        assert model.parameters["heat"] is None
        assert np.isfinite(model.predict(office[1].day, np.full(365, np.nan), office[1].closed)).all()


class TestLittleData:
    def test_half_a_year_gets_the_degree_day_regression(self, gas):
        model = fit(gas[0].between(date(2021, 1, 1), date(2021, 7, 15)))
        assert model.method == "degree_day"
        assert model.parameters["harmonics"] == 0

    def test_under_thirty_days_nothing(self, gas):
        with pytest.raises(CannotFitError, match="29 usable days"):
            fit(gas[0].between(date(2021, 1, 1), date(2021, 1, 29)))

    @pytest.mark.parametrize("scale", [1e300, 1e-300])
    def test_amounts_that_no_meter_counts_nothing(self, gas, scale):
        with pytest.raises(CannotFitError, match="no amount"):
            fit(replace(gas[0], energy=gas[0].energy * scale))

    def test_no_energy_at_all_nothing(self, gas):
        with pytest.raises(CannotFitError):
            fit(replace(gas[0], energy=np.full(365, np.nan)))


class TestBills:
    def test_days_that_repeat_each_other_are_taken_for_bills(self, billed):
        assert fit(billed).method == "billing"

    def test_numbered_bills_are_the_same_bills(self, billed):
        numbered = replace(billed, bill=billed.day.astype("datetime64[M]").astype(np.int64))
        assert fit(numbered).parameters["coefficients"] == fit(billed).parameters["coefficients"]

    def test_twelve_bills_foretell_the_next_year_within_their_interval(self):
        covered = 0
        for seed in range(20):
            baseline, reporting = heating(seed, noise=0.1).years()
            bills = in_bills(baseline)
            found = saving(fit(bills), bills, reporting)
            assert found.value == pytest.approx(0, abs=0.05 * found.expected)
            covered += found.low < 0 < found.high
        assert covered >= 17

    def test_eight_bills_are_too_few(self, billed):
        with pytest.raises(CannotFitError, match="8 bills"):
            fit(billed.between(date(2021, 1, 1), date(2021, 8, 31)))


class TestHourly:
    def test_knows_the_hours_of_the_week(self, hours):
        first = hours.start < np.datetime64("2021-12-31T23:00")
        model = fit_hours(only(hours, first))
        rest = only(hours, ~first)
        assert model.cvrmse < 0.12
        assert np.nansum(model.predict(rest)) == pytest.approx(np.nansum(rest.energy), rel=0.02)
        again = hourly_model_from(json.loads(json.dumps(model.parameters)))
        assert np.array_equal(again.predict(rest), model.predict(rest))

    def test_states_its_saving_with_its_interval(self, hours):
        from mitoyen.evaluate.uncertainty_hourly import hourly_saving

        first = hours.start < np.datetime64("2021-12-31T23:00")
        baseline, rest = only(hours, first), only(hours, ~first)
        less = replace(rest, energy=rest.energy * 0.85)
        found = hourly_saving(fit_hours(baseline), baseline, less)
        assert found.low < 0.15 * rest.energy.sum() < found.high
        assert found.low > 0

    def test_five_weeks_are_too_few(self, hours):
        with pytest.raises(CannotFitError):
            fit_hours(only(hours, hours.start < np.datetime64("2021-02-04")))

    def test_needs_the_temperature(self, hours):
        with pytest.raises(ValueError, match="temperatures"):
            fit_hours(HourlyData(hours.start, hours.energy))


def test_the_year_ends_from_christmas_to_new_year():
    day = np.array(["2021-12-22", "2021-12-23", "2022-01-02", "2022-01-03"], "datetime64[D]")
    assert is_year_end(day).tolist() == [False, True, True, False]


SMALL = settings(max_examples=12, deadline=None)


class TestWhatMustNotMatter:
    @SMALL
    @given(st.floats(1e-4, 1e6))
    def test_the_unit(self, scale):
        baseline, reporting = electricity(4).years()
        kwh = saving(fit(baseline), baseline, reporting)
        other = [replace(one, energy=one.energy * scale) for one in (baseline, reporting)]
        scaled = saving(fit(other[0]), *other)
        assert (scaled.value, scaled.low, scaled.high) == pytest.approx(
            (kwh.value * scale, kwh.low * scale, kwh.high * scale), rel=1e-6
        )

    @SMALL
    @given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.08))
    def test_days_missing_at_random(self, seed, share):
        baseline, reporting = heating(4).years()
        whole = saving(fit(baseline), baseline, reporting)
        lost = np.random.default_rng(seed).random(365) < share
        holed = baseline.without(lost)
        some = saving(fit(holed), holed, reporting)
        assert abs(some.value - whole.value) < 0.5 * whole.half_width

    @SMALL
    @given(st.integers(0, 2**32 - 1))
    def test_the_order_of_the_days(self, seed):
        baseline, reporting = electricity(5).years()
        order = np.random.default_rng(seed).permutation(365)
        shuffled = baseline.only(order)
        model, again = fit(baseline), fit(shuffled)
        assert predicted(again, reporting) == pytest.approx(predicted(model, reporting), rel=1e-9)

    def test_a_reporting_day_more_or_less(self, office):
        model = fit(office[0])
        part = saving(model, office[0], office[1].between(date(2022, 1, 1), date(2022, 6, 30)))
        rest = saving(model, office[0], office[1].between(date(2022, 7, 1), date(2022, 12, 31)))
        whole = saving(model, office[0], office[1])
        assert part.value + rest.value == pytest.approx(whole.value)
