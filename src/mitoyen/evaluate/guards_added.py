"""Whether a jump scales all readings, as another unit does, or adds to them, as a leak or heating left on does.

Hours of the day (open and off days apart; weekdays where there are no hours) are compared before and after: under
another unit, each one's level is its old one times the same factor, so that 0 stays 0; what is added lifts all alike.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import DailyData, Days, Floats, HourlyData
from mitoyen.evaluate.baseline_features import weekday_of
from mitoyen.evaluate.calendar import local_hours
from mitoyen.evaluate.guards_breaks import Jump

WINDOW = 28
"""Days looked at on either side."""
FEWEST = 3
"""Days wanted of each kind."""
CLEARLY = 0.5
"""Adding explains the high side with less than this share of the squared error that scaling leaves."""
MOSTLY_0 = 0.5
"""Share of the hours read on the high side that stand at 0 on the low one: no factor makes something of 0."""
UNDONE = 3.0
"""Two jumps whose factors multiply to less than this (either way) undo each other, the weather aside."""
ALIKE = 0.5
"""And what is added varies by no more than this share of itself from hour to hour."""


class Nature(StrEnum):
    """`scaled`: all levels by about one factor; `added`: the same amount in all hours; `rest`: the low side is no
    level at all, since what is read on the other stands at 0 there or is as high."""

    SCALED = "scaled"
    ADDED = "added"
    REST = "rest"


def natures(found: list[Jump], periods: list[DailyData], hours: HourlyData | None) -> list[Nature]:
    """The nature of each jump, in order. Two that undo each other are of one nature: `added` where either is."""
    told = [_nature(jump, periods, hours) for jump in found]
    for k in range(1, len(found)):
        undone = found[k - 1].factor * found[k].factor
        if Nature.ADDED in told[k - 1 : k + 1] and 1 / UNDONE <= undone <= UNDONE:
            told[k - 1 : k + 1] = [Nature.ADDED, Nature.ADDED]
    return told


def _nature(jump: Jump, periods: list[DailyData], hours: HourlyData | None) -> Nature:
    """`scaled` where nothing tells."""
    sides = [
        _levels(jump.before - WINDOW + 1, jump.before, periods, hours),
        _levels(jump.after, jump.after + WINDOW - 1, periods, hours),
    ]
    known = np.isfinite(sides[0]) & np.isfinite(sides[1])
    if known.sum() < FEWEST:
        return Nature.SCALED
    low, high = (side[known] for side in (sides if jump.factor > 1 else sides[::-1]))
    if np.count_nonzero(high) < FEWEST:
        return Nature.SCALED  # most readings stand at 0: nothing tells
    more = high - low
    factor = float(low @ high) / max(float(low @ low), 1e-300)
    scaled, added = float(np.sum((high - low * factor) ** 2)), float(np.sum((more - more.mean()) ** 2))
    if added < CLEARLY * scaled and float(more.std()) <= ALIKE * float(more.mean()):
        return Nature.ADDED
    claimed = max(jump.factor, 1 / jump.factor)
    if hours is not None and (np.mean(low[high > 0] == 0) >= MOSTLY_0 or factor < np.cbrt(claimed)):
        return Nature.REST
    return Nature.SCALED


def _levels(first: np.datetime64, last: np.datetime64, periods: list[DailyData], hours: HourlyData | None) -> Floats:
    """Median of each hour of open and of off days (48), or of each weekday (7); nan where there are too few."""
    day = np.concatenate([period.day for period in periods])
    energy = np.concatenate([period.energy for period in periods])
    inside = (day >= first) & (day <= last) & np.isfinite(energy)
    if hours is None or not len(hours.start):
        return _medians(weekday_of(day[inside]), energy[inside], 7)
    closed = np.concatenate([period.closed for period in periods])
    window = np.abs((hours.start - first.astype("datetime64[s]")) / np.timedelta64(86400, "s")) <= 2 * WINDOW
    of_hour, clock = local_hours(hours.start[window], hours.timezone)
    value = hours.energy[window]
    shut: Days = day[inside & closed]
    off = (weekday_of(of_hour) >= 5) | np.isin(of_hour, shut)
    keep = (of_hour >= first) & (of_hour <= last) & np.isfinite(value) & np.isin(of_hour, day[inside])
    return _medians((clock + 24 * off)[keep], value[keep], 48)


def _medians(slot: NDArray[np.int64], value: Floats, count: int) -> Floats:
    parts = [value[slot == one] for one in range(count)]
    return np.array([np.median(part) if len(part) >= FEWEST else np.nan for part in parts])
