"""Zeros that stand for missing readings: found by what the meter does on other days like these.

A meter may well read 0: heating in summer, water on Sundays. A zero is taken for a missing reading when hardly any
other day of the same kind (open or off) and about the same temperature rests for as long.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import Bools, DailyData, Days, Floats, HourlyData
from mitoyen.evaluate.baseline_features import weekday_of
from mitoyen.evaluate.calendar import local_days

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
    block = _blocks(np.concatenate([p.day for p in periods]), np.concatenate(rest) >= SHORTEST_RUN)
    missing = _missing(np.concatenate(rest), energy, temperature, off, block)
    return np.split(missing, np.cumsum([len(p.day) for p in periods])[:-1])


def _blocks(day: Days, resting: Bools) -> NDArray[np.int64]:
    """Number of the stretch of days resting one after the other that each day belongs to; 0 outside."""
    follows = np.zeros(len(day), bool)
    follows[1:] = resting[:-1] & (np.diff(day.astype(np.int64)) == 1)
    number: NDArray[np.int64] = np.cumsum(resting & ~follows)
    return np.where(resting, number, 0)


def _missing(rest: Floats, energy: Floats, temperature: Floats, off: Bools, block: NDArray[np.int64]) -> Bools:
    missing = np.zeros(len(rest), bool)
    suspect = np.flatnonzero(rest >= SHORTEST_RUN)
    if not len(suspect):
        return missing
    known = np.isfinite(energy) | (rest > 0)
    other = known[None, :] & (off[suspect, None] == off[None, :]) & (block[suspect, None] != block[None, :])
    near = np.abs(temperature[suspect, None] - temperature[None, :]) <= LIKE
    alike = other & near
    alike = np.where(alike.sum(axis=1, keepdims=True) >= FEWEST, alike, other)
    count = alike.sum(axis=1)
    as_long = (alike & (rest[None, :] >= 0.9 * rest[suspect, None])).sum(axis=1)
    rare = (count >= FEWEST) & (as_long < RARE * np.maximum(count, 1))
    if _rests_when_warm(energy, temperature):
        rare &= ~(temperature[suspect] >= WARM)
    missing[suspect[rare]] = True
    # What goes on without a break has one cause: most of the days decide for all of them.
    counts = np.bincount(block, rest >= WHOLE_DAY)
    lost = np.bincount(block, missing & (rest >= WHOLE_DAY), len(counts))
    mostly = (lost > counts / 2) & (np.arange(len(counts)) > 0)
    return missing | (mostly[block] & (rest >= WHOLE_DAY))


def _rests_when_warm(energy: Floats, temperature: Floats) -> bool:
    used = energy > 0
    warm, cold = energy[used & (temperature >= WARM)], energy[used & (temperature <= COLD)]
    return len(cold) >= FEWEST and (len(warm) < FEWEST or warm.mean() < RESTS_WHEN_WARM * cold.mean())
