"""Amounts and values gathered by day or by hour; one way for readings and rollups, so that both give the same."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.amounts import Intervals
from mitoyen.history.rules import Rule
from mitoyen.history.times import Times

Floats = NDArray[np.float64]
NAMES = ("amount", "mean", "minimum", "maximum", "covered_s", "count", "zeros")
# A gauge read at instants covers the time since the reading before, up to this long.
GAUGE_HOLDS = np.timedelta64(6 * 3600 * 1_000_000, "us")
_TICK = np.timedelta64(1, "us")


@dataclass(slots=True)
class Binned:
    """One value a bin: amounts spread pro rata; mean, extremes and counts by the bin in which an interval ends."""

    amount: Floats
    mean: Floats
    minimum: Floats
    maximum: Floats
    covered_s: Floats
    count: NDArray[np.int32]
    zeros: NDArray[np.int32]


def binned(rule: Rule, made: Intervals, bounds: Times) -> Binned:
    """Gather intervals (sorted by end) into len(bounds) - 1 bins. Bins without anything are nan."""
    bins = len(bounds) - 1
    gauge = rule.kind == "gauge"
    start = _held(made) if gauge else made.start
    covered = spread(start, made.end, (made.end - start).astype(np.float64) / 1e6, bounds)
    # An instant belongs to the bin it opens; an interval to the one in which it ends.
    instant = made.start == made.end
    which = np.searchsorted(bounds, np.where(instant & gauge, made.end, made.end - _TICK), side="right") - 1
    inside = (which >= 0) & (which < bins)
    which, value = which[inside], made.value[inside]
    count = np.bincount(which, minlength=bins).astype(np.int32)
    zeros = np.bincount(which[value == 0.0], minlength=bins).astype(np.int32)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(which, weights=value, minlength=bins) / count
    minimum, maximum = np.full(bins, np.nan), np.full(bins, np.nan)
    if len(which):
        filled, first = np.unique(which, return_index=True)
        minimum[filled], maximum[filled] = np.minimum.reduceat(value, first), np.maximum.reduceat(value, first)
    if gauge:
        amount = np.full(bins, np.nan)
    else:
        amount = spread(made.start, made.end, made.amount, bounds)
        amount[(covered == 0) & (count == 0)] = np.nan
    return Binned(amount, mean, minimum, maximum, covered, count, zeros)


def _held(made: Intervals) -> Times:
    """Since when each reading of a gauge holds: its own interval, or the reading before, at most GAUGE_HOLDS."""
    start = made.start.copy()
    instant = np.flatnonzero(made.start == made.end)
    if len(instant):
        before = np.concatenate([made.end[:1], made.end[:-1]])
        start[instant] = np.maximum(before[instant], made.end[instant] - GAUGE_HOLDS)
    return start


def spread(start: Times, end: Times, amount: Floats, bounds: Times) -> Floats:
    """Sum amounts over intervals (start, end] into bins, pro rata where an interval crosses a bound.

    What lies outside the bounds is left out. An amount without length goes to the bin in which it ends.
    """
    bins = len(bounds) - 1
    if len(start) == 0:
        return np.zeros(bins)
    last = np.searchsorted(bounds, end, side="left") - 1
    first = np.minimum(np.searchsorted(bounds, start, side="right") - 1, last)
    whole = (first == last) & (first >= 0) & (first < bins)
    total: Floats = np.bincount(first[whole], weights=amount[whole], minlength=bins).astype(np.float64)
    across = np.flatnonzero(first != last)
    if len(across):
        total = total + _pro_rata(
            start[across], end[across], amount[across], first=first[across], last=last[across], bounds=bounds
        )
    return total


def _pro_rata(
    start: Times, end: Times, amount: Floats, *, first: NDArray[np.intp], last: NDArray[np.intp], bounds: Times
) -> Floats:
    bins = len(bounds) - 1
    low, high = np.maximum(first, 0), np.minimum(last, bins - 1)
    pieces = np.maximum(high - low + 1, 0)
    owner = np.repeat(np.arange(len(start)), pieces)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    which = low[owner] + offset
    inside = np.minimum(end[owner], bounds[which + 1]) - np.maximum(start[owner], bounds[which])
    share = inside.astype(np.float64) / (end - start).astype(np.float64)[owner]
    return np.bincount(which, weights=amount[owner] * share, minlength=bins).astype(np.float64)


def empty(bins: int) -> dict[str, NDArray[Any]]:
    """Columns of `Binned` with nothing in them."""
    missing = {name: np.full(bins, np.nan) for name in ("amount", "mean", "minimum", "maximum")}
    counts = {name: np.zeros(bins, np.int32) for name in ("count", "zeros")}
    return {**missing, "covered_s": np.zeros(bins), **counts}
