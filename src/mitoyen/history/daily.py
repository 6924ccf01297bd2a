"""Amounts and values gathered by day or by hour; one way for readings and rollups, so that both give the same."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.amounts import Intervals
from mitoyen.history.rules import Rule
from mitoyen.history.times import Times

Floats = NDArray[np.float64]
NAMES = ("amount", "mean", "minimum", "maximum", "covered_s", "count", "zeros")
# A gauge read at instants covers the time since the reading before, up to this long.
GAUGE_HOLDS = np.timedelta64(6 * 3600 * 1_000_000, "us")
Places = tuple[NDArray[np.intp], NDArray[np.intp]]


class Bins(NamedTuple):
    """`bounds` for each of `owners` datastreams, and the one that owns each interval (a number below `owners`).

    `preceded` are the owners known to have a reading before their first one here, however long ago.
    """

    bounds: Times
    owners: int
    owner: NDArray[np.intp]
    preceded: tuple[int, ...] = ()


class Pieces(NamedTuple):
    """Parts of intervals, each within one bin: number of the interval, the bin, and its share of the interval."""

    of: NDArray[np.intp]
    bin: NDArray[np.intp]
    share: Floats


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
    """Gather intervals (sorted by end) of one datastream into len(bounds) - 1 bins. Bins without anything are nan."""
    got = binned_of(made, Bins(bounds, 1, np.zeros(len(made.end), np.intp)), gauge=rule.kind == "gauge")
    return Binned(**{name: getattr(got, name)[0] for name in NAMES})


def binned_of(made: Intervals, into: Bins, *, gauge: bool) -> Binned:
    """The same for several datastreams at once: arrays of shape (owners, len(bounds) - 1).

    Intervals are sorted by (owner, end); each bin adds up what is its own in that order, so that a datastream's sums
    are the same, to the last bit, whatever it is gathered with.
    """
    bounds, owners, owner, _preceded = into
    bins = len(bounds) - 1
    size = owners * bins
    start = _held(made, into) if gauge else made.start
    places = _places(start, made.end, bounds)
    covered = _spread(start, made.end, (made.end - start).astype(np.float64) / 1e6, into, places)
    which = places[1]
    if gauge:
        # An instant belongs to the bin it opens; an interval to the one in which it ends.
        instant = made.start == made.end
        which = np.where(instant, np.searchsorted(bounds, made.end, side="right") - 1, which)
    inside = (which >= 0) & (which < bins)
    which, value = (owner * bins + which)[inside], made.value[inside]
    count = np.bincount(which, minlength=size).astype(np.int32)
    zeros = np.bincount(which[value == 0.0], minlength=size).astype(np.int32)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(which, weights=value, minlength=size) / count
    minimum, maximum = np.full(size, np.nan), np.full(size, np.nan)
    if len(which):
        first = np.flatnonzero(np.concatenate([[True], which[1:] != which[:-1]]))
        minimum[which[first]], maximum[which[first]] = (
            np.minimum.reduceat(value, first), np.maximum.reduceat(value, first),
        )  # fmt: skip
    if gauge:
        amount = np.full(size, np.nan)
    else:
        amount = _spread(made.start, made.end, made.amount, into, places)
        amount[(covered == 0) & (count == 0)] = np.nan
    shape = (owners, bins)
    return Binned(
        amount.reshape(shape), mean.reshape(shape), minimum.reshape(shape), maximum.reshape(shape),
        covered.reshape(shape), count.reshape(shape), zeros.reshape(shape),
    )  # fmt: skip


def _held(made: Intervals, into: Bins) -> Times:
    """Since when each reading of a gauge holds: its own interval, or the reading before, at most GAUGE_HOLDS."""
    start = made.start.copy()
    instant = np.flatnonzero(made.start == made.end)
    if len(instant):
        held = made.end - GAUGE_HOLDS
        same = into.owner[1:] == into.owner[:-1]
        held[1:][same] = np.maximum(held[1:], made.end[:-1])[same]
        heads = np.flatnonzero(np.concatenate([[True], ~same]))
        first = heads[~np.isin(into.owner[heads], into.preceded)]
        held[first] = made.end[first]
        start[instant] = held[instant]
    return start


def spread(start: Times, end: Times, amount: Floats, bounds: Times) -> Floats:
    """Sum amounts over intervals (start, end] into bins, pro rata where an interval crosses a bound.

    What lies outside the bounds is left out. An amount without length goes to the bin in which it ends.
    """
    return _spread(start, end, amount, Bins(bounds, 1, np.zeros(len(end), np.intp)), _places(start, end, bounds))


def _places(start: Times, end: Times, bounds: Times) -> Places:
    """First and last bin that each interval touches; -1 before the bounds, len(bounds) - 1 after them."""
    last = np.searchsorted(bounds, end, side="left") - 1
    return np.minimum(np.searchsorted(bounds, start, side="right") - 1, last), last


def _spread(start: Times, end: Times, amount: Floats, into: Bins, places: Places) -> Floats:
    """`spread` for several owners, into owners * bins sums."""
    bounds, owners, owner, _preceded = into
    bins = len(bounds) - 1
    if len(start) == 0:
        return np.zeros(owners * bins)
    first, last = places
    whole = (first == last) & (first >= 0) & (first < bins)
    at = (owner * bins + first)[whole]
    total: Floats = np.bincount(at, weights=amount[whole], minlength=owners * bins).astype(np.float64)
    across = np.flatnonzero(first != last)
    if len(across):
        pieces = _pieces(start[across], end[across], first=first[across], last=last[across], bounds=bounds)
        at = owner[across][pieces.of] * bins + pieces.bin
        total += np.bincount(at, weights=amount[across][pieces.of] * pieces.share, minlength=owners * bins)
    return total


def _pieces(start: Times, end: Times, *, first: NDArray[np.intp], last: NDArray[np.intp], bounds: Times) -> Pieces:
    """Cut intervals at the bounds."""
    bins = len(bounds) - 1
    low, high = np.maximum(first, 0), np.minimum(last, bins - 1)
    pieces = np.maximum(high - low + 1, 0)
    owner = np.repeat(np.arange(len(start)), pieces)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    which = low[owner] + offset
    inside = np.minimum(end[owner], bounds[which + 1]) - np.maximum(start[owner], bounds[which])
    return Pieces(owner, which, inside.astype(np.float64) / (end - start).astype(np.float64)[owner])


def empty(bins: int) -> dict[str, NDArray[Any]]:
    """Columns of `Binned` with nothing in them."""
    missing = {name: np.full(bins, np.nan) for name in ("amount", "mean", "minimum", "maximum")}
    counts = {name: np.zeros(bins, np.int32) for name in ("count", "zeros")}
    return {**missing, "covered_s": np.zeros(bins), **counts}
