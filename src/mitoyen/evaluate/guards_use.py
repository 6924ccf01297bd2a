"""Change of use: the week's or the day's shape is no longer the same, for good."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import Bools, DailyData, Days, Floats, HourlyData
from mitoyen.evaluate.baseline_features import weekday_of
from mitoyen.evaluate.calendar import local_hours

OFF_RATIO_CHANGE = 0.35
"""Change of the ratio of off days to open days (0.5: half as much on Sundays) that no saving explains."""
DAY_SHAPE_CORRELATION = 0.5
WEEKS = 8


@dataclass(frozen=True)
class ChangedUse:
    first: np.datetime64
    kind: str
    before: float
    after: float


def changed_week(baseline: DailyData, reporting: DailyData) -> ChangedUse | None:
    """Whether off days now stand in quite another ratio to open days, on median and lastingly."""
    before, after = _off_ratios(baseline), _off_ratios(reporting)
    if len(before[0]) < WEEKS or len(after[0]) < WEEKS:
        return None
    old, new = float(np.median(before[1])), float(np.median(after[1]))
    if abs(new - old) <= OFF_RATIO_CHANGE or min(old, new) > 0.9 or (max(old, new) > 3 and old > 1.5):
        return None
    # Usual spread of a week's ratio: a meter whose weeks differ by as much has not changed its use.
    spread = float(np.quantile(np.abs(before[1] - old), 0.9))
    if abs(new - old) < 2 * spread:
        return None
    beyond = np.abs(after[1] - old) > OFF_RATIO_CHANGE
    return ChangedUse(after[0][int(np.argmax(beyond))], "week", old, new)


def _off_ratios(data: DailyData) -> tuple[Days, Floats]:
    """Mean of the off days over mean of the open days of each whole week: (its Monday, ratio)."""
    weekday = weekday_of(data.day)
    monday = data.day - weekday
    off: Bools = weekday >= 5
    weeks, place = np.unique(monday, return_inverse=True)
    known = np.isfinite(data.energy)
    sums = [np.bincount(place, np.where(known & side, data.energy, 0.0), len(weeks)) for side in (off, ~off)]
    counts = [np.bincount(place, known & side, len(weeks)) for side in (off, ~off)]
    closed = np.bincount(place, data.closed & ~off, len(weeks))
    whole = (counts[0] == 2) & (counts[1] == 5) & (closed == 0) & (sums[1] > 0)
    return weeks[whole], (sums[0][whole] / 2) / (sums[1][whole] / 5)


def changed_day(baseline: DailyData, reporting: DailyData, hours: HourlyData) -> ChangedUse | None:
    """Whether the mean open day's course no longer looks like the baseline's (correlation of the 24 hours)."""
    day, clock = local_hours(hours.start, hours.timezone)
    old = _course(baseline, day, clock, hours.energy)
    new = _course(reporting, day, clock, hours.energy)
    if old is None or new is None:
        return None
    if min(np.ptp(old), np.ptp(new)) < 0.5:
        return None  # flat days: nothing to compare
    likeness = float(np.corrcoef(old, new)[0, 1])
    return ChangedUse(reporting.day[0], "day", 1.0, likeness) if likeness < DAY_SHAPE_CORRELATION else None


def _course(period: DailyData, day: Days, clock: NDArray[np.int64], energy: Floats) -> Floats | None:
    """Mean use of each hour of the clock on open days over the mean of all; None where there are too few."""
    if not len(period.day):
        return None
    place = (day - period.day[0]).astype(np.int64)
    inside = (place >= 0) & (place < len(period.day)) & np.isfinite(energy)
    off = (weekday_of(period.day) >= 5) | period.closed | ~np.isfinite(period.energy)
    inside[inside] = ~off[np.minimum(place[inside], len(period.day) - 1)]
    counts = np.bincount(clock[inside], minlength=24)
    if counts.min() < 5 * WEEKS:
        return None
    means: Floats = np.bincount(clock[inside], energy[inside], 24) / counts
    return means / means.mean() if means.mean() > 0 else None
