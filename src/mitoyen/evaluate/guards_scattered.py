"""Zeros scattered over a meter's readings that stand for missing ones, however many there are.

Counting days alike fails once zeros are as common as readings: they then look like a habit. What gives them away is
where they stand. Each hour at 0 is compared with the same hour of the same weekday in the weeks around it: before and
after, the meter read its usual level there, and hardly ever anything in between; it was as warm or warmer, where the
meter heats. A leak that begins, a heating season that ends or a change of level has such readings on one side alone.

Closed weeks look alike, but begin with an off day (or the evening before) and end with one: when most stretches of
zeros do, those that do are left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import Bools, DailyData, Days, Floats, HourlyData
from mitoyen.evaluate.baseline_features import weekday_of
from mitoyen.evaluate.calendar import local_hours

WEEKS = 4
"""Weeks looked at before and after."""
FEWEST = 3
"""Readings wanted in them, on both sides together."""
STEPS = 5.0
"""The usual level is at least so many of the meter's smallest steps: a coarse meter reads 0 by nature."""
LEAST_LEVEL = 0.1
"""And this share of the meter's mean."""
BETWEEN = 0.2
"""A reading under this share of the usual level lies between it and 0."""
SHORT = 6
"""Hours: shorter runs count only on a meter that hardly ever reads in between."""
FEWEST_HOURS = 3
"""Hours of a run that must be unlike the weeks around it, or all of them."""
HABIT = 0.6
"""Share of the runs that begin and end with off days from which they are closed weeks, not missing readings."""
NOON = 12
MAY_REST = 12.0
"""°C: mean of the day from which heating may be off."""


@dataclass(frozen=True)
class _Grid:
    """Readings by local day and hour, in order: `value` (days, hours a day), nan where there is none."""

    day: Days
    value: Floats
    temperature: Floats
    off: Bools


def scattered_days(periods: Sequence[DailyData], hours: HourlyData | None, *, heats: bool) -> list[Bools]:
    """For each period, the days on which scattered zeros stand for missing readings. A meter that `heats` may rest on
    days that are mild, or warmer than those it is compared with."""
    found = []
    for period in periods:
        lost = np.zeros(len(period.day), bool)
        if len(period.day):
            grid = _grid(period, hours)
            if np.any(grid.value == 0):
                lost = _lost(grid, heats=heats)[: len(period.day)]
        found.append(lost)
    return found


