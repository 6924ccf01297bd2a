"""What is shown of a commune's car parks and counters: places taken, passages, and the typical hour."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np

from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group
from mitoyen.operate.shown import Cell, Number, Shown
from mitoyen.operate.windows import Floats, amounts, hours, local, means, number
from mitoyen.usages.mobility.counting import COUNT, OCCUPANCY

ROWS = 40


def parking(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Each car park: places, taken at the last reading, on average by day, and the hour that is usually the fullest."""
    rows: list[tuple[Cell, ...]] = []
    taken = places = 0.0
    streams: list[int] = []
    now = dt.datetime.min
    for group in groups:
        now = group.now
        for one in group.subjects:
            window, capacity = one.windows.get(OCCUPANCY), number(one.attributes, "capacity")
            # What shows more cars than places can't be averaged: those readings are left out.
            if window is None or capacity is None or not len(window.value):
                continue
            good = np.isfinite(window.value) & (window.value <= capacity * 1.02)
            if not good.any():
                continue
            bounds = hours(group.start, group.now)
            seen = means(window, bounds)
            seen[seen > capacity * 1.02] = np.nan
            by_hour = _by_hour(seen, local(bounds)[1])
            last = float(window.value[good][-1])
            busiest = int(np.nanargmax(by_hour)) if np.isfinite(by_hour).any() else None
            share = 100 * float(np.nanmax(by_hour)) / capacity if busiest is not None else None
            rows.append((one.name, capacity, last, _hour(busiest), share, 100 * float((~good).mean())))
            taken, places = taken + min(last, capacity), places + capacity
            streams.append(window.datastream)
    if not rows:
        return None
    return Shown(
        numbers=(
            Number("places", places, "1"),
            Number("taken", taken, "1"),
            Number("share", 100 * taken / places, "%"),
        ),
        first=(now - dt.timedelta(days=show.days)).date(),
        last=now.date(),
        rows=tuple(sorted(rows, key=lambda row: -float(row[4] or 0))[:ROWS]),
        datastreams=tuple(streams),
    )


def passages(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Each counter: passages a day on days wholly counted, the busiest hour, the share of hours heard."""
    rows: list[tuple[Cell, ...]] = []
    total, heard, streams = 0.0, [], []
    now = dt.datetime.min
    for group in groups:
        now = group.now
        for one in group.subjects:
            window = one.windows.get(COUNT)
            if window is None or not len(window.time):
                continue
            bounds = hours(group.start, group.now)
            counted = amounts(window, bounds)
            day, hour = local(bounds)
            days = [counted[day == each] for each in np.unique(day)]
            whole = [float(each.sum()) for each in days if len(each) >= 23 and np.isfinite(each).all()]
            if not whole:
                continue
            by_hour = _by_hour(counted, hour)
            rows.append((one.name, float(np.mean(whole)), _hour(int(np.nanargmax(by_hour))), float(len(whole))))
            total += float(np.mean(whole))
            heard.append(float(np.isfinite(counted).mean()))
            streams.append(window.datastream)
    if not rows:
        return None
    return Shown(
        numbers=(Number("a_day", round(total), "1"),),
        first=(now - dt.timedelta(days=show.days)).date(),
        last=now.date(),
        heard=float(np.mean(heard)),
        rows=tuple(sorted(rows, key=lambda row: -float(row[1] or 0))[:ROWS]),
        datastreams=tuple(streams),
    )


def _by_hour(values: Floats, hour: Any) -> Floats:
    """The median of each hour of the day; nan where none is known."""
    found = np.full(24, np.nan)
    for at in range(24):
        known = values[(hour == at) & np.isfinite(values)]
        if len(known):
            found[at] = np.median(known)
    return found


def _hour(at: int | None) -> str:
    return "–" if at is None else f"{at} h – {(at + 1) % 24} h"
