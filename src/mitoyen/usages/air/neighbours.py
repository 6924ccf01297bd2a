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
# Share of the least shift that each of the last days must show.
EACH_DAY = 0.6
# No two sensors are known to agree better than this, in degrees or shares.
_LEAST_SPREAD = 0.03


@dataclass(frozen=True, slots=True)
class Apart:
    """A sensor's days against what its neighbours say: `apart` (about zero while it does not drift), its own `level`,
    how much runs of days used to vary, and the first of the last days."""

    subject: Subject
    apart: Floats
    level: Floats
    spread: float
    since: np.datetime64


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
        for one, shift in _drifting(rule, heard, told, day, relative=relative):
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
) -> Iterator[tuple[Apart, float]]:
    """The one that drifts most with its shift, then the one that does so against the others without it, and so on."""
    late, left = int(rule.thresholds["drift_days"]), list(range(len(heard)))
    while len(left) > _LEAST_OTHERS:
        seen = {row: one for row in left if (one := _apart(heard[row], values[left], left.index(row), day, late))}
        if not seen:
            return
        # A few weeks tell little of how much one sensor varies: no less than the others do.
        usual = float(np.median([one.spread for one in seen.values()]))
        worst, most = -1, 1.0
        for row, one in seen.items():
            least = rule.thresholds["times_spread"] * max(one.spread, usual)
            least = max(least, float(np.log1p(rule.thresholds["share"]))) if relative else least
            beyond = _beyond(one.apart[-late:], least)
            if beyond >= most and one.subject.attributes.get("reference") != "yes":
                worst, most = row, beyond
        if worst < 0:
            return
        yield seen[worst], float(seen[worst].apart[-late:].mean())
        left.remove(worst)


def _beyond(after: Floats, least: float) -> float:
    """How many times the least shift the mean of these days is; 0 where not all of them are well on that side."""
    shift = float(after.mean())
    return abs(shift) / least if (after * np.sign(shift)).min() >= EACH_DAY * least else 0.0


def _apart(subject: Subject, values: Floats, row: int, day: Times, late: int) -> Apart | None:
    """Each day's difference to every other sensor less its usual one; those that used to move with it count for more.

    A day or a place that brings more to all of them, or always more to this one, is no difference.
    """
    days, own = _daily(values[row], day)
    others = np.array([_daily(values[row] - one, day)[1] for n, one in enumerate(values) if n != row])
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
    return Apart(subject, apart, own, max(float(np.sqrt(np.mean(runs**2))), _LEAST_SPREAD), days[-late])


def _weighted(rows: Floats, weight: Floats) -> Floats:
    """The weighted median of each column, of what is known there."""
    order = np.argsort(rows, axis=0)
    held = np.where(np.isfinite(rows), weight[:, None], 0.0)
    total = np.cumsum(np.take_along_axis(held, order, axis=0), axis=0)
    at = (total >= 0.5 * total[-1]).argmax(axis=0)
    found: Floats = np.take_along_axis(rows, order, axis=0)[at, np.arange(rows.shape[1])]
    return found


def _daily(values: Floats, day: NDArray[np.datetime64]) -> tuple[NDArray[np.datetime64], Floats]:
    """The median of each day; nan where less than half of it is known."""
    days, first = np.unique(day, return_index=True)
    # A row a day, its hours side by side; a day that clocks change on has 23 or 25.
    table = np.full((len(days), int(np.diff(np.append(first, len(day))).max(initial=0))), np.nan)
    row = np.searchsorted(days, day)
    table[row, np.arange(len(day)) - first[row]] = values
    known = np.isfinite(table).sum(axis=1)
    ordered, at = np.sort(table, axis=1), np.arange(len(days))
    middle = (ordered[at, np.maximum(known - 1, 0) // 2] + ordered[at, np.minimum(known // 2, table.shape[1] - 1)]) / 2
    return days, np.where(known >= _HOURS_A_DAY, middle, np.nan)
