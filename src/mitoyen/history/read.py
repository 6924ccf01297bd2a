"""One way to read observations, over journal and archive together. Arrays are numpy; times datetime64[us], UTC."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history import archive, compute, corrections, engine, journal, rollups
from mitoyen.history.amounts import Break, Intervals, intervals
from mitoyen.history.corrections import Correction
from mitoyen.history.daily import NAMES, binned, empty
from mitoyen.history.gather import gathered
from mitoyen.history.models import Datastream
from mitoyen.history.rules import Rule, rules_for
from mitoyen.history.times import Times, micros, paris_midnight, utc64

Floats = NDArray[np.float64]
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Readings:
    """Observations as stored, sorted by time (the end of the interval, `length_s` long; 0 for an instant)."""

    time: Times
    length_s: NDArray[np.int32]
    value: Floats
    quality: NDArray[np.int8]
    batch: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Amounts:
    """Energy in kWh, volumes in m3 (others in the stored unit) over intervals (start, end]; missing ones are absent."""

    start: Times
    end: Times
    amount: Floats


@dataclass(frozen=True, slots=True)
class Hourly:
    """One value a UTC hour, which begins at `start`; nan where nothing is known. A gauge's mean, else the amount."""

    start: Times
    amount: Floats


@dataclass(frozen=True, slots=True)
class Daily:
    """One value a Paris day, contiguous. `amount` in kWh or m3, nan where nothing is known.

    `mean`, `minimum`, `maximum` are of a gauge's or a power's values, else of the amounts of single intervals;
    `covered_s` are seconds of the day that readings cover, `count` the readings that end in it, `zeros` those of 0.
    """

    day: NDArray[np.datetime64]
    amount: Floats
    mean: Floats
    minimum: Floats
    maximum: Floats
    covered_s: Floats
    count: NDArray[np.int32]
    zeros: NDArray[np.int32]


def readings(datastream: Datastream, start: datetime | None = None, end: datetime | None = None) -> Readings:
    """Observations with start < time <= end, sorted; all of them without bounds."""
    columns = gathered(datastream.pk, micros(start or _EARLIEST) + 1, micros(end or _LATEST))
    return Readings(columns["time"], columns["length"], columns["value"], columns["quality"], columns["batch"])


def amounts(datastream: Datastream, start: datetime, end: datetime) -> Amounts:
    """Amounts over every interval that meets (start, end], cut there pro rata. A gauge has none (empty)."""
    made = _intervals(datastream, start, end)
    low, high = utc64(start), utc64(end)
    meets = (made.end > low) & (made.start < high) & np.isfinite(made.amount)
    first, last, amount = made.start[meets], made.end[meets], made.amount[meets]
    cut_first, cut_last = np.maximum(first, low), np.minimum(last, high)
    whole = (last - first).astype(np.float64)
    kept = (cut_last - cut_first).astype(np.float64)
    share = np.divide(kept, whole, out=np.ones(len(amount)), where=whole > 0)
    return Amounts(cut_first, cut_last, amount * share)


def _intervals(datastream: Datastream, start: datetime, end: datetime) -> Intervals:
    """Intervals that may meet (start, end]: with the readings next to the bounds, where those matter."""
    rule = rules_for([datastream])[datastream.pk]
    columns = gathered(datastream.pk, *reach(rule, micros(start), micros(end)))
    return intervals(rule, columns["time"], columns["length"], columns["value"])


def reach(rule: Rule, first: int, last: int) -> tuple[int, int]:
    """Bounds (µs) of the readings needed for what happens in (first, last]: intervals that only end after it too."""
    return compute.reach([rule], first, last)


def hourly(datastream: Datastream, first: date, last: date) -> Hourly:
    """Every UTC hour of the Paris days first..last."""
    start, end = paris_midnight(first), paris_midnight(last + timedelta(days=1))
    bounds = np.arange(utc64(start), utc64(end) + 1, np.timedelta64(3600, "s")).astype("datetime64[us]")
    rule = rules_for([datastream])[datastream.pk]
    got = binned(rule, _intervals(datastream, start, end), bounds)
    return Hourly(bounds[:-1], got.mean if rule.kind == "gauge" else got.amount)


