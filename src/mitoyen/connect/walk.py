"""Every reading of the sorted table `clean`, a piece at a time: interval lengths, gaps, sums. Memory doesn't grow."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from mitoyen.connect.steps import StepFinder

PIECE = 500_000
GAPS_SHOWN = 20
MICRO = 1_000_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Trend:
    """How the values of one series follow each other in time."""

    count: int = 0
    rises: int = 0
    falls: int = 0


@dataclass(slots=True)
class Seen:
    """What one series holds. Times in microseconds UTC, lengths in microseconds; `gaps` are the largest (from, to)."""

    count: int = 0
    missing: int = 0
    first: int = 0
    last: int = 0
    starts: int = 0
    ends: int = 0
    step: int = 0
    sum: float = 0.0
    sum_by_time: float = 0.0
    risen: float = 0.0
    minimum: float = float("nan")
    maximum: float = float("nan")
    gap_count: int = 0
    gap_time: int = 0
    overlaps: int = 0
    overlap_at: list[int] = field(default_factory=list)
    steps: list[tuple[int, int]] = field(default_factory=list)
    _gaps: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def gaps(self) -> list[tuple[int, int]]:
        return sorted((start, end) for _size, start, end in self._gaps)

    def add_gap(self, start: int, end: int) -> None:
        self.gap_count += 1
        self.gap_time += end - start
        keep = heapq.heappush if len(self._gaps) < GAPS_SHOWN else heapq.heappushpop
        keep(self._gaps, (end - start, start, end))


@dataclass(slots=True)
class Spans:
    """Interval lengths (microseconds) by row of `clean`, as runs: (rows, lengths), from each row on its length.

    Several threads may add.
    """

    added: list[tuple[Ints, Ints]] = field(default_factory=list)

    def add(self, first_row: int, lengths: Ints) -> None:
        if not len(lengths):
            return
        breaks = np.concatenate([[0], np.flatnonzero(lengths[1:] != lengths[:-1]) + 1])
        self.added.append((breaks + first_row, lengths[breaks]))

    def runs(self) -> tuple[Ints, Ints]:
        if not self.added:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        rows, lengths = (np.concatenate(each) for each in zip(*self.added, strict=True))
        order = np.argsort(rows, kind="stable")
        rows, lengths = rows[order], lengths[order]
        keep = np.concatenate([[True], lengths[1:] != lengths[:-1]])
        return rows[keep], lengths[keep]


class RepeatedTime(Exception):
    """A series holds the same time twice: doubles must be sorted out before it is walked."""


def trends(con: duckdb.DuckDBPyConnection, series: int) -> list[Trend]:
    """The trend of each series, in one pass over `clean`."""
    counts, rises, falls = (np.zeros(series, np.int64) for _ in range(3))
    last_value = np.full(series, np.nan)
    for piece in pieces(con, "sid, v", 0, None):
        sid, value = piece["sid"], piece["v"]
        good = ~np.isnan(value)
        sid, value = sid[good], value[good]
        if not len(sid):
            continue
        counts += np.bincount(sid, minlength=series)
        same = sid[1:] == sid[:-1]
        rises += np.bincount(sid[1:][same & (value[1:] > value[:-1])], minlength=series)
        falls += np.bincount(sid[1:][same & (value[1:] < value[:-1])], minlength=series)
        before = last_value[sid[0]]
        rises[sid[0]] += value[0] > before
        falls[sid[0]] += value[0] < before
        last_value[sid[-1]] = value[-1]
    return [Trend(int(c), int(r), int(f)) for c, r, f in zip(counts, rises, falls, strict=True)]


def pieces(
    con: duckdb.DuckDBPyConnection, columns: str, first: int, last: int | None, *, backward: bool = False
) -> Iterator[dict[str, NDArray[Any]]]:
    """Rows [first, last) of `clean` as numpy columns, PIECE rows at a time, in the table's order or from its end."""
    if last is None:
        row = con.execute("SELECT count(*) FROM clean").fetchone()
        last = row[0] if row else 0
    bounds = [(at, min(at + PIECE, last)) for at in range(first, last, PIECE)]
    for low, high in bounds[::-1] if backward else bounds:
        found = con.execute(f"SELECT {columns} FROM clean WHERE rowid >= {low} AND rowid < {high}").fetchnumpy()
        yield {name: np.ma.getdata(column) for name, column in found.items()}


