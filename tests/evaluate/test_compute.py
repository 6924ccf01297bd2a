"""One meter's outcome: its months, what is too thin, and where the baseline is shared."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.evaluate import compute, uncertainty
from mitoyen.evaluate.baseline import fit
from mitoyen.evaluate.series import Run, kept


def run(year, factor=1.0, seed=1, missing=()):
    days = np.arange(np.datetime64(f"{year}-01-01"), np.datetime64(f"{year + 1}-01-01"))
    rng = np.random.default_rng(seed + year)
    temperature = 12 - 8 * np.cos(2 * np.pi * np.arange(len(days)) / 365) + rng.normal(0, 2, len(days))
    weekend = (days.astype(int) + 3) % 7 >= 5
    amount = (200 + 20 * np.maximum(16 - temperature, 0)) * np.where(weekend, 0.6, 1) * rng.normal(1, 0.05, len(days))
    amount = amount * factor
    for month in missing:
        amount[days.astype("datetime64[M]") == np.datetime64(month)] = np.nan
    return Run(days, amount, temperature, np.zeros(len(days), bool))


def test_each_month_has_the_interval_that_it_would_have_alone():
    outcome = compute.assess(compute.Task("m", run(2022), [run(2023, 0.9)]))[0]
    baseline, reporting = (compute.daily_data(kept(one)) for one in (run(2022), run(2023, 0.9)))
    model = fit(baseline)
    for month, days, observed, expected, half in outcome.months:
        part = reporting.only(reporting.day.astype("datetime64[M]") == np.datetime64(month))
        alone = uncertainty.saving(model, baseline, part)
        assert (days, observed) == (alone.days, pytest.approx(alone.observed))
        assert (expected, half) == (pytest.approx(alone.expected), pytest.approx(alone.half_width))


def test_an_empty_baseline_is_not_proven_for_its_coverage():
    nothing = run(2022, np.nan)
    outcome = compute.assess(compute.Task("m", nothing, [run(2023)]))[0]
    assert outcome.verdict == "not_proven"
    assert outcome.value is None
    assert "low_coverage" in [reason["code"] for reason in outcome.reasons]


def test_two_missing_months_are_low_coverage_and_leave_the_other_months():
    outcome = compute.assess(compute.Task("m", run(2022), [run(2023, missing=("2023-05", "2023-06"))]))[0]
    assert outcome.verdict == "not_proven"
    assert "low_coverage" in [reason["code"] for reason in outcome.reasons]
    assert len(outcome.months) == 10


def test_an_action_explains_a_sudden_fall():
    fallen = run(2023)
    after = fallen.day >= np.datetime64("2023-06-01")
    fallen = Run(fallen.day, np.where(after, fallen.amount * 0.5, fallen.amount), fallen.temperature, fallen.closed)
    without = compute.assess(compute.Task("m", run(2022), [fallen]))[0]
    explained = compute.assess(compute.Task("m", run(2022), [fallen], actions=[dt.date(2023, 6, 1)]))[0]
    assert [reason["code"] for reason in without.reasons] == ["change_of_use"]
    assert explained.verdict == "proven"
