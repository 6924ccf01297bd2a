"""Sensors that drift: what each shows against the median of the others, this week against the weeks before.

Weather and traffic move all of them; a sensor that ages moves alone. A place of its own (a street canyon) is a
difference that was always there, and no drift.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import Times
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting, Subject
from mitoyen.operate.windows import Floats, before_fault, hours, local, means, moment

# Compared by differences; pollutants by shares, as differences of logarithms.
ABSOLUTE = ("temperature", "humidity")
_LEAST_OTHERS = 3
_LEAST_DAYS = 10
_HOURS_A_DAY = 12
# Nothing is told of what is next to nothing (µg/m³): a share of it says little.
_LEAST_LEVEL = 0.5
# Share of the least shift that each of the last days must show; and from which on others are not judged by a sensor.
EACH_DAY, SUSPECT = 0.6, 0.6
# No two sensors are known to agree better than this, in degrees or shares.
_LEAST_SPREAD = 0.03


@dataclass(frozen=True, slots=True)
class Apart:
    """A sensor's days against what its neighbours say: `apart` (about zero while it does not drift), its own `level`,
    how much runs of days used to vary, the first of the last days and their mean."""

    subject: Subject
    apart: Floats
    level: Floats
    spread: float
    since: np.datetime64
    shift: float


def drift(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Sensors whose last `drift_days` days lie apart from what their difference to the others used to be."""
    bounds = hours(group.start, group.now)
    day, _hour = local(bounds)
    for observed in rule.properties:
        heard = [one for one in group.subjects if observed in one.windows]
        if len(heard) <= _LEAST_OTHERS:
            continue
        relative = observed not in ABSOLUTE
        values = np.array([means(one.windows[observed], bounds) for one in heard])
        told = np.log(np.maximum(values, _LEAST_LEVEL)) if relative else values
        for one in _drifting(rule, heard, told, day, relative=relative):
            shift = one.shift
            level = float(np.median(one.level[-int(rule.thresholds["drift_days"]) :]))
            by = float(np.exp(level) - np.exp(level - shift)) if relative else shift
            if abs(by) < rule.thresholds["least"]:
                continue
            percent = 100 * float(np.expm1(shift)) if relative else 100 * shift / level if level else None
            window = one.subject.windows[observed]
            facts = {"shift": by, "percent": percent, "property": observed, "unit": window.unit}
            since = moment(bounds[:-1][day == one.since][0])
            yield Sighting(one.subject.thing, since, moment(window.time[-1]), 0.85, observed, observed, facts)


def _drifting(
    rule: AlertRule, heard: Sequence[Subject], values: Floats, day: Times, *, relative: bool
) -> Iterator[Apart]:
    """The one that drifts most, then the one that does so against the others without it, and so on."""
    late, left = int(rule.thresholds["drift_days"]), list(range(len(heard)))
    days, own = _daily(values, day)
    between = np.array([_daily(one - values, day)[1] for one in values])
    while len(left) > _LEAST_OTHERS:
        others = {row: between[row, [one for one in left if one != row]] for row in left}
        seen = {row: one for row in left if (one := _apart(heard[row], days, own[row], others[row], late))}
        if not seen:
            return
        # A few weeks tell little of how much one sensor varies: no less than the others do.
        usual = float(np.median([one.spread for one in seen.values()]))
        beyond: dict[int, float] = {}
        for row, one in seen.items():
            least = rule.thresholds["times_spread"] * max(one.spread, usual)
            least = max(least, float(np.log1p(rule.thresholds["share"]))) if relative else least
            if one.subject.attributes.get("reference") != "yes":
                beyond[row] = abs(one.shift) / least
        worst = max(beyond, key=beyond.__getitem__, default=-1)
        if worst < 0 or beyond[worst] < SUSPECT:
            return
        # On its way there, or on some of the days only: nothing is told of it yet, nor is it what others are told by.
        same_way = float((seen[worst].apart[-late:] * np.sign(seen[worst].shift)).min())
        if beyond[worst] >= 1 and same_way >= EACH_DAY * abs(seen[worst].shift) / beyond[worst]:
            yield seen[worst]
        left.remove(worst)


def _apart(subject: Subject, days: Times, own: Floats, others: Floats, late: int) -> Apart | None:
    """Each day's difference to every other sensor less its usual one; those that used to move with it count for more.

    A day or a place that brings more to all of them, or always more to this one, is no difference.
    """
    known = np.isfinite(own) & (np.isfinite(others).sum(axis=0) >= _LEAST_OTHERS)
    days, own, others = days[known], own[known], others[:, known]
    # What came just before the last days may be the beginning of the same drift: no past of it.
    past = min(len(days) - 2 * late, int(before_fault(subject, days).sum()))
    if past < _LEAST_DAYS:
        return None
    others = others[np.isfinite(others[:, :past]).sum(axis=1) >= _LEAST_DAYS]
    if len(others) < _LEAST_OTHERS:
        return None
    others = others - np.nanmedian(others[:, :past], axis=1)[:, None]
    spread = 1.4826 * np.nanmedian(np.abs(others[:, :past]), axis=1)
    apart = _weighted(others, 1 / np.maximum(spread, _LEAST_SPREAD))
    apart = apart - float(np.median(apart[:past]))
    runs = np.convolve(apart[:past], np.ones(late) / late, "valid")
    varies = max(float(np.sqrt(np.mean(runs**2))), _LEAST_SPREAD)
    return Apart(subject, apart, own, varies, days[-late], float(apart[-late:].mean()))


def _weighted(rows: Floats, weight: Floats) -> Floats:
    """The weighted median of each column, of what is known there."""
    order = np.argsort(rows, axis=0)
    held = np.where(np.isfinite(rows), weight[:, None], 0.0)
    total = np.cumsum(np.take_along_axis(held, order, axis=0), axis=0)
    at = (total >= 0.5 * total[-1]).argmax(axis=0)
    found: Floats = np.take_along_axis(rows, order, axis=0)[at, np.arange(rows.shape[1])]
    return found


def _daily(values: Floats, day: NDArray[np.datetime64]) -> tuple[NDArray[np.datetime64], Floats]:
    """The median of each day, of every row; nan where less than half of it is known."""
    days, first = np.unique(day, return_index=True)
    # A row a day, its hours side by side; a day that clocks change on has 23 or 25.
    table = np.full((len(values), len(days), int(np.diff(np.append(first, len(day))).max(initial=0))), np.nan)
    row = np.searchsorted(days, day)
    table[:, row, np.arange(len(day)) - first[row]] = values
    known = np.isfinite(table).sum(axis=2)
    ordered = np.sort(table, axis=2)
    low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, table.shape[2] - 1)
    middle = (np.take_along_axis(ordered, low[..., None], 2) + np.take_along_axis(ordered, high[..., None], 2)) / 2
    return days, np.where(known >= _HOURS_A_DAY, middle[..., 0], np.nan)
