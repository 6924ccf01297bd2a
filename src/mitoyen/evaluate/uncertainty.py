"""The saving and its 90 % interval, after ASHRAE Guideline 14-2014 with autocorrelated errors.

With the baseline's usable days x (n rows, p features), X the sum of the features of the reporting period's m days, and
v the variance that errors add to a sum for each of its days, the variance of the saving is

    v · (m + Xᵀ (xᵀx)⁻¹ X)

The first term is what the reporting period would have strayed anyway, the second the error of the model itself: the
exact form of what the guideline's annex B approximates by a factor (1 + 2/n') and an empirical 1.26.

Two estimates of v are at hand. s² · n / n' with n' = n · (1 − rho) / (1 + rho), as the guideline has it for a lag-1
autocorrelation rho, is too small where a meter drifts for months and too large where its memory ends with the week; the
long-run variance of Newey and West (1987) over eight weeks sees both, but is uncertain and small on average. v is two
thirds of the first and one third of the second, or the second where that is larger.

s, rho and the long-run variance come from the baseline's days held out of the fit by blocks of four weeks, not from the
fit's own residuals, since a flexible model has residuals smaller than its errors. `mitoyen study` tries the interval so
made on the real meters' own noise.

The half-width is the standard error times Student's t, with n' − p degrees of freedom and no more than there are
four-week blocks less one, or times the critical value of Kiefer and Vogelsang (2005, table 1) where that is larger: it
allows for a long-run variance estimated from one year being itself uncertain, and too small on average.
"""

from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from mitoyen.evaluate.baseline import DailyData, Floats, Model
from mitoyen.evaluate.baseline_billing import bills_of, by_bill
from mitoyen.evaluate.baseline_daily import held_out_residuals, month_fold, regularised, renumbered
from mitoyen.evaluate.baseline_features import design

CONFIDENCE = 0.90
MAX_RHO = 0.95
LONG_RUN_DAYS = 56
GUIDELINE_WEIGHT = 2 / 3
"""Chosen by `mitoyen study` among 1/2, 2/3 and 1: the others covered 91 and 95 % of planted truths (docs/method.md)."""
FEWEST_FREEDOM = 3.0


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

    @property
    def standard_error(self) -> float:
        return float(self.detail.get("standard_error", float("nan")))


@dataclass(frozen=True)
class Noise:
    """How far a baseline's days stray from its model, when they are held out of the fit."""

    deviation: float
    rho: float
    n: int
    effective: float
    long_run: float
    """Variance that errors add to a sum, for each of its days."""
    freedom: float
    critical: float
    """Half-width of the 90 % interval, in standard errors."""
    gram: Floats = field(repr=False, compare=False)


def saving(model: Model, baseline: DailyData, reporting: DailyData) -> Saving:
    """Expected less observed over the usable days of the reporting period, with its 90 % interval.

    `baseline` is what the model was fitted on. With no usable day, everything is nan and `days` is 0.
    """
    predicted = model.predict(reporting.day, reporting.temperature, reporting.closed)
    usable = reporting.usable & np.isfinite(predicted)
    days = int(usable.sum())
    if not days:
        nothing = float("nan")
        return Saving(nothing, nothing, nothing, nothing, nothing, 0, 0.0)
    expected, observed = float(predicted[usable].sum()), float(reporting.energy[usable].sum())
    noise = noise_of(model, baseline)
    error, model_share = standard_error(model, noise, reporting.only(usable))
    half = noise.critical * error
    value = expected - observed
    detail = {
        "standard_error": error,
        "half_width": half,
        "confidence": CONFIDENCE,
        "degrees_of_freedom": noise.freedom,
        "critical": noise.critical,
        "model_share": model_share,
        "deviation": noise.deviation,
        "rho": noise.rho,
        "n": noise.n,
        "n_effective": noise.effective,
        "long_run": noise.long_run,
        "cvrmse": model.cvrmse,
        "cvrmse_held_out": model.cvrmse_held_out,
    }
    return Saving(value, value - half, value + half, expected, observed, days, days / len(reporting.day), detail)