def bounds_of(con: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
    """{series: (first row, row after its last)} in `clean`."""
    rows = con.execute("SELECT sid, min(rowid), max(rowid) + 1 FROM clean GROUP BY sid ORDER BY sid").fetchall()
    return {sid: (low, high) for sid, low, high in rows}


@dataclass(slots=True)
class Walk:
    """One series on its way. `at_start`: stamps name the start of their interval; then it is walked from its end.

    `step`: the length when there is one reading only, or what the file states (microseconds, 0 when not known).
    """

    at_start: bool
    spans: Spans
    step: int = 0
    own_lengths: bool = False
    seen: Seen = field(default_factory=Seen)
    finder: StepFinder = field(default_factory=StepFinder)
    _edge: int | None = None
    _edge_value: float = float("nan")
    _last_length: int = 0

    def run(self, read: Callable[[bool], Iterator[dict[str, NDArray[Any]]]], first: int, last: int) -> Seen:
        """Walk rows [first, last) of `clean`; `read(backward)` gives them. Raises RepeatedTime."""
        backward = self.at_start and not self.own_lengths
        pending_t, pending_v = np.zeros(0, np.int64), np.zeros(0)
        previous: int | None = None
        head: tuple[int, float] | None = None
        row = last if backward else first
        left = last - first
        for piece in read(backward):
            time, value = piece["t"].astype(np.int64), piece["v"]
            left -= len(time)
            if self.own_lengths:
                times = piece["t"] if self._edge is None else np.concatenate([[self._edge], piece["t"]])
                if np.any(times[1:] == times[:-1]):
                    raise RepeatedTime
                self._take(time, value, piece["len"].astype(np.int64), row)
                row += len(time)
                continue
            if backward:
                time, value = time[::-1], value[::-1]
            if previous is None:
                head, previous = (int(time[0]), float(value[0])), int(time[0])
                time, value = time[1:], value[1:]
            pending_t, pending_v = np.concatenate([pending_t, time]), np.concatenate([pending_v, value])
            distances = np.abs(np.diff(pending_t, prepend=previous))
            if len(distances) and not distances.min():
                raise RepeatedTime
            lengths = self.finder.lengths(distances, last=left == 0)
            done = len(lengths)
            taken_t, taken_v = pending_t[:done], pending_v[:done]
            if head is not None and (done or left == 0):
                taken_t, taken_v = np.concatenate([[head[0]], taken_t]), np.concatenate([[head[1]], taken_v])
                lengths = np.concatenate([[lengths[0] if done else self.step], lengths]).astype(np.int64)
                head = None
            if done:
                previous = int(pending_t[done - 1])
                pending_t, pending_v = pending_t[done:], pending_v[done:]
            if backward:
                row -= len(taken_t)
                self._take(taken_t[::-1], taken_v[::-1], lengths[::-1], row)
            else:
                self._take(taken_t, taken_v, lengths, row)
                row += len(taken_t)
        self.seen.step = self.finder.usual or self.step or (self._last_length if self.own_lengths else 0)
        self.seen.steps = self.seen.steps[::-1] if backward else self.seen.steps
        return self.seen

    def _take(self, time: Ints, value: Floats, lengths: Ints, row: int) -> None:
        """Account for readings in rising order of time, next to those taken before."""
        if not len(time):
            return
        self.spans.add(row, lengths)
        self._note_steps(time, lengths)
        good = ~np.isnan(value)
        seen = self.seen
        seen.missing += int(len(good) - good.sum())
        time, value, lengths = time[good], value[good], lengths[good]
        if not len(time):
            return
        ends = time + lengths if self.at_start else time
        starts = ends - lengths
        self._holes(starts, ends)
        backward = self.at_start and not self.own_lengths
        edge = np.array([self._edge_value])
        steps = np.diff(np.concatenate([value, edge] if backward else [edge, value]))
        seen.risen += float(steps[steps > 0].sum())
        self._edge_value = float(value[0] if backward else value[-1])
        seen.first = int(time[0]) if not seen.count else min(seen.first, int(time[0]))
        seen.last = max(seen.last, int(time[-1]))
        seen.starts = int(starts[0]) if not seen.count else min(seen.starts, int(starts[0]))
        seen.ends = max(seen.ends, int(ends[-1]))
        seen.count += len(time)
        seen.sum += float(value.sum())
        seen.sum_by_time += float((value * lengths).sum()) / MICRO
        seen.minimum = float(np.fmin(seen.minimum, value.min()))
        seen.maximum = float(np.fmax(seen.maximum, value.max()))

    def _holes(self, starts: Ints, ends: Ints) -> None:
        backward = self.at_start and not self.own_lengths
        if self._edge is None:
            before, after = ends[:-1], starts[1:]
        elif backward:
            before, after = ends, np.concatenate([starts[1:], [self._edge]])
        else:
            before, after = np.concatenate([[self._edge], ends[:-1]]), starts
        for i in np.flatnonzero(after > before).tolist():
            self.seen.add_gap(int(before[i]), int(after[i]))
        over = np.flatnonzero(after < before)
        self.seen.overlaps += len(over)
        self.seen.overlap_at += [int(before[i]) for i in over[: 100 - len(self.seen.overlap_at)]]
        self._edge = int(starts[0] if backward else ends[-1])

    def _note_steps(self, time: Ints, lengths: Ints) -> None:
        """Remember where the step really changes, for the report (months of 28 to 31 days are one step)."""
        previous = np.concatenate([[self._last_length or lengths[0]], lengths[:-1]])
        at = np.flatnonzero((lengths < 0.8 * previous) | (lengths > 1.25 * previous))
        if not self.seen.steps:
            self.seen.steps.append((int(time[0]), int(lengths[0])))
        for i in at.tolist():
            if len(self.seen.steps) < 50:
                self.seen.steps.append((int(time[i]), int(lengths[i])))
        self._last_length = int(lengths[-1])
