"""Days computed from the readings, and how far around a span of time readings must be looked for."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history import archive, engine, journal
from mitoyen.history.amounts import intervals
from mitoyen.history.daily import GAUGE_HOLDS, NAMES, binned
from mitoyen.history.gather import gathered_of
from mitoyen.history.rules import Rule
from mitoyen.history.times import micros, paris_day_bounds, paris_midnight

Columns = dict[str, NDArray[Any]]
ROWS_AT_ONCE = 4_000_000
_SOON = 62 * 86_400 * 1_000_000


def computed(rules: dict[int, Rule], first: date, last: date) -> dict[int, Columns]:
    """Days from the readings, contiguous, by datastream; a datastream without any is absent."""
    found: dict[int, Columns] = {}
    bounds = paris_day_bounds(first, last)
    low, high = micros(paris_midnight(first)), micros(paris_midnight(last + timedelta(days=1)))
    for chosen in _chunks(rules, low, high):
        columns = gathered_of([rule.datastream for rule in chosen], *reach(chosen, low, high))
        numbers, heads = np.unique(columns["datastream"], return_index=True)
        tails = [*heads[1:], len(columns["time"])][: len(heads)]
        for number, head, tail in zip(numbers.tolist(), heads, tails, strict=True):
            rule = rules[number]
            made = intervals(
                rule, columns["time"][head:tail], columns["length"][head:tail], columns["value"][head:tail]
            )
            got = binned(rule, made, bounds)
            found[number] = {name: getattr(got, name) for name in NAMES}
    return found


def _chunks(rules: dict[int, Rule], low: int, high: int) -> Iterable[list[Rule]]:
    """Datastreams in groups whose readings fit in memory; counters apart, since they reach further."""
    for counters in (False, True):
        chosen = [rule for _number, rule in sorted(rules.items()) if (rule.kind == "counter") == counters]
        if not chosen:
            continue
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
        low -= int(GAUGE_HOLDS.astype(np.int64))
    counters = [rule.datastream for rule in rules if rule.kind == "counter"]
    if counters:
        low = min(low, *neighbours(counters, first, before=True))
        high = max(high, *neighbours(counters, last, before=False))
    return low, high


def neighbours(numbers: list[int], edge: int, *, before: bool) -> list[int]:
    """Time (µs) of the last reading at or before `edge`, or of the first after it, of each of these datastreams."""
    missing, found = set(numbers), [edge]
    for span in (_SOON, 400 * _SOON):
        if not missing:
            break
        low, high = (edge - span, edge) if before else (edge + 1, edge + span)
        for number, at in _edges(sorted(missing), low, high, before=before):
            found.append(at)
            missing.discard(number)
    return found


def _edges(numbers: list[int], low: int, high: int, *, before: bool) -> list[tuple[int, int]]:
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
    if journal.extent() is not None:
        waiting = journal.rows_between(low, high, bounds)
        chosen = np.isin(waiting["datastream"], numbers)
        for number in np.unique(waiting["datastream"][chosen]).tolist():
            times = waiting["time"][chosen & (waiting["datastream"] == number)]
            found.append((number, int(times.max() if before else times.min())))
    return found
