"""The level of the next two days from how it stands and moves now: a rise that goes on, and slows.

A river is not what it was a week ago: its level goes on from here. The rise of the last hours is carried on and dies
away with a time of twelve hours; how wrong that was, on this very gauge when it moved as fast, makes the interval.
Where it never moved as fast, nothing is known of how it will slow: the rise carried on unslowed is the upper bound.
"""

from dataclasses import dataclass

import numpy as np

from mitoyen.operate.windows import Floats

STEPS = 48
FADES_H = 12.0
_SLOPE_H = 3
_LEAST_CASES = 48
_AS_FAST = 0.5


@dataclass(frozen=True, slots=True)
class Ahead:
    """Levels (m) of the next 48 hours, and the bounds within which they stay nine times in ten. `known`: whether this
    gauge has moved as fast before."""

    value: Floats
    low: Floats
    high: Floats
    known: bool


def ahead(values: Floats) -> Ahead | None:
    """From hourly means up to now (nan: unknown); None when the last hours are not known."""
    if len(values) <= _SLOPE_H or not np.isfinite(values[[-1, -1 - _SLOPE_H]]).all():
        return None
    steps = np.arange(1, STEPS + 1)
    carried = FADES_H * (1 - np.exp(-steps / FADES_H))
    here, slope = float(values[-1]), float(values[-1] - values[-1 - _SLOPE_H]) / _SLOPE_H
    made = here + slope * carried
    errors = _errors(values, carried, slope)
    if errors is None:
        goes_on = here + slope * steps
        return Ahead(made, np.minimum(made, goes_on), np.maximum(made, goes_on), known=False)
    low, high = np.nanquantile(errors, (0.05, 0.95), axis=0)
    return Ahead(made, made + np.minimum(low, 0), made + np.maximum(high, 0), known=True)


def _errors(values: Floats, carried: Floats, slope: float) -> Floats | None:
    """(cases, STEPS): level less forecast at past hours that moved the same way, at least half as fast."""
    origins = np.arange(_SLOPE_H, len(values) - STEPS)
    slopes = (values[origins] - values[origins - _SLOPE_H]) / _SLOPE_H
    alike = np.isfinite(slopes) & (slopes * np.sign(slope or 1.0) >= _AS_FAST * abs(slope))
    if alike.sum() < _LEAST_CASES:
        return None
    chosen = origins[alike]
    forecast = values[chosen][:, None] + slopes[alike][:, None] * carried[None, :]
    errors: Floats = values[chosen[:, None] + np.arange(1, STEPS + 1)] - forecast
    return errors if (np.isfinite(errors).sum(axis=0) >= _LEAST_CASES // 2).all() else None
