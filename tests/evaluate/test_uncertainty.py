"""The 90 % interval and the verdict."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from mitoyen.evaluate.baseline import fit
from mitoyen.evaluate.enums import ReasonCode, Verdict
from mitoyen.evaluate.guards_reason import Reason
from mitoyen.evaluate.guards_verdict import assess, verdict
from mitoyen.evaluate.uncertainty import (
    Saving,
    autocorrelation,
    fixed_share_quantile,
    long_run_variance,
    saving,
    t_quantile,
)
from tests.evaluate.made_meters import electricity


def stated(value: float, half: float) -> Saving:
    return Saving(value, value - half, value + half, 1000.0, 1000.0 - value, 365, 1.0)


@pytest.mark.parametrize(("freedom", "table"), [(3, 2.353), (5, 2.015), (10, 1.812), (30, 1.697), (1e9, 1.645)])
def test_students_t_as_in_the_tables(freedom, table):
    assert t_quantile(0.95, freedom) == pytest.approx(table, abs=0.002)


def test_the_critical_value_grows_with_the_share_of_the_sample_looked_at():
    assert fixed_share_quantile(0) == pytest.approx(1.645, abs=1e-3)
    assert fixed_share_quantile(56 / 365) == pytest.approx(1.985, abs=0.005)


def test_autocorrelation_of_a_series_that_keeps_seven_tenths():
    generator = np.random.default_rng(1)
    errors = generator.normal(size=20_000)
    for k in range(1, len(errors)):
        errors[k] += 0.7 * errors[k - 1]
    assert autocorrelation(errors) == pytest.approx(0.7, abs=0.03)
    assert long_run_variance(errors, 100) == pytest.approx(1 / 0.3**2, rel=0.15)
    assert long_run_variance(generator.normal(size=20_000), 56) == pytest.approx(1, rel=0.15)


class TestInterval:
    def test_states_what_it_rests_on(self):
        baseline, reporting = electricity(1).years()
        found = saving(fit(baseline), baseline, reporting)
        assert found.value == pytest.approx(found.expected - found.observed)
        assert found.high - found.value == pytest.approx(found.value - found.low)
        assert found.days == 365
        assert found.coverage == 1
        assert {"rho", "n_effective", "critical", "model_share", "degrees_of_freedom"} <= set(found.detail)

    def test_is_wider_for_noisier_meters(self):
        halves = []
        for noise in (0.02, 0.05, 0.15):
            baseline, reporting = electricity(2, noise).years()
            halves.append(saving(fit(baseline), baseline, reporting).half_width)
        assert halves[0] < halves[1] < halves[2]

    def test_is_wider_for_errors_that_last(self):
        baseline, reporting = electricity(3, 0.001).years()
        errors = np.random.default_rng(1).normal(0, 15, 365)
        lasting = np.repeat(errors[: 365 // 14 + 1], 14)[:365]
        halves = []
        for noise in (errors, lasting):
            noisy = replace(baseline, energy=baseline.energy + noise)
            halves.append(saving(fit(noisy), noisy, reporting).half_width)
        assert halves[1] > 2 * halves[0]

    def test_a_period_with_nothing_to_compare(self):
        baseline, reporting = electricity(4).years()
        found = saving(fit(baseline), baseline, reporting.without(np.ones(365, bool)))
        assert found.days == 0
        assert np.isnan(found.value)
        assert verdict(found, []) == Verdict.NOT_PROVEN

    def test_only_days_with_readings_are_compared(self):
        baseline, reporting = electricity(5).years()
        holed = reporting.without(np.arange(365) < 73)
        found = saving(fit(baseline), baseline, holed)
        assert (found.days, found.coverage) == (292, 0.8)
        assert found.observed == pytest.approx(reporting.energy[73:].sum())


class TestVerdict:
    @pytest.mark.parametrize(
        ("value", "expected"), [(20, Verdict.PROVEN), (5, Verdict.NOT_SIGNIFICANT), (-20, Verdict.INCREASE)]
    )
    def test_follows_the_interval(self, value, expected):
        assert verdict(stated(value, 10), []) == expected

    def test_any_reason_undoes_it(self):
        assert (
            verdict(
                stated(20, 10), [Reason(ReasonCode.CLIPPED, np.datetime64("2022-01-01"), np.datetime64("2022-01-02"))]
            )
            == Verdict.NOT_PROVEN
        )

    def test_too_few_days_to_fit_prove_nothing(self):
        baseline, reporting = electricity(6).years()
        found = assess(baseline.between(date(2021, 1, 1), date(2021, 1, 20)), reporting)
        assert (found.verdict, found.model, found.saving) == (Verdict.NOT_PROVEN, None, None)
        assert "weak_model" in [reason.code for reason in found.reasons]