def daily(datastreams: Iterable[Datastream], first: date, last: date) -> dict[int, Daily]:
    """Paris days first..last (contiguous) of each datastream, by its number. From rollups where they are fresh."""
    rules = rules_for(datastreams)
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    made: dict[int, dict[str, NDArray[Any]]] = {}
    for counters in (False, True):
        chosen = {number: rule for number, rule in rules.items() if (rule.kind == "counter") == counters}
        if chosen:
            made |= _stored_and_computed(chosen, first, last)
    return {number: _daily(days, made.get(number) or empty(len(days))) for number in rules}


def _stored_and_computed(rules: dict[int, Rule], first: date, last: date) -> dict[int, dict[str, NDArray[Any]]]:
    """Days from rollups, then from readings those that the journal may still touch."""
    tail = rollups.unsealed_from(rules.values())
    known = last if tail is None else min(last, tail - timedelta(days=1))
    if known < first:
        return compute.computed(rules, first, last)
    found, missing = rollups.stored(rules, first, known)
    made = compute.computed({number: rules[number] for number in missing}, first, last)
    others = {number: rule for number, rule in rules.items() if number not in missing}
    if known == last:
        return made | found
    late = compute.computed(others, known + timedelta(days=1), last)
    before, after = (known - first).days + 1, (last - known).days
    for number in found.keys() | late.keys():
        head, rest = found.get(number) or empty(before), late.get(number) or empty(after)
        made[number] = {name: np.concatenate([head[name], rest[name]]) for name in NAMES}
    return made


def daily_from_readings(datastreams: Iterable[Datastream], first: date, last: date) -> dict[int, Daily]:
    """The same as `daily`, never from rollups."""
    rules = rules_for(datastreams)
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    made = compute.computed(rules, first, last)
    return {number: _daily(days, made.get(number) or empty(len(days))) for number in rules}


def _daily(days: NDArray[np.datetime64], columns: dict[str, NDArray[Any]]) -> Daily:
    return Daily(day=days, **columns)


def breaks(datastream: Datastream) -> list[Break]:
    """Where a counter's index went back: swaps, wraps, and readings that can't be explained. Empty for other kinds."""
    if datastream.kind != "counter":
        return []
    return _intervals(datastream, _EARLIEST, _LATEST).breaks


def batches_of(datastream: Datastream, first: date, last: date) -> list[int]:
    """Numbers of the batches that the readings of the Paris days first..last came in with."""
    columns = gathered(
        datastream.pk, micros(paris_midnight(first)) + 1, micros(paris_midnight(last + timedelta(days=1)))
    )
    return [int(number) for number in np.unique(columns["batch"])]


def corrections_of(datastream: Datastream, first: date, last: date) -> list[Correction]:
    """What was corrected in the Paris days first..last, by time."""
    return corrections.corrections_of_rows(
        datastream.pk, paris_midnight(first), paris_midnight(last + timedelta(days=1))
    )


def extent(datastream: Datastream) -> tuple[np.datetime64, np.datetime64] | None:
    """Times of the first and last reading; None when there is none."""
    return extents([datastream]).get(datastream.pk)


def extents(datastreams: Sequence[Datastream]) -> dict[int, tuple[np.datetime64, np.datetime64]]:
    """Times of the first and last reading of each datastream that has any."""
    numbers = sorted(stream.pk for stream in datastreams)
    if not numbers:
        return {}
    files = archive.snapshot().meeting((numbers[0], numbers[-1]))
    found: dict[int, tuple[int, int]] = {}
    if files:
        query = (
            f"SELECT datastream, epoch_us(min(time)), epoch_us(max(time)) FROM ({archive.snapshot().rows_of(files)})"
        )
        wanted = f" WHERE datastream IN ({', '.join(map(str, numbers))}) GROUP BY 1"
        found = {row[0]: (row[1], row[2]) for row in engine.reader().execute(query + wanted).fetchall()}
    if journal.extent() is not None:
        waiting = journal.rows_between(micros(_EARLIEST), micros(_LATEST), (numbers[0], numbers[-1]))
        for number, time in zip(waiting["datastream"].tolist(), waiting["time"].tolist(), strict=True):
            if number in numbers:
                low, high = found.get(number, (time, time))
                found[number] = min(low, time), max(high, time)
    return {n: (np.datetime64(low, "us"), np.datetime64(high, "us")) for n, (low, high) in found.items()}