def noise_of(model: Model, baseline: DailyData) -> Noise:
    """The noise of the baseline that the model was fitted on, computed once."""
    kept = model.noise.get(id(baseline))
    if kept is None:
        kept = (baseline, _noise_of(model, baseline))
        model.noise[id(baseline)] = kept
    noise: Noise = kept[1]
    return noise


def _noise_of(model: Model, baseline: DailyData) -> Noise:
    known = baseline.only(baseline.usable)
    x = design(model.parameters, known.day, known.temperature, known.closed)
    y = known.energy
    days_a_row = 1.0
    if model.method == "billing":  # rows are bills, weighted so that their errors are those of a day
        x, y, days = by_bill(x, y, renumbered(bills_of(baseline)[baseline.usable]))
        x, y = x * np.sqrt(days)[:, None], y * np.sqrt(days)
        days_a_row = float(days.mean())
        fold = np.arange(len(y))
    else:
        fold = month_fold(known)
    residuals = held_out_residuals(x, y, fold)
    if model.method == "billing":  # a dozen bills also chose the change points
        searched = sum(model.parameters[side] is not None for side in ("heat", "cool"))
        residuals = residuals * sqrt(len(y) / max(len(y) - x.shape[1] - searched, 1))
    return noise_in(residuals, x.T @ x, blocks=int(fold.max()) + 1, days_a_row=days_a_row)


def noise_in(residuals: Floats, gram: Floats, *, blocks: int, days_a_row: float = 1.0) -> Noise:
    """The noise of errors that were held out of the fit by so many blocks, and the products of the model's features."""
    n, p = len(residuals), len(gram)
    rho = autocorrelation(residuals)
    effective = n * (1 - rho) / (1 + rho)
    variance = float(np.mean(residuals**2))
    lags = min(int(LONG_RUN_DAYS / days_a_row), n // 4)
    long_run = long_run_variance(residuals, lags)
    long_run = max(long_run, GUIDELINE_WEIGHT * variance * n / effective + (1 - GUIDELINE_WEIGHT) * long_run)
    freedom = max(min(effective - p, blocks - 1), FEWEST_FREEDOM)
    critical = max(t_quantile(0.5 + CONFIDENCE / 2, freedom), fixed_share_quantile(lags / n))
    return Noise(sqrt(variance), rho, n, effective, long_run, freedom, critical, gram)


def standard_error(model: Model, noise: Noise, reporting: DailyData) -> tuple[float, float]:
    """Standard error of the saving over these days, and the share of the model's own error in its variance."""
    total = design(model.parameters, reporting.day, reporting.temperature, reporting.closed).sum(axis=0)
    own = float(total @ np.linalg.solve(regularised(noise.gram), total))
    m = len(reporting.day)
    return sqrt(noise.long_run * (m + own)), own / (m + own)


def autocorrelation(residuals: Floats) -> float:
    """Lag-1 autocorrelation, within 0 and 0.95."""
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    if len(residuals) < 3 or power == 0:
        return 0.0
    return float(np.clip(centred[1:] @ centred[:-1] / power, 0.0, MAX_RHO))


def long_run_variance(residuals: Floats, lags: int) -> float:
    """Newey and West (1987): autocovariances up to `lags`, with linearly falling weights, about 0."""
    n = len(residuals)
    total = float(residuals @ residuals)
    for lag in range(1, lags):
        total += 2 * (1 - lag / lags) * float(residuals[lag:] @ residuals[:-lag])
    return max(total, 0.0) / n


def fixed_share_quantile(share: float) -> float:
    """95 % quantile of a mean over its long-run error estimated with Bartlett weights over a share of the sample."""
    return 1.6449 + 2.1859 * share + 0.3142 * share**2 - 0.3427 * share**3


def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t: Cornish-Fisher expansion, Abramowitz and Stegun 26.7.5 (1 % off at most from 3 on)."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (k + 1) for k, term in enumerate(terms))
