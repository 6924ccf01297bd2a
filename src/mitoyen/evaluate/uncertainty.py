"""The saving and its 90 % interval, after ASHRAE Guideline 14-2014 with autocorrelated errors.

With the baseline's usable days x (n rows, p features), errors of standard deviation s and lag-1 autocorrelation rho,
the m days of the reporting period, and X the sum of their features, the variance of the saving is

    s² · (n / n') · (m + Xᵀ (xᵀx)⁻¹ X),      n' = n · (1 − rho) / (1 + rho)     (Guideline 14-2014, annex B)

The first term is what the days of the reporting period would have strayed anyway, the second the error of the model
itself: it is the exact form of what the guideline approximates with a factor (1 + 2/n') and an empirical 1.26.
s and rho come from the baseline's days held out of the fit by blocks of four weeks, not from the fit's own residuals:
a flexible model has residuals smaller than its errors. The interval is ± t (95 %, n' − p degrees of freedom).
"""

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from mitoyen.evaluate.baseline import DailyData, Floats, Model
from mitoyen.evaluate.baseline_billing import bills_of, by_bill
from mitoyen.evaluate.baseline_daily import RIDGE, held_out_residuals, month_fold, renumbered
from mitoyen.evaluate.baseline_features import design

CONFIDENCE = 0.90
MAX_RHO = 0.95


@dataclass(frozen=True)
class Saving:
    """What was saved over the days of the reporting period that can be compared; negative for an increase."""

    value: float
    low: float
    high: float
    expected: float
    observed: float
    days: int
    coverage: float
    """Share of the reporting period's days that could be compared."""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def saving(model: Model, baseline: DailyData, reporting: DailyData) -> Saving:
    """Expected less observed over the usable days of the reporting period, with its 90 % interval.

    With no usable day, everything is nan and `days` is 0.
    """
    predicted = model.predict(reporting.day, reporting.temperature, reporting.closed)
    usable = reporting.usable & np.isfinite(predicted)
    days = int(usable.sum())
    if not days:
        nothing = float("nan")
        return Saving(nothing, nothing, nothing, nothing, nothing, 0, 0.0)
    expected, observed = float(predicted[usable].sum()), float(reporting.energy[usable].sum())
    error = standard_error(model, baseline, reporting.only(usable))
    half = t_quantile(0.5 + CONFIDENCE / 2, error["degrees_of_freedom"]) * error["standard_error"]
    value = expected - observed
    detail = {**error, "confidence": CONFIDENCE, "cvrmse": model.cvrmse, "half_width": half}
    return Saving(value, value - half, value + half, expected, observed, days, days / len(reporting.day), detail)


def standard_error(model: Model, baseline: DailyData, reporting: DailyData) -> dict[str, float]:
    """Standard error of the sum of the reporting period's expected energy less what would have been used anyway."""
    known = baseline.only(baseline.usable)
    x = design(model.parameters, known.day, known.temperature, known.closed)
    y = known.energy
    weight = np.ones(len(y))
    spacing = 1.0
    if model.method == "billing":
        bill = renumbered(bills_of(baseline)[baseline.usable])
        x, y, weight = by_bill(x, y, bill)
        spacing = float(weight.mean())
        x, y = x * np.sqrt(weight)[:, None], y * np.sqrt(weight)
        fold = np.arange(len(y))
    else:
        fold = month_fold(known)
    residuals = held_out_residuals(x, y, fold)
    if model.method == "billing":
        residuals = residuals * sqrt(spacing) / np.sqrt(weight)  # one per bill, scaled as a day's error
    rho = autocorrelation(residuals)
    n, p, m = len(residuals), x.shape[1], len(reporting.day)
    effective = n * (1 - rho) / (1 + rho)
    deviation = float(np.sqrt(np.mean(residuals**2)))
    total = design(model.parameters, reporting.day, reporting.temperature, reporting.closed).sum(axis=0)
    gram = x.T @ x
    diagonal = np.diag(gram)
    spread = float(total @ np.linalg.solve(gram + np.diag(RIDGE * diagonal + 1e-9 * diagonal.max()), total))
    variance = deviation**2 * (n / effective) * (m + spread)
    return {
        "standard_error": sqrt(variance),
        "deviation": deviation,
        "rho": rho,
        "n": n,
        "n_effective": effective,
        "m": m,
        "model_share": spread / (m + spread),
        "degrees_of_freedom": max(effective - p, 3.0),
    }


def autocorrelation(residuals: Floats) -> float:
    """Lag-1 autocorrelation, within 0 and 0.95."""
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    if len(residuals) < 3 or power == 0:
        return 0.0
    return float(np.clip(centred[1:] @ centred[:-1] / power, 0.0, MAX_RHO))


def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t: Cornish-Fisher expansion, Abramowitz and Stegun 26.7.5 (1 % off at most from 3 on)."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (k + 1) for k, term in enumerate(terms))


def verdict(result: Saving | None, reasons: list[Any]) -> str:
    """`proven`, `increase`, `not_significant` or, when a guard fails or nothing can be compared, `not_proven`."""
    if reasons or result is None or not result.days or not np.isfinite(result.value):
        return "not_proven"
    if result.low > 0:
        return "proven"
    return "increase" if result.high < 0 else "not_significant"
