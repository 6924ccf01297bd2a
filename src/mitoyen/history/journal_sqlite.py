"""The journal in a SQLite file: WAL, synchronous FULL, BEGIN IMMEDIATE."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mitoyen.history.faults import moment, refusal_for

# `mitoyen.settings.sqlite` has put a sound library in sqlite3's place; imported late so that it has.
_COLUMNS = "datastream, time, length, value, quality, batch"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS observation (
  time INTEGER NOT NULL, datastream INTEGER NOT NULL, length INTEGER NOT NULL, value REAL NOT NULL,
  quality INTEGER NOT NULL, batch INTEGER NOT NULL, PRIMARY KEY (time, datastream)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside (
  time INTEGER NOT NULL, datastream INTEGER NOT NULL, length INTEGER NOT NULL, value REAL NOT NULL,
  quality INTEGER NOT NULL, batch INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (time, datastream, value, length, quality)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS span (one INTEGER PRIMARY KEY CHECK (one = 1), longest INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO span VALUES (1, 0);
"""
_LENGTH = itemgetter(2)
_STEP = 10_000
_DAY_US, _SLOT_US = 86_400_000_000, 900_000_000
_local = threading.local()


class Store:
    """One connection, used by one thread of one process."""

    def __init__(self, file: Path) -> None:
        import sqlite3

        self.longest = 0
        self.errors = (sqlite3.OperationalError, sqlite3.DatabaseError)
        with self._told():
            self.connection = sqlite3.connect(
                _address(file), timeout=20, isolation_level=None, check_same_thread=False, uri=True
            )
            if not _writable(file):
                return
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "cache_size = -16000",
                "wal_autocheckpoint = 4000",
            ):
                self.connection.execute(f"PRAGMA {pragma}").fetchall()
            if not self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'span'").fetchone():
                self.connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self.errors as error:
            refusal = refusal_for(error)
            if refusal is None:
                raise
            raise refusal from error

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._told():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def append(self, rows: Sequence[Any], batch: int) -> tuple[int, int, int]:
        insert = f"INSERT OR IGNORE INTO observation ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, {batch})"
        with self._transaction() as connection:
            accepted = connection.executemany(insert, rows).rowcount
            conflicts = self._differing(connection, rows, batch) if accepted < len(rows) else 0
            self._note_longest(connection, rows)
            moment("journal_append")
        return accepted, len(rows) - accepted - conflicts, conflicts

    def _note_longest(self, connection: Any, rows: Sequence[Any]) -> None:
        """Keep the longest interval ever appended: what bounds the search for intervals that meet a time."""
        longest = max(map(_LENGTH, rows), default=0)
        if longest > self.longest:
            connection.execute("UPDATE span SET longest = max(longest, ?)", (longest,))
            self.longest = longest

    def _differing(self, connection: Any, rows: Sequence[Any], batch: int) -> int:
        found = 0
        for datastream, time, length, value, quality in rows:
            query = "SELECT length, value, quality FROM observation WHERE time = ? AND datastream = ?"
            stored = connection.execute(query, (time, datastream)).fetchone()
            if stored != (length, float(value), quality):
                found += 1
                self._aside(connection, [(datastream, time, length, value, quality, batch, "conflict")])
        return found

    def _aside(self, connection: Any, rows: Sequence[Any]) -> None:
        connection.executemany(f"INSERT OR IGNORE INTO aside ({_COLUMNS}, reason) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def put_aside(self, rows: Sequence[Any]) -> None:
        with self._transaction() as connection:
            self._aside(connection, rows)

    def aside(self) -> list[Any]:
        with self._told():
            return list(self.connection.execute(f"SELECT {_COLUMNS}, reason FROM aside ORDER BY time, datastream"))

    def rows_between(self, first: int, last: int, datastreams: tuple[int, int] | None) -> list[Any]:
        query = f"SELECT {_COLUMNS} FROM observation WHERE time BETWEEN ? AND ?"
        bounds: tuple[int, ...] = (first, last)
        if datastreams:
            query, bounds = query + " AND datastream BETWEEN ? AND ?", (*bounds, *datastreams)
        with self._told():
            return self.connection.execute(query, bounds).fetchall()

    def rows_meeting(self, datastreams: tuple[int, int], first: int, last: int) -> list[Any]:
        query = (
            f"SELECT {_COLUMNS} FROM observation WHERE time BETWEEN ? AND ? + (SELECT longest FROM span) * 1000000"
            " AND time - length * 1000000 <= ? AND datastream BETWEEN ? AND ?"
        )
        with self._told():
            return self.connection.execute(query, (first, last, last, *datastreams)).fetchall()

    def extent(self) -> tuple[int, int] | None:
        with self._told():
            low = self.connection.execute("SELECT min(time) FROM observation").fetchone()[0]
            high = self.connection.execute("SELECT max(time) FROM observation").fetchone()[0]
        return None if low is None else (low, high)

    def longest_interval(self) -> int:
        with self._told():
            return int(self.connection.execute("SELECT longest FROM span").fetchone()[0])

    def count(self) -> int:
        with self._told():
            return int(self.connection.execute("SELECT count(*) FROM observation").fetchone()[0])

    def days(self) -> list[int]:
        """One look-up in the key for each day."""
        found: list[int] = []
        after = -(1 << 62)
        with self._told():
            while True:
                query = "SELECT min(time) FROM observation WHERE time >= ?"
                first = self.connection.execute(query, (after,)).fetchone()[0]
                if first is None:
                    return found
                found.append(first // _DAY_US)
                after = (first // _DAY_US + 1) * _DAY_US

    def export(self, first: int, last: int, file: Path) -> int:
        """SQLite writes the lines itself, a quarter of an hour at a time: twice as fast as making Python's objects.

        17 significant digits give every double back. A query each, along the key: a GROUP BY would sort all rows first.
        """
        query = (
            "SELECT count(*), CAST(group_concat("
            "printf('%d,%d,%d,%!.17g,%d,%d', datastream, time, length, value, quality, batch), char(10)) AS BLOB)"
            " FROM observation WHERE time BETWEEN ? AND ?"
        )
        total = 0
        with self._told(), file.open("wb") as out:
            for low in range(first, last + 1, _SLOT_US):
                bounds = (low, min(low + _SLOT_US - 1, last))
                count, lines = self.connection.execute(query, bounds).fetchone()
                if count:
                    out.write(lines)
                    out.write(b"\n")
                    total += count
        return total

    def delete_between(self, first: int, last: int, held: int) -> bool:
        with self._transaction() as connection:
            gone = connection.execute("DELETE FROM observation WHERE time BETWEEN ? AND ?", (first, last)).rowcount
            if gone != held:
                connection.execute("ROLLBACK")
        moment("journal_delete")
        return bool(gone == held)

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """No flush at a commit: the next append's, or a checkpoint, flushes the log with what is in it."""
        with self._told():
            self.connection.execute("PRAGMA synchronous = NORMAL").fetchall()
        try:
            yield
        finally:
            self.connection.execute("PRAGMA synchronous = FULL").fetchall()

    def delete(self, keys: Sequence[tuple[int, int]]) -> None:
        for i in range(0, len(keys), _STEP):
            with self._transaction() as connection:
                connection.executemany("DELETE FROM observation WHERE time = ? AND datastream = ?", keys[i : i + _STEP])
            moment("journal_delete")

    def delete_batch(self, batch: int) -> int:
        with self._told():
            query = "SELECT time, datastream FROM observation WHERE batch = ?"
            keys = self.connection.execute(query, (batch,)).fetchall()
        self.delete(keys)
        return len(keys)

    def integrity(self) -> list[str]:
        try:
            found = [row[0] for row in self.connection.execute("PRAGMA integrity_check").fetchall()]
        except self.errors as error:
            return [str(error)]
        return [] if found == ["ok"] else found


def _writable(file: Path) -> bool:
    return os.access(file.parent, os.W_OK)


def _address(file: Path) -> str:
    """On a disk that is read-only, SQLite can't make the files beside the database that WAL wants: it is told so."""
    address = f"file:{quote(str(file))}"
    if _writable(file):
        return address
    log = file.with_name(file.name + "-wal")
    return address + ("?mode=ro" if log.exists() and log.stat().st_size else "?immutable=1")


def store(file: Path) -> Store:
    """This thread's store on that file (a fork opens its own)."""
    key = (os.getpid(), str(file))
    stores: dict[tuple[int, str], Store] = _local.__dict__.setdefault("stores", {})
    if key not in stores:
        stores.clear()
        stores[key] = Store(file)
    return stores[key]


def close_all() -> None:
    """Close this thread's connections."""
    for opened in _local.__dict__.pop("stores", {}).values():
        opened.connection.close()
