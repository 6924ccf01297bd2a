"""Days computed from the readings, and how far around a span of time readings must be looked for."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history import archive, engine, journal
from mitoyen.history.amounts import intervals_of
from mitoyen.history.daily import GAUGE_HOLDS, NAMES, Bins, binned_of
from mitoyen.history.gather import gathered_of
from mitoyen.history.rules import Rule
from mitoyen.history.times import micros, paris_day_bounds, paris_midnight

Columns = dict[str, NDArray[Any]]
ROWS_AT_ONCE = 1_000_000
_SOON = 62 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Block:
    """Days of several datastreams: their numbers, rising, and columns of shape (datastreams, days)."""

    numbers: NDArray[np.int32]
    columns: Columns


def computed(rules: dict[int, Rule], first: date, last: date) -> dict[int, Columns]:
    """Days from the readings, contiguous, by datastream; a datastream without any is absent."""
    return {
        number: {name: column[i] for name, column in block.columns.items()}
        for block in blocks(rules, first, last)
        for i, number in enumerate(block.numbers.tolist())
    }


def blocks(rules: dict[int, Rule], first: date, last: date, *, waiting: bool = True) -> Iterator[Block]:
    """The same, many datastreams at a time; without what is still in the journal unless `waiting`."""
    bounds = paris_day_bounds(first, last)
    low, high = micros(paris_midnight(first)), micros(paris_midnight(last + timedelta(days=1)))
    for chosen in _chunks(rules, low, high):
        columns = gathered_of([rule.datastream for rule in chosen], *reach(chosen, low, high), waiting=waiting)
        datastream = columns["datastream"]
        if len(datastream) == 0:
            continue
        new = np.concatenate([[True], datastream[1:] != datastream[:-1]])
        numbers = datastream[new].astype(np.int32)
        met = [rules[number] for number in numbers.tolist()]
        made, owner = intervals_of(met, np.cumsum(new) - 1, columns["time"], columns["length"], columns["value"])
        gauge = met[0].kind == "gauge"
        lone = numbers[columns["time"][new] > bounds[0]].tolist() if gauge else []
        known = [number for number, _at in nearest(lone, low, before=True, waiting=waiting)]
        preceded = tuple(np.searchsorted(numbers, sorted(known)).tolist())
        got = binned_of(made, Bins(bounds, len(met), owner, preceded), gauge=gauge)
        yield Block(numbers, {name: getattr(got, name) for name in NAMES})


def _chunks(rules: dict[int, Rule], low: int, high: int) -> Iterable[list[Rule]]:
    """Datastreams in groups of one sort whose readings fit in memory."""
    for sort in sorted({rule.sort for rule in rules.values()}):
        chosen = [rule for _number, rule in sorted(rules.items()) if rule.sort == sort]
        files = archive.snapshot().meeting((chosen[0].datastream, chosen[-1].datastream), (low, high))
        each = max(1, sum(part.rows for part in files) // len(chosen))
        size = max(1, min(5000, ROWS_AT_ONCE // each))
        for i in range(0, len(chosen), size):
            yield chosen[i : i + size]


def reach(rules: Sequence[Rule], first: int, last: int) -> tuple[int, int]:
    """Bounds (µs) of the readings needed for what happens in (first, last]: intervals that end later, and before."""
    numbers = [rule.datastream for rule in rules]
    bounds = (min(numbers), max(numbers))
    files = archive.snapshot().meeting(bounds)
    longest = max(
        (p.longest for p in files if p.times[0] - p.longest * 1_000_000 <= last and p.times[1] >= first), default=0
    )
    low, high = first + 1, last + max(longest, journal.longest()) * 1_000_000
    if any(rule.kind == "gauge" for rule in rules):
        low, high = low - int(GAUGE_HOLDS.astype(np.int64)), high + int(GAUGE_HOLDS.astype(np.int64))
    counters = [rule.datastream for rule in rules if rule.kind == "counter"]
    if counters:
        low = min(low, *neighbours(counters, first, before=True))
        high = max(high, *neighbours(counters, last, before=False))
    return low, high


def neighbours(numbers: list[int], edge: int, *, before: bool) -> list[int]:
    """Time (µs) of the last reading at or before `edge`, or of the first after it, of each; and `edge` itself."""
    return [edge, *(at for _number, at in nearest(numbers, edge, before=before))]


def nearest(numbers: list[int], edge: int, *, before: bool, waiting: bool = True) -> list[tuple[int, int]]:
    """Datastream and time (µs) of its last reading at or before `edge`, or of its first after it, where there is one.

    A datastream may come twice, when archive and journal each have one.
    """
    missing, found = set(numbers), []
    for span in (_SOON, 400 * _SOON):
        if not missing:
            break
        low, high = (edge - span, edge) if before else (edge + 1, edge + span)
        found += _edges(sorted(missing), low, high, before=before, waiting=waiting)
        missing -= {number for number, _at in found}
    return found


def _edges(numbers: list[int], low: int, high: int, *, before: bool, waiting: bool) -> list[tuple[int, int]]:
    best, bounds = ("max" if before else "min"), (numbers[0], numbers[-1])
    found: list[tuple[int, int]] = []
    now = archive.snapshot()
    files = now.meeting(bounds, (low, high))
    if files:
        query = (
            f"SELECT datastream, epoch_us({best}(time)) FROM ({now.rows_of(files)}) WHERE {engine.among(numbers)}"
            f" AND time BETWEEN make_timestamptz({low}) AND make_timestamptz({high}) GROUP BY 1"
        )
        found = engine.reader().execute(query).fetchall()
    if waiting and journal.extent() is not None:
        live = journal.rows_between(low, high, bounds)
        chosen = np.isin(live["datastream"], numbers)
        for number in np.unique(live["datastream"][chosen]).tolist():
            times = live["time"][chosen & (live["datastream"] == number)]
            found.append((number, int(times.max() if before else times.min())))
    return found
