"""The journal in a SQLite file: WAL, synchronous FULL, BEGIN IMMEDIATE."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mitoyen.history import feed, tally
from mitoyen.history.faults import moment, refusal_for
from mitoyen.history.feed import News
from mitoyen.history.fingerprint import Fingerprint
from mitoyen.history.steps import in_steps
from mitoyen.history.tally import Tally

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
CREATE TABLE IF NOT EXISTS tally (
  slot INTEGER NOT NULL, batch INTEGER NOT NULL, rows INTEGER NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (slot, batch)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (
  one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL, writes INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO identity VALUES (1, lower(hex(randomblob(16))), 0);
CREATE TABLE IF NOT EXISTS feed (position INTEGER PRIMARY KEY, rows BLOB NOT NULL) STRICT;
"""
_TIME, _LENGTH = itemgetter(1), itemgetter(2)
_STEP = 10_000
_DAY_US, _SLOT_US = 86_400_000_000, 900_000_000
_local = threading.local()


@cache
def _insert(count: int) -> str:
    """Insert `count` rows of one batch, whose number comes first."""
    rows = ", ".join(["(?1, ?, ?, ?, ?, ?)"] * count)
    return f"INSERT OR IGNORE INTO observation (batch, datastream, time, length, value, quality) VALUES {rows}"