def _grid(period: DailyData, hours: HourlyData | None) -> _Grid:
    """Whole weeks from the period's first day on; hours that a clock change doubles are added up."""
    count = -(-len(period.day) // 7) * 7
    day = period.day[0] + np.arange(count)
    more = count - len(period.day)
    off = np.append((weekday_of(period.day) >= 5) | period.closed, weekday_of(day[len(period.day) :]) >= 5)
    temperature = np.append(period.temperature, np.full(more, np.nan))
    if hours is None or not len(hours.start):
        return _Grid(day, np.append(period.energy, np.full(more, np.nan))[:, None], temperature, off)
    of_hour, clock = local_hours(hours.start, hours.timezone)
    place = (of_hour - day[0]).astype(np.int64) * 24 + clock
    inside = (place >= 0) & (place < len(period.day) * 24) & np.isfinite(hours.energy)
    read = np.bincount(place[inside], minlength=count * 24)
    sums = np.bincount(place[inside], hours.energy[inside], count * 24)
    return _Grid(day, np.where(read > 0, sums, np.nan).reshape(count, 24), temperature, off)


def _lost(grid: _Grid, *, heats: bool) -> Bools:
    unlike, between, known = _compared(grid, heats=heats)
    if heats:
        unlike &= ~(grid.temperature >= MAY_REST)[:, None]
    zero = (grid.value == 0).ravel()
    run = _runs(zero)
    count = int(run.max()) + 1
    length = np.bincount(run[zero], minlength=count)
    strange = np.bincount(run[zero], unlike.ravel()[zero], count)
    a_day = grid.value.shape[1]
    kept = (strange >= min(FEWEST_HOURS, a_day)) | ((strange == length) & (length > 0))
    kept[0] = False
    if a_day > 1 and between.sum() > strange[kept & (length < SHORT)].sum() / 4:
        kept &= length >= SHORT
    lost = kept[run] & unlike.ravel()
    # Between two off days, what a cistern draws now and then and hours without a usual level don't end the rest.
    lost &= ~_closed_weeks(grid, _runs(zero | (between | ~known).ravel()), lost)
    days: Bools = lost.reshape(grid.value.shape).any(axis=1)
    return days


def _compared(grid: _Grid, *, heats: bool) -> tuple[Bools, Bools, Bools]:
    """Zeros where the weeks around read the usual level, readings between that level and 0, and where one is known."""
    value = grid.value
    used = value[value > 0]
    if not len(used):
        nothing = np.zeros(value.shape, bool)
        return nothing, nothing, nothing
    weeks = value.reshape(-1, 7 * value.shape[1])
    degrees = np.repeat(grid.temperature, value.shape[1]).reshape(weeks.shape)
    sides = []
    for shifts in (range(-WEEKS, 0), range(1, WEEKS + 1)):
        around = np.stack([_shifted(weeks, shift) for shift in shifts])
        if heats:
            cooler = np.stack([_shifted(degrees, shift) for shift in shifts]) < degrees[None] - 1.0
            around = np.where(cooler, np.nan, around)
        sides.append(np.where(around > 0, around, np.inf))
    both = np.concatenate(sides)
    both.sort(axis=0)
    count = np.isfinite(both).sum(axis=0)
    on_both_sides = np.isfinite(sides[0]).any(axis=0) & np.isfinite(sides[1]).any(axis=0)
    usual = np.take_along_axis(both, np.maximum(count - 1, 0)[None] // 2, axis=0)[0]
    least = max(STEPS * _step(used), LEAST_LEVEL * float(used.mean()))
    known = (count >= FEWEST) & on_both_sides & np.isfinite(usual) & (usual >= least)
    unlike = known & (weeks == 0) & (both[0] >= BETWEEN * np.where(known, usual, 0))
    between = known & (weeks > 0) & (weeks < BETWEEN * usual)
    return unlike.reshape(value.shape), between.reshape(value.shape), known.reshape(value.shape)


def _shifted(weeks: Floats, by: int) -> Floats:
    moved = np.full(weeks.shape, np.nan)
    if abs(by) < len(weeks):
        moved[max(-by, 0) : len(weeks) - max(by, 0)] = weeks[max(by, 0) : len(weeks) - max(-by, 0)]
    return moved


def _step(used: Floats) -> float:
    """The smallest difference between two of the meter's readings, but for rounding."""
    values = np.unique(np.round(used, 6))
    return float(min(values[0], np.diff(values).min())) if len(values) > 1 else float(values[0])


def _runs(zero: Bools) -> NDArray[np.int64]:
    """Number of the run of zeros that each place belongs to; 0 outside."""
    begins = zero & ~np.concatenate([[False], zero[:-1]])
    number: NDArray[np.int64] = np.cumsum(begins)
    return np.where(zero, number, 0)


def _closed_weeks(grid: _Grid, rest: NDArray[np.int64], lost: Bools) -> Bools:
    """The places in stretches of rest that begin and end with off days, where most that hold anything lost do.

    `rest`: number of the stretch that each place belongs to, 0 outside.
    """
    places = np.flatnonzero(rest)
    numbers, first = np.unique(rest[places], return_index=True)
    begins = places[first]
    ends = places[np.append(first[1:], len(places)) - 1]
    a_day = grid.value.shape[1]
    off = np.concatenate([[True], grid.off, [True]])
    begins_off = _at_edge(off, begins, a_day, before=True) | (begins == 0)
    ends_off = _at_edge(off, ends, a_day, before=False) | (ends == len(rest) - 1)
    closed = np.zeros(int(rest.max()) + 1, bool)
    closed[numbers] = begins_off & ends_off
    concerned = np.unique(rest[lost])
    if not len(concerned) or closed[concerned].mean() < HABIT:
        return np.zeros(len(rest), bool)
    inside: Bools = closed[rest]
    return inside


def _at_edge(off: Bools, place: NDArray[np.int64], a_day: int, *, before: bool) -> Bools:
    """Whether a place lies in an off day, in the afternoon before one or in the morning after one.

    `off` has a day more at either end. Where there is one reading a day, a run begins on the day after an off day and
    ends on the day before one.
    """
    day, hour = place // a_day + 1, place % a_day
    if a_day == 1:
        return off[day] | off[day - 1 if before else day + 1]
    edge: Bools = off[day] | (off[day + 1] & (hour >= NOON)) | (off[day - 1] & (hour < NOON))
    return edge
