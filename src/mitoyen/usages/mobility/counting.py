"""Counters that count too much, too little or nothing, told by what the same hours of the weeks before counted."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import Times
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting, Subject
from mitoyen.operate.windows import Floats, amounts, before_fault, hours, local, moment, number

OCCUPANCY, COUNT = "occupancy", "count"
_LEAST_WEEKS = 3
# Full or empty, a car park rests for longer.
_AT_THE_END = 5
_MOST_GAP = np.timedelta64(6 * 3600, "s")


@dataclass(frozen=True, slots=True)
class Typical:
    """What each hour of the week usually shows: the median of the weeks, their lowest and highest; nan where fewer than
    three weeks know it. (168,) arrays, Monday's first hour first, by the clock on the wall."""

    median: Floats
    low: Floats
    high: Floats


def typical(values: Floats, place: NDArray[np.int64]) -> Typical:
    """`place` is each hour's place in the week, from 0 to 167."""
    # A row a week: a new one begins where the place goes back. The hour that clocks go back over counts once.
    week = np.cumsum(np.diff(place, prepend=place[:1]) < -1)
    table = np.full((int(week[-1]) + 1 if len(week) else 1, 168), np.nan)
    table[week, place] = values
    table = np.sort(table, axis=0)
    known = np.isfinite(table).sum(axis=0)
    column, enough = np.arange(168), known >= _LEAST_WEEKS
    middle = (table[np.maximum(known - 1, 0) // 2, column] + table[known // 2 * (known > 0), column]) / 2
    highest = table[np.maximum(known - 1, 0), column]
    return Typical(*(np.where(enough, one, np.nan) for one in (middle, table[0], highest)))


def week_place(bounds: Times) -> NDArray[np.int64]:
    """Place in the week (local) of each hour."""
    days, hour = local(bounds)
    return (days.astype(np.int64) + 3) % 7 * 24 + hour


def above_capacity(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Car parks that show more cars than places at their last readings on end."""
    for subject in group.subjects:
        window, capacity = subject.windows.get(OCCUPANCY), number(subject.attributes, "capacity")
        if window is None or capacity is None or not len(window.value):
            continue
        most = capacity * (1 + rule.thresholds["share"])
        below = np.flatnonzero(~(window.value > most))
        first = int(below[-1]) + 1 if len(below) else 0
        if len(window.value) - first < rule.thresholds["readings"]:
            continue
        value = float(window.value[-1])
        facts = {"value": value, "capacity": capacity, "above": value - capacity}
        yield Sighting(subject.thing, moment(window.time[first]), moment(window.time[-1]), 0.95, "", OCCUPANCY, facts)


def stuck_occupancy(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """The same number of cars through hours in which, in the weeks before, it nearly always changed."""
    for subject in group.subjects:
        window = subject.windows.get(OCCUPANCY)
        if window is None or len(window.value) < 100:
            continue
        time, value = window.time, window.value
        changes = np.flatnonzero(np.diff(value) != 0)
        first = int(changes[-1]) + 1 if len(changes) else 0
        if first == 0 or len(value) - first < 4 or np.diff(time[first:]).max() > _MOST_GAP:
            continue
        lasted = float((time[-1] - time[first]) / np.timedelta64(3600, "s"))
        if lasted < rule.thresholds["hours"] * (_AT_THE_END if _is_full_or_empty(subject, value[-1]) else 1):
            continue
        if _longest_still(time[: first + 1], value[: first + 1]) > 0.6 * lasted:
            # Empty at night, full at noon: it has stood still for as long before.
            continue
        moving = _moving_hours(time[: first + 1], value[: first + 1], time[first], time[-1])
        if moving < rule.thresholds["hours"]:
            continue
        facts = {"value": float(value[-1]), "stuck_hours": round(lasted)}
        yield Sighting(
            subject.thing, moment(time[first]), moment(time[-1]), min(0.98, 0.8 + 0.01 * moving), "", OCCUPANCY, facts
        )


def count_lost(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Counters that count next to nothing at hours at which they usually count much."""
    for subject in group.subjects:
        seen = _against_usual(subject, group)
        if seen is None:
            continue
        bounds, counted, usual, lowest = seen
        # Judged on hours that matter; back to the last one that counted as it should.
        busy = np.isfinite(counted) & np.isfinite(usual) & (usual >= 3)
        fine = counted > np.maximum(rule.thresholds["share"] * usual, 0.5 * lowest)
        run = _run(busy, fine)
        expected, got = float(usual[run].sum()), float(counted[run].sum())
        if len(run) < rule.thresholds["hours"] or expected < rule.thresholds["expected"]:
            continue
        facts = {"counted": got, "usual": expected, "percent": 100 * got / expected}
        since, last = moment(bounds[run[0]]), moment(bounds[run[-1] + 1])
        yield Sighting(subject.thing, since, last, 0.95 if got == 0 else 0.8, "", COUNT, facts)


def count_wild(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Counters that count several times the most that these hours ever counted."""
    for subject in group.subjects:
        seen = _against_usual(subject, group)
        if seen is None:
            continue
        bounds, counted, usual, _lowest = seen
        most = _highest(subject, group, bounds)
        known = np.isfinite(counted) & np.isfinite(most)
        run = _run(known, counted < rule.thresholds["times"] * np.maximum(most, 2.0))
        got = float(counted[run].sum())
        if len(run) < rule.thresholds["hours"] or got < rule.thresholds["expected"]:
            continue
        facts = {"counted": got, "usual": float(np.nansum(usual[run])), "wild_hours": len(run)}
        yield Sighting(subject.thing, moment(bounds[run[0]]), moment(bounds[run[-1] + 1]), 0.9, "", COUNT, facts)


def _against_usual(subject: Subject, group: Group) -> tuple[Times, Floats, Floats, Floats] | None:
    """The last week's hours: their bounds, what was counted, and of the weeks before the median and the lowest."""
    window = subject.windows.get(COUNT)
    if window is None or not len(window.time):
        return None
    bounds = hours(group.start, group.now)
    counted = amounts(window, bounds)
    # The last week, or all that was counted since a fault that is open began.
    cut = min(len(counted) - 168, int(before_fault(subject, bounds[:-1]).sum()))
    if cut < 168 * _LEAST_WEEKS:
        return None
    place = week_place(bounds)
    before = typical(counted[:cut], place[:cut])
    late = place[cut:]
    return bounds[cut:], counted[cut:], before.median[late], before.low[late]


def _highest(subject: Subject, group: Group, late: Times) -> Floats:
    """For each hour of `late`, the most that this hour of the week or one beside it counted in the weeks before."""
    bounds = hours(group.start, group.now)
    counted = amounts(subject.windows[COUNT], bounds)
    cut = len(counted) - (len(late) - 1)
    place = week_place(bounds)
    high = typical(counted[:cut], place[:cut]).high
    around = np.nanmax(np.stack([high, np.roll(high, 1), np.roll(high, -1), np.full(168, -1.0)]), axis=0)
    return np.where(around >= 0, around, np.nan)[place[cut:]]


def _run(known: NDArray[np.bool_], fine: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places of the last known hours on end that are not fine."""
    places = np.flatnonzero(known)
    good = np.flatnonzero(fine[places])
    return places[good[-1] + 1 :] if len(good) else places


def _is_full_or_empty(subject: Subject, value: float) -> bool:
    capacity = number(subject.attributes, "capacity")
    return value <= 0 or (capacity is not None and value >= capacity)


def _longest_still(time: Times, value: Floats) -> float:
    """Hours of the longest stretch, up to now, in which the number stayed the same."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(value) != 0) + 1])
    if len(edges) < 2:
        return 0.0
    return float(((time[edges[1:] - 1] - time[edges[:-1]]) / np.timedelta64(3600, "s")).max())


def _moving_hours(time: Times, value: Floats, first: np.datetime64, last: np.datetime64) -> float:
    """Hours between two instants at which, at the same hours of the week before, the number changed in four cases of
    five."""
    bounds = np.arange(time[0].astype("M8[h]"), last.astype("M8[h]") + 1).astype("M8[us]")
    if len(bounds) < 2:
        return 0.0
    which = np.searchsorted(bounds, time, side="right") - 1
    place = week_place(bounds)
    changed = np.zeros(len(bounds) - 1)
    inside = which[1:] < len(changed)
    np.add.at(changed, which[1:][inside], (np.diff(value) != 0)[inside])
    heard = np.bincount(which[which < len(changed)], minlength=len(changed)) >= 1
    past = (bounds[1:] <= first) & heard
    seen = np.bincount(place[past], minlength=168)
    moved = np.bincount(place[past], weights=changed[past] > 0, minlength=168)
    lively = (seen >= 2) & (moved >= 0.8 * seen)
    now = (bounds[:-1] >= first) & (bounds[1:] <= last)
    return float(lively[place[now]].sum())
