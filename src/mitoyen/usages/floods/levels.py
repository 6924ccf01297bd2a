"""A river's level against its thresholds, its rise, and gauges that hang.

Waves, boats and branches before a radar move single readings by decimetres: levels are running medians of five. The
rise is Theil and Sen's slope (the median of all slopes), which a few wild readings don't bend.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import Times
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting, Subject, Window
from mitoyen.operate.windows import Floats, moment, number

LEVEL = "level"
HOUR = np.timedelta64(3600, "s")
STAGES = ("yellow", "orange", "red")
_MEDIAN_OF = 5
_MOST_POINTS = 120


def yellow(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Above the first level of vigilance, below the next."""
    yield from _above("yellow", rule, group)


def orange(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Above the second one, below the third."""
    yield from _above("orange", rule, group)


def red(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Above the third one."""
    yield from _above("red", rule, group)


def rising(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Rising by `rise_an_hour` over the last `hours`, towards a threshold that it would reach within `ahead` hours."""
    for subject in group.subjects:
        time, level = smoothed(subject.windows.get(LEVEL))
        if not len(level):
            continue
        late = time > time[-1] - _hours(rule.thresholds["hours"])
        if late.sum() < 3 or time[late][-1] - time[late][0] < 0.6 * _hours(rule.thresholds["hours"]):
            continue
        slope = trend(time[late], level[late])
        next_stage = next((one for one in STAGES if level[-1] < (number(subject.attributes, f"{one}_m") or -1)), None)
        if slope < rule.thresholds["rise_an_hour"] or next_stage is None:
            continue
        missing = (number(subject.attributes, f"{next_stage}_m") or 0) - float(level[-1])
        if missing / slope > rule.thresholds["ahead"]:
            continue
        facts = _facts(subject, float(level[-1]), slope) | {
            "reach_hours": missing / slope,
            "limit": missing + float(level[-1]),
        }
        yield Sighting(subject.thing, moment(time[late][0]), moment(time[-1]), 0.85, "", LEVEL, facts)


def stuck(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """The very same level for `hours`, where it never stood still for half as long in the weeks before."""
    for subject in group.subjects:
        window = subject.windows.get(LEVEL)
        if window is None or len(window.value) < 50:
            continue
        known = np.isfinite(window.value)
        time, value = window.time[known], window.value[known]
        moved = np.flatnonzero(np.abs(np.diff(value)) > rule.thresholds["within"])
        first = int(moved[-1]) + 1 if len(moved) else 0
        lasted = time[-1] - time[first]
        if first == 0 or len(value) - first < 8 or lasted < _hours(rule.thresholds["hours"]):
            continue
        edges = np.concatenate([[0], moved[:-1] + 1])
        if len(edges) > 1 and (time[moved] - time[edges]).max() > 0.5 * lasted:
            continue
        facts = {"level": float(value[-1]), "stuck_hours": round(float(lasted / HOUR))}
        yield Sighting(subject.thing, moment(time[first]), moment(time[-1]), 0.9, "", LEVEL, facts)


def trend(time: Times, level: Floats) -> float:
    """Metres an hour: the median of the slopes between all pairs (Theil 1950; Sen 1968)."""
    step = max(1, len(level) // _MOST_POINTS)
    x, y = (time[::step] - time[0]) / HOUR, level[::step]
    i, j = np.triu_indices(len(x), 1)
    apart = x[j] - x[i]
    good = apart > 0
    return float(np.median((y[j] - y[i])[good] / apart[good])) if good.any() else 0.0


def _above(stage: str, rule: AlertRule, group: Group) -> Iterator[Sighting]:
    for subject in group.subjects:
        limit = number(subject.attributes, f"{stage}_m")
        time, level = smoothed(subject.windows.get(LEVEL))
        if limit is None or len(level) < rule.thresholds["readings"]:
            continue
        higher = STAGES.index(stage) + 1
        above = number(subject.attributes, f"{STAGES[higher]}_m") if higher < len(STAGES) else None
        first = _since(level, limit, rule)
        # The next stage takes over once it is sure: in between, this one still holds.
        if first is None or (above is not None and _since(level, above, rule) is not None):
            continue
        late = time > time[-1] - 3 * HOUR
        slope = trend(time[late], level[late]) if late.sum() >= 3 else 0.0
        facts = _facts(subject, float(level[-1]), slope) | {"limit": limit}
        yield Sighting(subject.thing, moment(time[first]), moment(time[-1]), 0.95, "", LEVEL, facts)


def _since(level: Floats, limit: float, rule: AlertRule) -> int | None:
    """Place at which it came above `limit` without having gone `clear` below it since; None when it is not above, or
    for fewer than `readings`."""
    below = np.flatnonzero(level < limit - rule.thresholds["clear"])
    start = int(below[-1]) + 1 if len(below) else 0
    over = np.flatnonzero(level[start:] >= limit)
    first = start + int(over[0]) if len(over) else None
    return None if first is None or len(level) - first < rule.thresholds["readings"] else first


def _facts(subject: Subject, level: float, slope: float) -> dict[str, object]:
    """What every sentence about a level tells, and under which topic of a service people can be told of it."""
    return {
        "tell_about": "flood",
        "level": level,
        "river": str(subject.attributes.get("river") or subject.name),
        "rise_cm": 100 * slope,
        "tell_first": str(subject.attributes.get("tell_first") or "–"),
    }


def smoothed(window: Window | None) -> tuple[Times, Floats]:
    """Medians of five readings on end, at the time of the last."""
    nothing: tuple[Times, NDArray[np.float64]] = (np.empty(0, "M8[us]"), np.empty(0))
    if window is None:
        return nothing
    known = np.isfinite(window.value)
    time, value = window.time[known], window.value[known]
    if len(value) < _MEDIAN_OF:
        return nothing
    rows = np.lib.stride_tricks.sliding_window_view(value, _MEDIAN_OF)
    return time[_MEDIAN_OF - 1 :], np.median(rows, axis=1)


def _hours(count: float) -> np.timedelta64:
    return np.timedelta64(round(3600 * count), "s")
