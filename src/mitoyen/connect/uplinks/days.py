"""A file of a day's frames: SQLite in WAL, synchronous FULL, BEGIN IMMEDIATE, as the journal's.

Frames are appended; `known` is their index for finding one again, ordered by five minutes so that what is written lies
close together. A `lot` says that frames wait to be decoded into the journal: after a crash they are taken again.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings

from mitoyen.history.faults import refusal_for
from mitoyen.history.steps import in_steps

DAY_US = 86_400_000_000
MOST_OPEN = 32
_FRAMES_AT_ONCE = 64
_SCHEMA = """
CREATE TABLE IF NOT EXISTS frame (
  id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, time INTEGER NOT NULL, received INTEGER NOT NULL,
  counter INTEGER, port INTEGER, payload BLOB NOT NULL, data BLOB, battery REAL, flags INTEGER NOT NULL,
  format TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS known (
  slot INTEGER NOT NULL, key INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (slot, key, time))
  STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lot (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
"""
_COLUMNS = "address, time, received, counter, port, payload, data, battery, flags, format"
_local = threading.local()


def folder() -> Path:
    return Path(settings.MITOYEN_HOME) / "frames"


def day_of(time: int) -> date:
    """The UTC day of a time in µs."""
    return date(1970, 1, 1) + timedelta(days=time // DAY_US)


def file_of(day: date) -> Path:
    return folder() / f"{day.isoformat()}.sqlite3"


def files() -> list[tuple[date, Path]]:
    """The days that frames are kept of, in order."""
    found = []
    for file in sorted(folder().glob("*-*-*.sqlite3")):
        try:
            found.append((date.fromisoformat(file.stem), file))
        except ValueError:
            continue
    return found


def damaged() -> list[tuple[str, str]]:
    """The files that SQLite finds damaged: name, and what it says first."""
    import sqlite3

    found = []
    for _day, file in files():
        try:
            with closing(sqlite3.connect(file, timeout=20)) as connection:
                says = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            says = str(error)
        if says != "ok":
            found.append((file.name, says))
    return found


@cache
def _marks(count: int) -> str:
    return ", ".join("?" * count)


class Day:
    """One connection, used by one thread of one process."""

    def __init__(self, file: Path) -> None:
        import sqlite3

        self.file, self.inode = file, 0
        self.errors = (sqlite3.OperationalError, sqlite3.DatabaseError)
        with told(self.errors):
            file.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(file, timeout=20, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -32000"):
                self.connection.execute(f"PRAGMA {pragma}").fetchall()
            if not self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'lot'").fetchone():
                self.connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            self.inode = file.stat().st_ino

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with told(self.errors):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def unhurried(self) -> Iterator[Any]:
        """A transaction that need not be on the disk when it ends: it can be done again. The next one flushes it."""
        self.connection.execute("PRAGMA synchronous = NORMAL").fetchall()
        try:
            with self.transaction() as connection:
                yield connection
        finally:
            self.connection.execute("PRAGMA synchronous = FULL").fetchall()

    def times(self, slot: int, keys: Sequence[int]) -> list[tuple[int, int]]:
        """(key, time) of the frames known by one of these keys in a slot."""
        found: list[tuple[int, int]] = []
        for some in in_steps(keys):
            query = f"SELECT key, time FROM known WHERE slot = ? AND key IN ({_marks(len(some))})"  # noqa: S608
            found += self.connection.execute(query, (slot, *some))
        return found

    def times_of(self, slots: Sequence[int], key: int) -> list[int]:
        """Times of the frames known by this key in these slots."""
        marks = ", ".join("?" * len(slots))
        query = f"SELECT time FROM known WHERE slot IN ({marks}) AND key = ?"  # noqa: S608
        return [row[0] for row in self.connection.execute(query, (*slots, key))]

    def last(self) -> int:
        """The number of the last frame ever put in."""
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'frame'").fetchone()
        return row[0] if row else 0

    def insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for some in in_steps(rows, _FRAMES_AT_ONCE):
            values = ", ".join([f"({_marks(10)})"] * len(some))
            self.connection.execute(f"INSERT INTO frame ({_COLUMNS}) VALUES {values}", [*chain.from_iterable(some)])  # noqa: S608

    def know(self, known: Sequence[tuple[int, int, int]]) -> None:
        """Note that a frame is known: its slot, key and time."""
        for some in in_steps(known):
            values = ", ".join(["(?, ?, ?)"] * len(some))
            self.connection.execute(f"INSERT OR IGNORE INTO known VALUES {values}", [*chain.from_iterable(some)])  # noqa: S608

    def frames(self, where: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of frames, by their number. `where` is our own text."""
        query = f"SELECT {_COLUMNS} FROM frame WHERE {where} ORDER BY id"  # noqa: S608
        with told(self.errors):
            return list(self.connection.execute(query, values))

    def lots(self, before: int) -> list[tuple[int, int]]:
        """First and last number of the frames that wait since before this time (µs)."""
        with told(self.errors):
            return list(self.connection.execute("SELECT first, last FROM lot WHERE at <= ? ORDER BY first", (before,)))

    def close(self) -> None:
        self.connection.close()


@contextmanager
def told(errors: tuple[type[BaseException], ...]) -> Iterator[None]:
    """A full or read-only disk is Refused."""
    known: tuple[type[BaseException], ...] = (*errors, OSError)
    try:
        yield
    except known as error:
        refusal = refusal_for(error)
        if refusal is None:
            raise
        raise refusal from error


def of(day: date) -> Day:
    """This thread's connection to that day's file, which is made when it isn't there."""
    file = file_of(day)
    opened: OrderedDict[tuple[int, str], Day] = _local.__dict__.setdefault("days", OrderedDict())
    key = (os.getpid(), str(file))
    if key in opened and opened[key].inode != _inode(file):
        opened.pop(key).close()
    if key not in opened:
        opened[key] = Day(file)
        while len(opened) > MOST_OPEN:
            opened.popitem(last=False)[1].close()
    opened.move_to_end(key)
    return opened[key]


def written_at(file: Path) -> int:
    """When a day's file was last written to (µs): what is new lies in its log."""
    found = 0.0
    for one in (file, file.with_name(file.name + "-wal")):
        try:
            found = max(found, one.stat().st_mtime)
        except OSError:
            continue
    return int(found * 1_000_000)


def _inode(file: Path) -> int:
    try:
        return file.stat().st_ino
    except OSError:
        return 0


def close_all() -> None:
    """Close this thread's connections."""
    for opened in _local.__dict__.pop("days", {}).values():
        opened.close()


def now_us() -> int:
    return (datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
