"""One pass over sorted rows, in constant memory: counts, doubles, overlaps and the fingerprint."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from mitoyen.history import fingerprint
from mitoyen.history.engine import stream
from mitoyen.history.fingerprint import Fingerprint

EXAMPLES = 100
_NAMES = ("datastream", "time", "length", "value", "quality")
Columns = dict[str, NDArray[Any]]


class Conflict(NamedTuple):
    """Two values for one time. `time` in µs since 1970, UTC."""

    datastream: int
    time: int
    old: float
    new: float


class Overlap(NamedTuple):
    """An interval that begins before the end (`other_time`, µs) of the one before it."""

    datastream: int
    time: int
    length: int
    other_time: int


@dataclass(slots=True)
class Survey:
    """What is in rows sorted by (month, datastream, time): `doubles` repeat the row before them exactly."""

    rows: int = 0
    doubles: int = 0
    not_finite: int = 0
    conflict_count: int = 0
    overlap_count: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    datastreams: tuple[int, int] = (0, 0)
    times: tuple[int, int] = (0, 0)
    longest: int = 0
    months: set[str] = field(default_factory=set)
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    with_fingerprint: bool = True
    _last: Columns = field(default_factory=dict)
    _ends: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def feed(self, columns: Columns) -> None:
        """Take the next rows, at most a few hundred thousand at a time."""
        count = len(columns["time"])
        if count == 0:
            return
        self._extent(columns)
        if self.with_fingerprint:
            self.fingerprint += fingerprint.of_rows(columns)
        self.not_finite += int(count - np.isfinite(columns["value"]).sum())
        joined = {name: np.concatenate([self._last[name], columns[name]]) for name in _NAMES} if self._last else columns
        self._neighbours(joined, 0 if self._last else 1)
        self._last = {name: columns[name][-1:].copy() for name in _NAMES}
        self.rows += count

    def _extent(self, columns: Columns) -> None:
        datastream, time, length = columns["datastream"], columns["time"], columns["length"]
        low, high = int(datastream.min()), int(datastream.max())
        first, last = int(time.min()), int(time.max())
        if self.rows:
            low, high = min(low, self.datastreams[0]), max(high, self.datastreams[1])
            first, last = min(first, self.times[0]), max(last, self.times[1])
        self.datastreams, self.times = (low, high), (first, last)
        self.longest = max(self.longest, int(length.max()))
        ends = np.array([time.min(), time.max()]).astype("datetime64[us]").astype("datetime64[M]")
        if ends[0] != ends[1]:
            ends = np.unique(time.astype("datetime64[us]").astype("datetime64[M]"))
        self.months.update(str(month) for month in ends)

    def _neighbours(self, rows: Columns, fresh: int) -> None:
        """Compare each row with the one before it in its datastream; `fresh` is 1 when the first has none before."""
        datastream, time = rows["datastream"], rows["time"]
        same_stream = datastream[1:] == datastream[:-1]
        same_time = same_stream & (time[1:] == time[:-1])
        if same_time.any():
            self._same_times(rows, np.flatnonzero(same_time) + 1)
        before = time[:-1].copy()
        heads = np.flatnonzero(~same_stream) + 1
        if fresh:
            heads = np.concatenate([[0], heads])
        ends = self._ends_for(int(datastream.max()))
        start = time - rows["length"].astype(np.int64) * 1_000_000
        self._report(rows, heads, start[heads] < ends[datastream[heads]], ends[datastream[heads]])
        body = np.flatnonzero(same_stream & ~same_time & (start[1:] < before)) + 1
        self._report(rows, body, np.ones(len(body), bool), time[body - 1])
        tails = np.concatenate([np.flatnonzero(~same_stream), [len(time) - 1]])
        ends[datastream[tails]] = time[tails]

    def _ends_for(self, highest: int) -> NDArray[np.int64]:
        """The last end seen of each datastream, indexed by its number."""
        if highest >= len(self._ends):
            grown = np.full(max(highest + 1, 2 * len(self._ends)), np.iinfo(np.int64).min, np.int64)
            grown[: len(self._ends)] = self._ends
            self._ends = grown
        return self._ends

    def _same_times(self, rows: Columns, at: NDArray[np.intp]) -> None:
        equal = np.ones(len(at), bool)
        for name in ("length", "value", "quality"):
            equal &= rows[name][at] == rows[name][at - 1]
        self.doubles += int(equal.sum())
        differing = at[~equal]
        self.conflict_count += len(differing)
        for i in differing[: EXAMPLES - len(self.conflicts)]:
            values = float(rows["value"][i - 1]), float(rows["value"][i])
            self.conflicts.append(Conflict(int(rows["datastream"][i]), int(rows["time"][i]), *values))

    def _report(self, rows: Columns, at: NDArray[np.intp], wrong: NDArray[np.bool_], ends: NDArray[np.int64]) -> None:
        self.overlap_count += int(wrong.sum())
        for i, end in zip(at[wrong][: EXAMPLES - len(self.overlaps)], ends[wrong], strict=False):
            row = int(rows["datastream"][i]), int(rows["time"][i]), int(rows["length"][i])
            self.overlaps.append(Overlap(*row, int(end)))


def survey(con: duckdb.DuckDBPyConnection, rows: str, *, with_fingerprint: bool = True) -> Survey:
    """Survey the rows of a query: datastream, time, length, value, quality, sorted by (month, datastream, time)."""
    found = Survey(with_fingerprint=with_fingerprint)
    query = f"SELECT datastream, epoch_us(time) AS time, length, value, quality FROM ({rows})"
    for columns in stream(con, query):
        found.feed(columns)
    return found
