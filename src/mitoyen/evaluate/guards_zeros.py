"""Zeros that stand for missing readings: found by what the meter does on other days like these.

A meter may well read 0: heating in summer, water on Sundays, all of it in closed weeks. A zero is taken for a missing
reading when hardly any other day of the same kind (open or off) and about the same temperature rests for as long, in
both periods together and in its own; or, however common zeros are, when the weeks around it say that there was a
reading (`guards_scattered`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import Bools, DailyData, Days, Floats, HourlyData
from mitoyen.evaluate.baseline_features import weekday_of
from mitoyen.evaluate.calendar import local_days
from mitoyen.evaluate.guards_scattered import scattered_days

SHORTEST_RUN = 3
"""Hours at exactly 0 in a row before anyone wonders."""
WHOLE_DAY = 23
"""Hours at 0 in a day that count as all of it: days have 23 to 25, and stamps may be an hour off."""
RARE = 0.05
"""Fewer of the comparable days than this rest for as long: the zeros are no habit."""
LIKE = 3.0
"""°C within which days are comparable."""
FEWEST = 15
"""Comparable days needed, else all days of the same kind are compared."""
CLOSURE = 3
"""Closed weekdays in a row, weekends between them, that make a closure and not a holiday."""
YEAR, SAME_DATE = 365.25, 3
LONGEST_CLOSED, NEARLY_ALL = 120, 0.8
"""Days at 0 in a year, and the share of them found in the other year too, for a closure that comes back."""
LONG_WEEKEND = 3
FEWEST_CLOSED, MOST_CLOSED = 4, 0.75
"""Stretches of three days or more at 0, and the share that begin and end with off days, for weeks when all is closed:
a stretch at random does one time in five."""
WARM, COLD = 14.0, 8.0
RESTS_WHEN_WARM = 0.35
"""A meter that uses less than this share on warm days of what it uses on cold ones heats: 0 in summer is its habit."""


def zero_hours(day: Days, energy: Floats, hours: HourlyData | None) -> Floats:
    """Longest run of hours at exactly 0 within each day; without hours, 24 for a day at 0."""
    longest = np.where(energy == 0, 24.0, 0.0)
    if hours is None or not np.any(hours.energy == 0):
        return longest
    of_hour = local_days(hours.start, hours.timezone)
    zero = hours.energy == 0
    start = np.flatnonzero(np.concatenate([[True], (zero[1:] != zero[:-1]) | (of_hour[1:] != of_hour[:-1])]))
    length = np.diff(np.append(start, len(zero)))
    step = np.median(np.diff(hours.start.astype("datetime64[s]").astype(np.int64))) / 3600 if len(zero) > 1 else 1.0
    runs = zero[start]
    place = (of_hour[start][runs] - day[0]).astype(np.int64)
    inside = (place >= 0) & (place < len(day))
    in_hours = np.zeros(len(day))
    np.maximum.at(in_hours, place[inside], length[runs][inside] * step)
    return np.maximum(in_hours, longest)


def missing_days(periods: Sequence[DailyData], hours: HourlyData | None) -> list[Bools]:
    """For each period, the days on which zeros stand for missing readings. Periods are compared with each other."""
    rest = [zero_hours(p.day, p.energy, hours) if len(p.day) else np.zeros(0) for p in periods]
    temperature = np.concatenate([p.temperature for p in periods])
    energy = np.concatenate([p.energy for p in periods])
    off = np.concatenate([(weekday_of(p.day) >= 5) | p.closed for p in periods])
    day = np.concatenate([p.day for p in periods])
    block = _stretches(day, np.concatenate(rest))
    number = np.repeat(np.arange(len(periods)), [len(p.day) for p in periods])
    heats = _rests_when_warm(energy, temperature)
    closed = _closures(day, off, np.concatenate([p.closed for p in periods]))
    days = _Days(np.concatenate(rest), energy, temperature, off, block, number)
    missing = _missing(days, heats=heats)
    if np.any(days.rest > 0):
        missing |= np.concatenate(scattered_days(periods, hours, heats=heats))
    whole = days.rest >= WHOLE_DAY
    cold = whole & ~(temperature >= WARM) if heats else whole
    missing &= ~(closed | _every_year(day, cold, number))
    missing &= ~_closed_weeks(missing, off, _blocks(day, whole))
    return np.split(missing, np.cumsum([len(p.day) for p in periods])[:-1])


def _stretches(day: Days, rest: Floats) -> NDArray[np.int64]:
    """Number of the stretch of days wholly at 0 that each day belongs to, with those that it begins and ends on.

    Other resting days are stretches of their own; 0 for days that don't rest.
    """
    block = _blocks(day, rest >= WHOLE_DAY)
    resting, alone = (rest >= SHORTEST_RUN) & (block == 0), block == 0
    for by in (1, -1):
        beside = np.roll(np.where(alone, 0, block), by)
        beside[0 if by == 1 else -1] = 0
        block = np.where(resting & (block == 0) & (beside > 0), beside, block)
    left = resting & (block == 0)
    block[left] = block.max() + 1 + np.arange(int(left.sum()))
    return block


def _blocks(day: Days, marked: Bools) -> NDArray[np.int64]:
    """Number of the stretch of marked days, one after the other, that each day belongs to; 0 outside."""
    follows = np.zeros(len(day), bool)
    follows[1:] = marked[:-1] & (np.diff(day.astype(np.int64)) == 1)
    number: NDArray[np.int64] = np.cumsum(marked & ~follows)
    return np.where(marked, number, 0)


def _closures(day: Days, off: Bools, closed: Bools) -> Bools:
    """Days within stretches of off days that hold three closed weekdays or more: a closure, in which 0 is no wonder."""
    stretch = np.cumsum(~off | np.concatenate([[False], np.diff(day.astype(np.int64)) != 1]))
    weekday = closed & (weekday_of(day) < 5)
    inside: Bools = off & (np.bincount(stretch, weekday) >= CLOSURE)[stretch]
    return inside


def _every_year(day: Days, whole: Bools, number: NDArray[np.int64]) -> Bools:
    """Days at 0 at the same dates in both periods, where nearly all such days are: the building closes then."""
    sides = [whole & (number == one) for one in np.unique(number)]
    nothing = np.zeros(len(day), bool)
    if len(sides) != 2 or not all(0 < side.sum() <= LONGEST_CLOSED for side in sides):
        return nothing
    at = day.astype(np.int64)
    years = round(float(at[number == 1][0] - at[number == 0][0]) / YEAR)
    mine, theirs = at[sides[0]], at[sides[1]] - round(years * YEAR)
    apart = np.abs(mine[:, None] - theirs[None, :])
    here, there = apart.min(axis=1) <= SAME_DATE, apart.min(axis=0) <= SAME_DATE
    if min(here.mean(), there.mean()) < NEARLY_ALL:
        return nothing
    nothing[np.flatnonzero(sides[0])[here]] = True
    nothing[np.flatnonzero(sides[1])[there]] = True
    return nothing


def _closed_weeks(missing: Bools, off: Bools, block: NDArray[np.int64]) -> Bools:
    """Days in stretches at 0 that begin and end with off days, where nearly all that seem to be missing do."""
    count = int(block.max()) + 1
    size = np.bincount(block, minlength=count)
    concerned = (np.bincount(block, missing, count) > 0) & (size >= LONG_WEEKEND)
    concerned[0] = False
    off_before = off | np.concatenate([[True], off[:-1]])
    off_after = off | np.concatenate([off[1:], [True]])
    begins = np.bincount(block, np.diff(block, prepend=0).astype(bool) & off_before, count) > 0
    ends = np.bincount(block, np.diff(block, append=0).astype(bool) & off_after, count) > 0
    aligned = begins & ends & (size >= LONG_WEEKEND)
    if concerned.sum() < FEWEST_CLOSED or aligned[concerned].mean() < MOST_CLOSED:
        return np.zeros(len(block), bool)
    inside: Bools = (aligned & (np.arange(count) > 0))[block]
    return inside


@dataclass(frozen=True)
class _Days:
    """All periods' days: longest run of zeros, energy, temperature, kind, stretch of resting days, and period."""

    rest: Floats
    energy: Floats
    temperature: Floats
    off: Bools
    block: NDArray[np.int64]
    period: NDArray[np.int64]


