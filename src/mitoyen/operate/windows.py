"""What methods of code do to a `Window` before they look at it: hours, means, amounts. Pure functions of arrays.

A counter is differenced as everywhere else (`history.amounts`): what a wrap hides is put back, what a swapped meter
hides is missing. Hours are UTC; local hours and days are those of Europe/Paris.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.amounts import Intervals
from mitoyen.history.amounts import intervals as amounts_of
from mitoyen.history.daily import spread
from mitoyen.history.rules import Rule
from mitoyen.history.times import Times, paris_day_bounds, paris_day_of, utc64
from mitoyen.operate.detect import Subject, Window

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
HOUR = np.timedelta64(3_600_000_000, "us")


def hours(start: datetime, now: datetime, step: np.timedelta64 = HOUR) -> Times:
    """Bounds of the whole UTC hours (or shorter steps of one) within (start, now]: one more than there are hours."""
    first, last = utc64(start).astype("M8[h]").astype("M8[us]"), utc64(now)
    while first < utc64(start):
        first = first + step
    return np.asarray(first + np.arange((last - first) // step + 1) * step, "M8[us]")


def local(bounds: Times) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Local day and hour (0 to 23) in which each step begins; the hour that clocks go back over is there twice."""
    begins = bounds[:-1]
    if not len(begins):
        return np.empty(0, "M8[D]"), np.empty(0, np.int64)
    days = paris_day_of(begins)
    first, last = days.min().astype(object), days.max().astype(object)
    midnights = paris_day_bounds(first, last)
    index = (days - days.min()).astype(np.int64)
    since = (begins - midnights[index]) // HOUR
    length = (midnights[index + 1] - midnights[index]) // HOUR
    # A day of 23 or 25 hours changes at its second or third hour: later ones are named by the clock on the wall.
    hour = np.where((length != 24) & (since >= 2), since + 24 - length, since)
    return days, np.where((length == 25) & (since == 2), 2, hour).astype(np.int64)


def means(window: Window | None, bounds: Times) -> Floats:
    """The mean of what was read in each hour; nan where nothing was."""
    bins = len(bounds) - 1
    if window is None or not len(window.time) or bins < 1:
        return np.full(max(bins, 0), np.nan)
    which = np.searchsorted(bounds, window.time, side="left") - 1
    inside = (which >= 0) & (which < bins) & np.isfinite(window.value)
    count = np.bincount(which[inside], minlength=bins)
    total = np.bincount(which[inside], weights=window.value[inside], minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = total / count
    return mean


def intervals(window: Window) -> Intervals:
    """Amounts (kWh, m3 or the stored unit) over intervals; what can't be told is left out."""
    rule = Rule(window.datastream, window.kind, window.unit, None, ())
    known = np.isfinite(window.value)
    return amounts_of(rule, window.time[known], window.length_s[known], window.value[known])


def amounts(
    window: Window | None, bounds: Times, *, least_covered: float = 0.9, longest: np.timedelta64 | None = None
) -> Floats:
    """The amount of each hour, shared out pro rata; nan where less than `least_covered` of the hour is known.

    What an index gained over more than `longest` is left out: shared out evenly, it would look like a steady flow.
    """
    bins = len(bounds) - 1
    if window is None or len(window.time) == 0 or bins < 1:
        return np.full(max(bins, 0), np.nan)
    made = intervals(window)
    kept = slice(None) if longest is None else made.end - made.start <= longest
    start, end, amount = made.start[kept], made.end[kept], made.amount[kept]
    total = spread(start, end, amount, bounds)
    covered = spread(start, end, (end - start).astype(np.float64) / 1e6, bounds)
    total[covered < least_covered * 3600] = np.nan
    return total


def trailing(flags: Bools, known: Bools) -> NDArray[np.intp]:
    """Places of the last run of known places that are all flagged, up to the last known one; empty when it isn't."""
    places = np.flatnonzero(known)
    quiet = np.flatnonzero(~flags[places])
    return places[quiet[-1] + 1 :] if len(quiet) else places


def before_fault(subject: Subject | None, starts: Times) -> Bools:
    """Which of the steps that begin then lie before the fault that is open on a thing; all where none is."""
    if subject is None or subject.open_since is None:
        return np.ones(len(starts), bool)
    return np.asarray(starts < utc64(subject.open_since), bool)


def number(attributes: Mapping[str, Any], name: str) -> float | None:
    """An attribute that is a number above zero; None when it is not told so."""
    value = attributes.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if np.isfinite(value) and value > 0 else None


def moment(time: np.datetime64) -> datetime:
    """A numpy instant as an aware datetime."""
    naive: datetime = time.astype("M8[us]").astype(datetime)
    return naive.replace(tzinfo=UTC)
