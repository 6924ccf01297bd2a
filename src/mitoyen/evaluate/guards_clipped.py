"""Readings that stand at a ceiling: the same highest value again and again, which the meter exceeds at other times."""

from dataclasses import dataclass

import numpy as np

from mitoyen.evaluate.baseline import Floats, HourlyData
from mitoyen.evaluate.calendar import local_days

FEWEST_HOURS = 24
SHARE_OF_MONTH = 0.05
FINE_STEPS = 20
"""The ceiling is at least so many of the meter's smallest steps high: a coarse meter repeats its values by nature."""


@dataclass(frozen=True)
class Clipped:
    first: np.datetime64
    last: np.datetime64
    value: float
    hours: int


def clipped(hours: HourlyData) -> list[Clipped]:
    """Calendar months in which hours stand at the month's highest value, though other months go higher."""
    day = local_days(hours.start, hours.timezone)
    used = np.isfinite(hours.energy) & (hours.energy > 0)
    day, energy = day[used], hours.energy[used]
    if not len(energy):
        return []
    top = float(energy.max())
    month = day.astype("datetime64[M]")
    found = []
    for one in np.unique(month):
        inside = month == one
        ceiling = _ceiling(energy[inside])
        if ceiling is not None and ceiling < top:
            at = day[inside][energy[inside] == ceiling]
            found.append(Clipped(at[0], at[-1], ceiling, len(at)))
    return _joined(found)


def _ceiling(energy: Floats) -> float | None:
    top = float(energy.max())
    at_top = int((energy == top).sum())
    if at_top < max(FEWEST_HOURS, SHARE_OF_MONTH * len(energy)):
        return None
    values, counts = np.unique(energy, return_counts=True)
    if len(values) < FINE_STEPS or np.diff(values).min() * FINE_STEPS > top:
        return None
    below = counts[(values >= 0.7 * top) & (values < top)]
    # A reading that strays falls on its neighbours' values about as often as on its own.
    return top if at_top > 5 * (below.max() if len(below) else 1) else None


def _joined(found: list[Clipped]) -> list[Clipped]:
    """Neighbouring months at the same ceiling become one."""
    joined: list[Clipped] = []
    for one in found:
        before = joined[-1] if joined else None
        if before and before.value == one.value and (one.first - before.last).astype(np.int64) <= 62:
            joined[-1] = Clipped(before.first, one.last, one.value, before.hours + one.hours)
        else:
            joined.append(one)
    return joined


def clipped_days(found: list[Clipped], first: np.datetime64, last: np.datetime64) -> list[Clipped]:
    """Those that touch a period."""
    return [one for one in found if one.first <= last and one.last >= first]