def _missing(days: _Days, *, heats: bool) -> Bools:
    rest, temperature, off, block = days.rest, days.temperature, days.off, days.block
    missing = np.zeros(len(rest), bool)
    suspect = np.flatnonzero(rest >= SHORTEST_RUN)
    if not len(suspect) or not np.any(days.energy[~off] > 0):
        return missing
    known = np.isfinite(days.energy) | (rest > 0)
    other = known[None, :] & (off[suspect, None] == off[None, :]) & (block[suspect, None] != block[None, :])
    near = np.abs(temperature[suspect, None] - temperature[None, :]) <= LIKE
    alike = other & near
    alike = np.where(alike.sum(axis=1, keepdims=True) >= FEWEST, alike, other)
    as_long = alike & (rest[None, :] >= 0.9 * rest[suspect, None])
    # What is a habit in a day's own period is one, though a leak or night work ended it in the other.
    own = days.period[suspect, None] == days.period[None, :]
    rare = _rare(alike, as_long) & (_rare(alike & own, as_long & own) | ((alike & own).sum(axis=1) < FEWEST))
    if np.median(rest[(days.energy > 0) & ~off]) < SHORTEST_RUN:
        # A meter that never rests on a working day: whole ones at 0 such as the other period has none are missing,
        # however many there are.
        rare |= _rare(alike & ~own, as_long & ~own) & ~off[suspect] & (rest[suspect] >= WHOLE_DAY)
    if heats:
        rare &= ~(temperature[suspect] >= WARM)
    missing[suspect[rare]] = True
    # What goes on without a break has one cause: most of the days decide for all of them.
    counts = np.bincount(block, rest >= WHOLE_DAY)
    lost = np.bincount(block, missing & (rest >= WHOLE_DAY), len(counts))
    mostly = (lost > counts / 2) & (np.arange(len(counts)) > 0)
    return missing | (mostly[block] & (rest >= WHOLE_DAY))


def _rare(alike: Bools, as_long: Bools) -> Bools:
    count = alike.sum(axis=1)
    rare: Bools = (count >= FEWEST) & (as_long.sum(axis=1) < RARE * np.maximum(count, 1))
    return rare


def _rests_when_warm(energy: Floats, temperature: Floats) -> bool:
    used = energy > 0
    warm, cold = energy[used & (temperature >= WARM)], energy[used & (temperature <= COLD)]
    return len(cold) >= FEWEST and (len(warm) < FEWEST or warm.mean() < RESTS_WHEN_WARM * cold.mean())
