"""The saving of a meter compared hour by hour, with its 90 % interval."""

from dataclasses import replace
from math import sqrt

import numpy as np

from mitoyen.evaluate.baseline import Bools, HourlyData
from mitoyen.evaluate.baseline_hourly import HourlyModel, by_day, fit_hours
from mitoyen.evaluate.calendar import local_days
from mitoyen.evaluate.uncertainty import Noise, Saving, noise_in

BLOCK_DAYS = 28


def hourly_saving(model: HourlyModel, baseline: HourlyData, reporting: HourlyData) -> Saving:
    """Expected less observed over the hours that can be compared.

    Errors are summed by day, on four-week blocks held out of the fit, and treated as `uncertainty` treats days. The
    model's own error is taken as that of its mean: m² / n days, since an hourly model's features average out in a day.
    """
    expected = model.predict(reporting)
    usable = np.isfinite(expected) & np.isfinite(reporting.energy)
    if not usable.any():
        nothing = float("nan")
        return Saving(nothing, nothing, nothing, nothing, nothing, 0, 0.0)
    noise = _noise(baseline)
    days = len(np.unique(local_days(reporting.start[usable], reporting.timezone)))
    error = sqrt(noise.long_run * (days + days**2 / noise.n))
    observed = float(reporting.energy[usable].sum())
    total = float(expected[usable].sum())
    half = noise.critical * error
    value = total - observed
    detail = {"standard_error": error, "half_width": half, "rho": noise.rho, "cvrmse": model.cvrmse, "n": noise.n}
    return Saving(value, value - half, value + half, total, observed, days, float(usable.mean()), detail)


def _noise(baseline: HourlyData) -> Noise:
    day = local_days(baseline.start, baseline.timezone)
    block = (day.astype(np.int64) + 3) // BLOCK_DAYS
    errors = np.full(len(day), np.nan)
    for one in np.unique(block):
        held: Bools = block == one
        rest = replace(baseline, energy=np.where(held, np.nan, baseline.energy))
        errors[held] = (baseline.energy - fit_hours(rest).predict(baseline))[held]
    daily = by_day(baseline, errors)[1]
    daily = daily[np.isfinite(daily)]
    return noise_in(daily, np.array([[float(len(daily))]]), blocks=len(np.unique(block)))
