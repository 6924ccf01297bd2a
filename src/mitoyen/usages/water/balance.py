"""What entered a district against what its meters counted; and the leaks that its meters show.

The balance counts the hours in which the inflow was read. Meters that were not heard are taken to use as much as those
that were, and that guess is part of the interval: at 90 %, 2 % for the meters, a third on what was guessed.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mitoyen.history.times import paris_day_of
from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group
from mitoyen.operate.shown import Number, Shown
from mitoyen.operate.windows import amounts, hours
from mitoyen.usages.water.flows import DISTRICT, INFLOW, VOLUME, flows, leak_of

METERS_WRONG, GUESS_WRONG = 0.02, 1 / 3
HEARD = 0.8
LEAST_HOURS = 48
LEAK_M3_H, LEAK_DAYS = 0.005, 3
# How well the smallest flow of a few hours tells a leak.
LEAK_WRONG = 0.2
ROWS = 15
# What fewer meters counted together would tell of each home.
FEWEST_METERS = 5


@dataclass(frozen=True, slots=True)
class Balance:
    """A district's cubic metres over the hours counted; `heard` is the share of its meters' hours that were read."""

    name: str
    inflow: float
    metered: float
    guessed: float
    heard: float
    hours: int
    streams: tuple[int, ...]

    @property
    def meters(self) -> int:
        """Of those that were read; the first datastream is the inflow."""
        return len(self.streams) - 1

    @property
    def half(self) -> float:
        wrong = (METERS_WRONG * self.inflow, METERS_WRONG * self.metered, GUESS_WRONG * self.guessed)
        return float(np.sqrt(sum(one**2 for one in wrong)))


def balance(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Cubic metres a day that entered and that no meter counted, with what is not known about it."""
    found: list[Balance] = []
    first: dt.date | None = None
    last: dt.date | None = None
    for group in groups:
        one = _of_district(group)
        if one is not None:
            found.append(one)
            first, last = _period(group)
    days = sum(one.hours for one in found) / 24 / max(len(found), 1)
    if not found or first is None or last is None or days <= 0:
        return None
    inflow, metered = sum(one.inflow for one in found) / days, sum(one.metered for one in found) / days
    half = sum(one.half for one in found) / days
    lost = inflow - metered
    told = [one for one in found if one.meters >= FEWEST_METERS]
    return Shown(
        numbers=(
            Number("inflow", inflow, "m3", inflow * (1 - METERS_WRONG), inflow * (1 + METERS_WRONG)),
            Number("metered", metered, "m3"),
            Number("unaccounted", lost, "m3", lost - half, lost + half),
            Number("share", 100 * lost / inflow, "%", 100 * (lost - half) / inflow, 100 * (lost + half) / inflow),
        ),
        first=first,
        last=last,
        heard=float(np.mean([one.heard for one in found])),
        rows=tuple(
            (
                one.name,
                one.inflow * 24 / one.hours,
                one.metered * 24 / one.hours,
                (one.inflow - one.metered) * 24 / one.hours,
                100 * one.heard,
            )
            for one in sorted(told, key=lambda one: one.metered - one.inflow)[:ROWS]
        ),
        facts={"districts": len(found)},
        datastreams=tuple(stream for one in found for stream in one.streams),
    )


def leaks(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Litres an hour that never stop, meter by meter, and what that makes in a year."""
    rows: list[tuple[str, float]] = []
    streams: list[int] = []
    first: dt.date | None = None
    last: dt.date | None = None
    for group in groups:
        for flow in flows(group, VOLUME):
            first, last = _period(group)
            streams.append(flow.window.datastream)
            found = leak_of(flow, LEAK_M3_H, LEAK_DAYS)
            if found is not None:
                rows.append((flow.subject.name, found[2]))
    if first is None or last is None:
        return None
    total = sum(rate for _name, rate in rows)
    low, high = total * (1 - LEAK_WRONG), total * (1 + LEAK_WRONG)
    year = 24 * 365
    return Shown(
        numbers=(
            Number("litres", 1000 * total, "L/h", 1000 * low, 1000 * high),
            Number("a_year", total * year, "m3", low * year, high * year),
        ),
        first=first,
        last=last,
        rows=tuple((name, 1000 * rate, rate * year) for name, rate in sorted(rows, key=lambda one: -one[1])[:ROWS]),
        facts={"meters": len(streams), "leaks": len(rows)},
        datastreams=tuple(streams),
    )


def _of_district(group: Group) -> Balance | None:
    district = group.parent
    if district is None or district.kind != DISTRICT or INFLOW not in district.windows:
        return None
    bounds = hours(group.start, group.now)
    entered = amounts(district.windows[INFLOW], bounds)
    counted = np.isfinite(entered)
    if counted.sum() < LEAST_HOURS:
        return None
    read = [amounts(one.windows.get(VOLUME), bounds)[counted] for one in group.subjects]
    if not read:
        return None
    table = np.array(read)
    heard = np.isfinite(table).mean(axis=1)
    # A meter heard most of the time goes on at its mean for the rest; one that is not heard is guessed by the others.
    told = heard >= HEARD
    if not told.any():
        return None
    sums = np.nansum(table[told], axis=1) / heard[told]
    guessed = float(sums.mean()) * int((~told).sum()) + float((sums * (1 - heard[told])).sum())
    streams = [one.windows[VOLUME].datastream for one in group.subjects if VOLUME in one.windows]
    return Balance(
        name=district.name,
        inflow=float(entered[counted].sum()),
        metered=float(sums.sum()) + float(sums.mean()) * int((~told).sum()),
        guessed=guessed,
        heard=float(heard.mean()),
        hours=int(counted.sum()),
        streams=(district.windows[INFLOW].datastream, *streams),
    )


def _period(group: Group) -> tuple[dt.date, dt.date]:
    bounds = hours(group.start, group.now)
    first, last = (day.astype(dt.date) for day in paris_day_of(bounds[[0, -1]]))
    return first, last
