"""What is shown of the rivers: their level, their rise, the next threshold, and the highest that the next two days may
bring."""

import datetime as dt
from collections.abc import Iterable

import numpy as np

from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group, Subject
from mitoyen.operate.shown import Cell, Number, Shown
from mitoyen.operate.windows import HOUR, hours, means, number
from mitoyen.usages.floods.ahead import STEPS, ahead
from mitoyen.usages.floods.levels import LEVEL, STAGES, smoothed, trend


def rivers(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Each gauge: level, centimetres an hour, what is left to the next threshold, and the 48 hours to come."""
    rows: list[tuple[Cell, ...]] = []
    streams: list[int] = []
    highest: Number | None = None
    now = dt.datetime.min
    for group in groups:
        now = group.now
        for one in group.subjects:
            time, level = smoothed(one.windows.get(LEVEL))
            if not len(level):
                continue
            late = time > time[-1] - 3 * HOUR
            here, slope = float(level[-1]), trend(time[late], level[late]) if late.sum() >= 3 else 0.0
            left = [limit - here for limit in _limits(one) if limit > here]
            ahead = _ahead(one, group)
            likely, at_most = ahead or (None, None)
            levels = [_to_the_cm(each) for each in (min(left) if left else None, likely, at_most)]
            rows.append((one.name, _to_the_cm(here), 100 * slope, *levels, _told(one)))
            streams.append(one.windows[LEVEL].datastream)
            if highest is None or here > (highest.value or 0):
                highest = Number("highest", here, "m")
    if not rows or highest is None:
        return None
    return Shown(
        numbers=(highest,),
        first=now.date(),
        last=(now + dt.timedelta(hours=STEPS)).date(),
        rows=tuple(rows),
        datastreams=tuple(streams),
    )


def _ahead(one: Subject, group: Group) -> tuple[float, float] | None:
    """The highest level to come in 48 hours, and the one that nine times in ten is not passed."""
    values = means(one.windows[LEVEL], hours(group.start, group.now))
    known = np.flatnonzero(np.isfinite(values))
    made = ahead(values[: known[-1] + 1]) if len(known) else None
    return None if made is None else (float(made.value.max()), float(made.high.max()))


def _to_the_cm(level: float | None) -> float | None:
    return None if level is None else round(level, 2)


def _limits(one: Subject) -> list[float]:
    found = (number(one.attributes, f"{stage}_m") for stage in STAGES)
    return [limit for limit in found if limit is not None]


def _told(one: Subject) -> str:
    return str(one.attributes.get("tell_first") or "–")
