"""The journal: observations as they come, durable when acknowledged, until their day is sealed into the archive.

A plain table keyed (time, datastream), in a SQLite file of its own or in PostgreSQL; free of the ORM, since the
machines' door writes it. The same time with another value is kept aside, never overwritten.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from mitoyen.history import journal_postgresql, journal_sqlite, tally
from mitoyen.history.feed import News
from mitoyen.history.tally import Tally

NAME = "journal.sqlite3"
Row = tuple[int, int, int, float, int]
Columns = dict[str, NDArray[Any]]
_DTYPES = {
    "datastream": np.int32, "time": np.int64, "length": np.int32, "value": np.float64, "quality": np.int8,
    "batch": np.int32,
}  # fmt: skip
COLUMNS = tuple(_DTYPES)
_VALUE = itemgetter(3)


class Appended(NamedTuple):
    """Of the rows given: new ones, known with the same value, known with another one (kept aside)."""

    accepted: int
    duplicates: int
    conflicts: int


class Store(Protocol):
    """What SQLite and PostgreSQL both do; the functions below say what each answers."""

    def append(self, groups: Sequence[tuple[Sequence[Any], int]]) -> list[tuple[int, int, int]]: ...
    def rows_between(self, first: int, last: int, datastreams: tuple[int, int] | None) -> list[Any]: ...
    def rows_meeting(self, datastreams: tuple[int, int], first: int, last: int) -> list[Any]: ...
    def extent(self) -> tuple[int, int] | None: ...
    def count(self) -> int: ...
    def longest_interval(self) -> int: ...
    def days(self) -> list[int]: ...
    def export(self, first: int, last: int, file: Path) -> tuple[int, Tally]: ...
    def observed(self, first: int, last: int) -> tuple[list[Any], Tally]: ...
    def accept(self, first: int, last: int) -> None: ...
    def identity(self) -> tuple[str, int]: ...
    def account(self) -> tuple[str, int, Tally]: ...
    def take_account(self, name: str, writes: int, noted: Tally) -> None: ...
    def delete_between(self, first: int, last: int, held: Tally) -> bool: ...
    def unhurried(self) -> AbstractContextManager[None]: ...
    def delete(self, keys: Sequence[tuple[int, int]]) -> None: ...
    def delete_batch(self, batch: int) -> int: ...
    def put_aside(self, rows: Sequence[Any]) -> None: ...
    def aside(self) -> list[Any]: ...
    def integrity(self) -> list[str]: ...
    def news(self, cursor: int) -> News: ...


def append(rows: Sequence[Row], batch: int = 0) -> Appended:
    """Append rows (datastream, time in µs UTC, length in s, value, quality); durable when it returns.

    Repeating it changes nothing. Raises Refused on a full or read-only disk, ValueError on a value that isn't finite.
    """
    return append_all([(rows, batch)])[0]


def append_all(groups: Sequence[tuple[Sequence[Row], int]]) -> list[Appended]:
    """Append groups of rows, each of a batch, in one transaction: all or none; the counts of each group.

    Raises as `append` does.
    """
    for rows, _batch in groups:
        _refuse_if_not_finite(rows)
    return [Appended(*counts) for counts in _store().append([(rows, int(batch)) for rows, batch in groups])]


def _refuse_if_not_finite(rows: Sequence[Row]) -> None:
    # A sum is finite only if every value is; if it isn't, they are looked at one by one (it may just be too large).
    if not isfinite(sum(map(_VALUE, rows))):
        for row in rows:
            if not isfinite(row[3]):
                raise ValueError(f"value {row[3]!r} of datastream {row[0]} is not a finite number")


def rows_between(first: int, last: int, datastreams: tuple[int, int] | None = None) -> Columns:
    """Rows with first <= time <= last (µs), of datastreams within these bounds (included), sorted by time."""
    return columns_of(_store().rows_between(first, last, datastreams))


def rows_meeting(datastreams: tuple[int, int], first: int, last: int) -> Columns:
    """Rows of these datastreams whose interval touches [first, last] (µs)."""
    return columns_of(_store().rows_meeting(datastreams, first, last))


def extent() -> tuple[int, int] | None:
    """Earliest and latest time (µs) in the journal; None when it is empty."""
    return _store().extent()


def days() -> list[int]:
    """Numbers (since 1970) of the UTC days that the journal holds rows of, or should, in order."""
    return _store().days()


def export(first: int, last: int, file: Path) -> tuple[int, Tally]:
    """Write the rows with first <= time <= last (µs, whole slots) to a CSV file in the order of COLUMNS, exactly.

    How many, and the tally of the same moment.
    """
    return _store().export(first, last, file)


def delete_between(first: int, last: int, held: Tally) -> bool:
    """Take out the rows with first <= time <= last (whole slots) if they are just those of `held`; else none of them.

    Rows that came in meanwhile are so never lost: the next sealing of their day finds what it knows already.
    """
    return _store().delete_between(first, last, held)


def observed(first: int, last: int) -> tuple[Tally, Tally]:
    """Tally of the rows with first <= time <= last (µs, whole slots) as they are, and as it was noted with them."""
    rows, noted = _store().observed(first, last)
    return tally.of_stored(rows), noted


def accept(first: int, last: int) -> None:
    """Take the rows with first <= time <= last (µs, whole slots) for right as they are: their tally is made anew."""
    _store().accept(first, last)


def identity() -> tuple[str, int]:
    """The name that this journal got when it was made, and how many times readings were written: it only rises."""
    return _store().identity()


def account() -> tuple[str, int, Tally]:
    """Name, number of writes and the whole tally: what a copy of the journal must bring along."""
    return _store().account()


def take_account(name: str, writes: int, noted: Tally) -> None:
    """Give this journal, that was filled from a copy, the account of the one that was copied."""
    _store().take_account(name, writes, noted)


def there() -> bool:
    """Whether there is a journal; asking makes none."""
    return bool(settings.MITOYEN["journal_url"]) or (settings.MITOYEN_HOME / NAME).exists()


def news(cursor: int = -1) -> News:
    """What came in after `cursor`, in the order of writing, late readings too; from nowhere: where to begin from now.

    Where what was asked for is no longer kept, `whole` is False: the journal itself still has it.
    """
    return _store().news(cursor)


def unhurried() -> AbstractContextManager[None]:
    """While it lasts, this thread's deletions need not be on the disk when they return: they can be done again."""
    return _store().unhurried()


