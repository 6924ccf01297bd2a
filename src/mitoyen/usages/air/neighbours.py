"""Sensors that drift: what each shows against the median of the others, this week against the weeks before.

Weather and traffic move all of them; a sensor that ages moves alone. A place of its own (a street canyon) is a
difference that was always there, and no drift.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting
from mitoyen.operate.windows import Floats, hours, local, means, moment

# Compared by differences; pollutants by shares.
ABSOLUTE = ("temperature", "humidity")
_LEAST_OTHERS = 3
_LEAST_DAYS = 10
_HOURS_A_DAY = 12


def drift(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Sensors whose last `drift_days` days all lie apart from what their difference to the others used to be."""
    bounds = hours(group.start, group.now)
    day, _hour = local(bounds)
    for observed in rule.properties:
        heard = [one for one in group.subjects if observed in one.windows]
        if len(heard) <= _LEAST_OTHERS:
            continue
        values = np.array([means(one.windows[observed], bounds) for one in heard])
        for row, subject in enumerate(heard):
            if subject.attributes.get("reference") == "yes":
                continue
            found = _drifted(rule, values, row, day, relative=observed not in ABSOLUTE)
            if found is None:
                continue
            first, shift, level = found
            since = moment(bounds[:-1][day == first][0])
            last = moment(bounds[1:][np.isfinite(values[row])][-1])
            facts = {"shift": shift, "percent": 100 * shift / level if level else None, "property": observed}
            facts["unit"] = subject.windows[observed].unit
            yield Sighting(subject.thing, since, last, 0.85, observed, observed, facts)


def _drifted(
    rule: AlertRule, values: Floats, row: int, day: NDArray[np.datetime64], *, relative: bool
) -> tuple[np.datetime64, float, float] | None:
    """First day of the drift, its size, the others' level; None where there is none.

    A street keeps its share of a pollutant, whatever the day brings (`relative`); degrees are compared as they are.
    """
    others = _median(np.delete(values, row, axis=0))
    known = np.isfinite(values[row]) & np.isfinite(others) & (~np.array(relative) | (others > 0))
    days, own = _daily(np.where(known, values[row], np.nan), day)
    _same, level = _daily(np.where(known, others, np.nan), day)
    apart = own / np.maximum(level, 1e-9) if relative else own - level
    late = int(rule.thresholds["drift_days"])
    if len(days) < _LEAST_DAYS + late:
        return None
    before, after = apart[:-late], apart[-late:]
    usual = float(np.median(before))
    spread = 1.4826 * float(np.median(np.abs(before - usual)))
    shift = float(np.median(after)) - usual
    least = max(
        rule.thresholds["times_spread"] * spread,
        rule.thresholds["share"] * usual if relative else rule.thresholds["least"],
        float(np.abs(before - usual).max()),
    )
    same_way = (np.sign(after - usual) == np.sign(shift)).all()
    if abs(shift) < least or not same_way or np.abs(after - usual).min() < 0.5 * least:
        return None
    here = float(np.median(level[-late:]))
    if relative and abs(shift) * here < rule.thresholds["least"]:
        return None
    return days[-late], shift * here if relative else shift, here


def _daily(values: Floats, day: NDArray[np.datetime64]) -> tuple[NDArray[np.datetime64], Floats]:
    """Medians of the days that half a day at least is known of."""
    days, found = [], []
    for one in np.unique(day):
        known = values[day == one]
        known = known[np.isfinite(known)]
        if len(known) >= _HOURS_A_DAY:
            days.append(one)
            found.append(float(np.median(known)))
    return np.array(days, "M8[D]"), np.array(found)


def _median(rows: Floats) -> Floats:
    """The middle of the rows at each hour; nan where fewer than three are known."""
    ordered = np.sort(rows, axis=0)
    known = np.isfinite(rows).sum(axis=0)
    column = np.arange(rows.shape[1])
    middle = (
        ordered[np.maximum(known - 1, 0) // 2, column] + ordered[np.minimum(known // 2, len(rows) - 1), column]
    ) / 2
    return np.where(known >= _LEAST_OTHERS, middle, np.nan)
