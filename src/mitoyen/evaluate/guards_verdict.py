"""The verdict on a saving, and the whole way to it in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from mitoyen.evaluate import guards
from mitoyen.evaluate.baseline import CannotFitError, DailyData, HourlyData, Method, Model, fit
from mitoyen.evaluate.enums import Verdict
from mitoyen.evaluate.guards_reason import Reason
from mitoyen.evaluate.uncertainty import Saving, saving


@dataclass(frozen=True)
class Assessment:
    verdict: Verdict
    reasons: list[Reason]
    saving: Saving | None
    model: Model | None


def verdict(result: Saving | None, reasons: Sequence[Reason]) -> Verdict:
    """`proven` when the interval lies above 0, `increase` below it, `not_significant` when it holds 0.

    `not_proven` when a guard fails or nothing can be compared.
    """
    if reasons or result is None or not result.days or not np.isfinite(result.half_width):
        return Verdict.NOT_PROVEN
    if result.low > 0:
        return Verdict.PROVEN
    return Verdict.INCREASE if result.high < 0 else Verdict.NOT_SIGNIFICANT


def assess(
    baseline: DailyData,
    reporting: DailyData,
    hourly: HourlyData | None = None,
    breaks: Sequence[guards.Break] = (),
    *,
    actions: Sequence[date] = (),
    method: Method = "auto",
) -> Assessment:
    """Screen the days, fit, compute the saving, check the guards and give the verdict."""
    clean_baseline, clean_reporting = guards.screened(baseline, reporting, hours=hourly)
    model: Model | None = None
    result: Saving | None = None
    try:
        model = fit(clean_baseline, method)
    except CannotFitError:
        pass
    else:
        result = saving(model, clean_baseline, clean_reporting)
    reasons = guards.check(baseline, reporting, hourly, breaks, model, actions=actions)
    return Assessment(verdict(result, reasons), reasons, result, model)