def count() -> int:
    return _store().count()


def delete(keys: Sequence[tuple[int, int]]) -> None:
    """Take out rows by (time µs, datastream), in steps that keep no write lock for long."""
    _store().delete(keys)


def delete_batch(batch: int) -> int:
    """Take out all rows of one batch; returns how many."""
    return _store().delete_batch(batch)


def put_aside(rows: Sequence[tuple[int, int, int, float, int, int, str]]) -> None:
    """Keep rows (datastream, time, length, value, quality, batch, reason) in the table of conflicts. Idempotent."""
    _store().put_aside(rows)


def aside() -> list[tuple[int, int, int, float, int, int, str]]:
    """What was kept aside: (datastream, time, length, value, quality, batch, reason), by time."""
    return _store().aside()


def integrity() -> list[str]:
    """What the database itself finds wrong; empty when sound."""
    return _store().integrity()


def columns_of(rows: Sequence[Sequence[Any]]) -> Columns:
    """Rows in the order of COLUMNS as numpy columns."""
    if not rows:
        return {name: np.empty(0, dtype) for name, dtype in _DTYPES.items()}
    return {
        name: np.array(column, dtype)
        for (name, dtype), column in zip(_DTYPES.items(), zip(*rows, strict=True), strict=True)
    }


def _store() -> Store:
    url = str(settings.MITOYEN["journal_url"])
    return journal_postgresql.store(url) if url else journal_sqlite.store(settings.MITOYEN_HOME / NAME)


@contextmanager
def closed() -> Iterator[None]:
    """Close this process' connections before and after (for tests that move or damage the file)."""
    journal_sqlite.close_all()
    yield
    journal_sqlite.close_all()


@contextmanager
def for_this_thread() -> Iterator[None]:
    """For a thread that will end: what it opened of the journal is closed when it has done."""
    try:
        yield
    finally:
        journal_sqlite.close_all()
        journal_postgresql.close_all()


def longest() -> int:
    """Length in seconds of the longest interval that the journal may hold."""
    return _store().longest_interval()