def _inserted(connection: Any, rows: Sequence[Any], batch: int) -> int:
    """Insert those rows that are new; how many."""
    return sum(
        connection.execute(_insert(len(part)), [batch, *chain.from_iterable(part)]).rowcount for part in in_steps(rows)
    )


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
            self.inode = _inode(file)
            if not _writable(file):
                return
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "cache_size = -16000",
                "wal_autocheckpoint = 4000",
            ):
                self.connection.execute(f"PRAGMA {pragma}").fetchall()
            query = "SELECT count(*) FROM sqlite_master WHERE name IN ('identity', 'feed')"
            if self.connection.execute(query).fetchone()[0] < 2:
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

    def append(self, groups: Sequence[tuple[Sequence[Any], int]]) -> list[tuple[int, int, int]]:
        with self._transaction() as connection:
            added: dict[int, list[Any]] = {}
            for rows, batch in groups:
                added.setdefault(batch, []).extend(rows)
            if self._all_new(connection, added):
                counts = [(len(rows), 0, 0) for rows, _batch in groups]
            else:
                added, counts = self._added_by_group(connection, groups)
            # Once for all: a tally's cost hardly depends on how many readings it is of.
            packed = {batch: tally.packed(rows) for batch, rows in added.items() if rows}
            noted: Tally = {}
            for batch, columns in packed.items():
                noted |= tally.of_columns(columns, batch)
            self._note(connection, noted)
            self._feed(connection, list(packed.values()))
            for rows, _batch in groups:
                self._note_longest(connection, rows)
            moment("journal_append")
        return counts

    def _all_new(self, connection: Any, added: dict[int, list[Any]]) -> bool:
        """Insert these rows of each batch if all of them are new; else none."""
        connection.execute("SAVEPOINT rows")
        for batch, rows in added.items():
            # In the key's order: of a thousand times each of many datastreams, each page is looked up once.
            rows.sort(key=_TIME)
            if _inserted(connection, rows, batch) < len(rows):
                connection.execute("ROLLBACK TO rows")
                return False
        connection.execute("RELEASE rows")
        return True

    def _added_by_group(
        self, connection: Any, groups: Sequence[tuple[Sequence[Any], int]]
    ) -> tuple[dict[int, list[Any]], list[tuple[int, int, int]]]:
        """Insert what is new of each group: the rows that were, by batch, and each group's counts."""
        added: dict[int, list[Any]] = {}
        counts = []
        for rows, batch in groups:
            fresh = self._fresh(connection, rows, batch)
            conflicts = self._differing(connection, rows, batch) if len(fresh) < len(rows) else 0
            counts.append((len(fresh), len(rows) - len(fresh) - conflicts, conflicts))
            added.setdefault(batch, []).extend(fresh)
        return added, counts

    def _fresh(self, connection: Any, rows: Sequence[Any], batch: int) -> Sequence[Any]:
        """Insert what is new, and say which rows were."""
        connection.execute("SAVEPOINT some")
        accepted = _inserted(connection, rows, batch)
        if 0 < accepted < len(rows):
            # Which ones were new is only known one by one.
            connection.execute("ROLLBACK TO some")
            fresh = [row for row in rows if _inserted(connection, [row], batch)]
        else:
            fresh = list(rows) if accepted else []
        connection.execute("RELEASE some")
        return fresh

    def _note(self, connection: Any, added: Tally) -> None:
        """Add to the tally, in the transaction that changes the readings."""
        if not added:
            return
        changed: Tally = {}
        for key, one in added.items():
            row = connection.execute("SELECT rows, hash FROM tally WHERE slot = ? AND batch = ?", key).fetchone()
            changed[key] = Fingerprint.of_hash(*row) + one if row else one
        self._write_tally(connection, changed)
        connection.execute("UPDATE identity SET writes = writes + 1")

    def _feed(self, connection: Any, columns: list[Any]) -> None:
        """Leave the new rows where those who follow find them. A position counts the rows up to there."""
        columns = [rows for rows in map(feed.recent, columns) if len(rows)]
        if not columns:
            return
        before = connection.execute("SELECT max(position) FROM feed").fetchone()[0] or 0
        after = before + sum(map(len, columns))
        connection.execute("INSERT INTO feed VALUES (?, ?)", (after, b"".join(map(feed.pack, columns))))
        if before // feed.PRUNED_EVERY != after // feed.PRUNED_EVERY:
            connection.execute("DELETE FROM feed WHERE position < ?", (after - feed.KEPT_ROWS,))

    def news(self, cursor: int) -> News:
        with self._moment() as connection:
            last = connection.execute("SELECT max(position) FROM feed").fetchone()[0] or 0
            if cursor < 0 or cursor > last:
                return News(last, feed.unpack(()), whole=cursor < 0)
            query = "SELECT position, rows FROM feed WHERE position > ? ORDER BY position LIMIT ?"
            rows = connection.execute(query, (cursor, feed.MOST_AT_ONCE)).fetchall()
        columns = feed.unpack([blob for _position, blob in rows])
        end = rows[-1][0] if rows else cursor
        return News(end, columns, whole=end - len(columns["time"]) == cursor, more=end < last)

    def _write_tally(self, connection: Any, changed: Tally) -> None:
        nothing = Fingerprint()
        kept = [(*key, one.rows, one.hash) for key, one in changed.items() if one != nothing]
        gone = [key for key, one in changed.items() if one == nothing]
        connection.executemany("INSERT OR REPLACE INTO tally VALUES (?, ?, ?, ?)", kept)
        connection.executemany("DELETE FROM tally WHERE slot = ? AND batch = ?", gone)

    def _noted(self, connection: Any, first: int, last: int) -> Tally:
        query = "SELECT slot, batch, rows, hash FROM tally WHERE slot BETWEEN ? AND ?"
        rows = connection.execute(query, tally.slots(first, last)).fetchall()
        return {(slot, batch): Fingerprint.of_hash(count, text) for slot, batch, count, text in rows}

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
        """One look-up in each key for each day: a day that lost all its readings is still in the tally."""
        with self._told():
            held = self._days_of("SELECT min(time) FROM observation WHERE time >= ?", 1)
            return sorted({*held, *self._days_of("SELECT min(slot) FROM tally WHERE slot >= ?", tally.SLOT_US)})

    def _days_of(self, query: str, unit_us: int) -> list[int]:
        found: list[int] = []
        after = -(1 << 62)
        while (first := self.connection.execute(query, (after,)).fetchone()[0]) is not None:
            found.append(first * unit_us // _DAY_US)
            after = (found[-1] + 1) * _DAY_US // unit_us
        return found

    def export(self, first: int, last: int, file: Path) -> tuple[int, Tally]:
        """SQLite writes the lines itself, a quarter of an hour at a time: twice as fast as making Python's objects.

        17 significant digits give every double back. A query each, along the key: a GROUP BY would sort all rows first.
        """
        query = (
            "SELECT count(*), CAST(group_concat("
            "printf('%d,%d,%d,%!.17g,%d,%d', datastream, time, length, value, quality, batch), char(10)) AS BLOB)"
            " FROM observation WHERE time BETWEEN ? AND ?"
        )
        total, noted = 0, Tally()
        with file.open("wb") as out:
            for low in range(first, last + 1, _SLOT_US):
                bounds = (low, min(low + _SLOT_US - 1, last))
                with self._moment() as connection:
                    count, lines = connection.execute(query, bounds).fetchone()
                    noted |= self._noted(connection, *bounds)
                if count:
                    out.write(lines)
                    out.write(b"\n")
                    total += count
        return total, noted

    @contextmanager
    def _moment(self) -> Iterator[Any]:
        """Readings and tally as they are at one moment, whoever writes meanwhile."""
        with self._told():
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                self.connection.execute("ROLLBACK")

    def observed(self, first: int, last: int) -> tuple[list[Any], Tally]:
        query = f"SELECT {_COLUMNS} FROM observation WHERE time BETWEEN ? AND ?"
        with self._moment() as connection:
            return connection.execute(query, (first, last)).fetchall(), self._noted(connection, first, last)

    def accept(self, first: int, last: int) -> None:
        query = f"SELECT {_COLUMNS} FROM observation WHERE time BETWEEN ? AND ?"
        with self._transaction() as connection:
            found = tally.of_stored(connection.execute(query, (first, last)).fetchall())
            gone = dict.fromkeys(self._noted(connection, first, last), Fingerprint())
            self._write_tally(connection, gone | found)

    def identity(self) -> tuple[str, int]:
        with self._told():
            name, writes = self.connection.execute("SELECT name, writes FROM identity").fetchone()
        return str(name), int(writes)

    def account(self) -> tuple[str, int, Tally]:
        with self._moment() as connection:
            return *self.identity(), self._noted(connection, -(1 << 62), 1 << 62)

    def take_account(self, name: str, writes: int, noted: Tally) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM tally")
            self._write_tally(connection, noted)
            connection.execute("UPDATE identity SET name = ?, writes = ?", (name, writes))

    def delete_between(self, first: int, last: int, held: Tally) -> bool:
        with self._transaction() as connection:
            gone = connection.execute("DELETE FROM observation WHERE time BETWEEN ? AND ?", (first, last)).rowcount
            right = gone == sum(one.rows for one in held.values()) and self._noted(connection, first, last) == held
            if right:
                connection.execute("DELETE FROM tally WHERE slot BETWEEN ? AND ?", tally.slots(first, last))
            else:
                connection.execute("ROLLBACK")
        moment("journal_delete")
        return right

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
        query = f"DELETE FROM observation WHERE time = ? AND datastream = ? RETURNING {_COLUMNS}"
        for i in range(0, len(keys), _STEP):
            with self._transaction() as connection:
                gone = [row for key in keys[i : i + _STEP] for row in connection.execute(query, key).fetchall()]
                self._note(connection, tally.less(tally.of_stored(gone)))
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


def _inode(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


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
    """This thread's store on that file (a fork opens its own; a file that was put in its place, or none, is opened)."""
    key = (os.getpid(), str(file))
    stores: dict[tuple[int, str], Store] = _local.__dict__.setdefault("stores", {})
    if key in stores and stores[key].inode != _inode(file):
        stores.pop(key).connection.close()
    if key not in stores:
        stores.clear()
        stores[key] = Store(file)
    return stores[key]


def close_all() -> None:
    """Close this thread's connections."""
    for opened in _local.__dict__.pop("stores", {}).values():
        opened.connection.close()
