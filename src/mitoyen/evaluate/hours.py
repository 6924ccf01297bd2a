"""The readings of several meters behind their days: their hours, for the guards, and the batches they came in with."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import HourlyData
from mitoyen.evaluate.periods import Period
from mitoyen.history import read
from mitoyen.history.amounts import Break, intervals
from mitoyen.history.daily import binned
from mitoyen.history.gather import gathered_of
from mitoyen.history.models import Datastream
from mitoyen.history.rules import rules_for
from mitoyen.history.times import micros, paris_midnight, utc64

HOURS_FROM = 12
"""Readings a day from which a meter's hours are worth a look."""


@dataclass(frozen=True)
class Detail:
    """One meter's readings: `hours` is None where it is not read several times a day; `breaks` are where its index
    went back."""

    hours: HourlyData | None
    breaks: list[Break]
    time: NDArray[np.datetime64] = field(repr=False)
    batch: NDArray[np.int32] = field(repr=False)

    def batches(self, periods: Iterable[Period]) -> tuple[int, ...]:
        """Numbers of the batches that the readings of these periods came in with."""
        found: set[int] = set()
        for period in periods:
            first, last = _bounds(period)
            inside = (self.time > utc64(first)) & (self.time <= utc64(last))
            found.update(np.unique(self.batch[inside]).tolist())
        return tuple(sorted(found))


def details(datastreams: Sequence[Datastream], whole: Period) -> dict[int, Detail]:
    """Read all readings of several datastreams over `whole` at once. One without any reading is absent."""
    if not datastreams:
        return {}
    rules = rules_for(datastreams)
    start, end = _bounds(whole)
    reaches = [read.reach(rule, micros(start), micros(end)) for rule in rules.values()]
    columns = gathered_of(list(rules), min(low for low, _high in reaches), max(high for _low, high in reaches))
    hour = np.timedelta64(3600, "s")
    bounds = np.arange(utc64(start), utc64(end) + np.timedelta64(1, "us"), hour).astype("datetime64[us]")
    numbers, heads = np.unique(columns["datastream"], return_index=True)
    found: dict[int, Detail] = {}
    for number, part in zip(numbers.tolist(), np.split(np.arange(len(columns["time"])), heads[1:]), strict=True):
        rows = slice(part[0], part[-1] + 1)
        time = columns["time"][rows]
        hours, breaks = None, []
        if rules[number].kind != "gauge":
            made = intervals(rules[number], time, columns["length"][rows], columns["value"][rows])
            breaks = made.breaks
            if _read_often(time):
                hours = HourlyData(bounds[:-1], binned(rules[number], made, bounds).amount)
        found[number] = Detail(hours, breaks, time, columns["batch"][rows])
    return found


def _read_often(time: NDArray[np.datetime64]) -> bool:
    """Whether half the days with readings have a dozen or more."""
    counts = np.unique(time.astype("datetime64[D]"), return_counts=True)[1]
    return len(counts) > 0 and bool(np.median(counts) >= HOURS_FROM)


def _bounds(period: Period) -> tuple[dt.datetime, dt.datetime]:
    return paris_midnight(period.first), paris_midnight(period.last + dt.timedelta(days=1))
