"""The journal in PostgreSQL, when several machines share it: the same table, the same answers."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.history import feed, tally
from mitoyen.history.feed import News
from mitoyen.history.fingerprint import Fingerprint
from mitoyen.history.tally import Tally
from mitoyen.ledger.refusal import Refused

_COLUMNS = "datastream, time, length, value, quality, batch"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS observation (
  time BIGINT NOT NULL, datastream INTEGER NOT NULL, length INTEGER NOT NULL, value DOUBLE PRECISION NOT NULL,
  quality SMALLINT NOT NULL, batch INTEGER NOT NULL, PRIMARY KEY (time, datastream));
CREATE TABLE IF NOT EXISTS aside (
  time BIGINT NOT NULL, datastream INTEGER NOT NULL, length INTEGER NOT NULL, value DOUBLE PRECISION NOT NULL,
  quality SMALLINT NOT NULL, batch INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (time, datastream, value, length, quality));
CREATE TABLE IF NOT EXISTS tally (
  slot BIGINT NOT NULL, batch INTEGER NOT NULL, rows BIGINT NOT NULL, low NUMERIC(20) NOT NULL,
  high NUMERIC(20) NOT NULL, PRIMARY KEY (slot, batch));
CREATE TABLE IF NOT EXISTS identity (
  one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL);
INSERT INTO identity VALUES (1, replace(gen_random_uuid()::text, '-', '')) ON CONFLICT DO NOTHING;
CREATE SEQUENCE IF NOT EXISTS writes MINVALUE 0 START 0;
CREATE TABLE IF NOT EXISTS feed (
  transaction BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint, position BIGSERIAL, rows BYTEA NOT NULL,
  PRIMARY KEY (transaction, position));
"""
# Older than every transaction that is still under way: what no writer can come before any more.
_SETTLED = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_TALLY = "%s::bigint[], %s::integer[], %s::bigint[], %s::numeric[], %s::numeric[]"
# The sums of several writers are added by the server, modulo 2^64, so that none waits for another's answer.
_ADD = (
    f"INSERT INTO tally SELECT * FROM unnest({_TALLY}) ON CONFLICT (slot, batch) DO UPDATE"
    " SET rows = tally.rows + excluded.rows, low = (tally.low + excluded.low) %% 18446744073709551616,"
    " high = (tally.high + excluded.high) %% 18446744073709551616"
)
_NOTHING = "DELETE FROM tally WHERE rows = 0 AND low = 0 AND high = 0"
_ARRAYS = "%s::integer[], %s::bigint[], %s::integer[], %s::double precision[], %s::smallint[], %s::integer[]"
_STEP = 10_000
_KEPT_APPENDS, _PRUNED_EVERY = 20_000, 500
_local = threading.local()


@contextmanager
def _told() -> Iterator[None]:
    """A server that is away, or doesn't follow, is Refused: no reading's fault."""
    import psycopg

    try:
        yield
    except psycopg.OperationalError as error:
        step = _("Do it again in a while: nothing was changed, and what was acknowledged is kept.")
        raise Refused(_("The disk or the database doesn't follow."), step, code="busy") from error


class Store:
    """One connection, used by one thread of one process."""

    def __init__(self, url: str) -> None:
        import psycopg

        with _told():
            self.connection = psycopg.connect(url, autocommit=True)
        # Two doors that start together would both create the tables: one waits for the other.
        with self.connection.transaction():
            self.connection.execute("SELECT pg_advisory_xact_lock(hashtext('mitoyen journal'))")
            self.connection.execute(_SCHEMA)

    @_told()
    def append(self, groups: Sequence[tuple[Sequence[Any], int]]) -> list[tuple[int, int, int]]:
        rows = [(*row, batch) for given, batch in groups for row in given]
        if not rows:
            return [(0, 0, 0)] * len(groups)
        columns = [list(column) for column in zip(*rows, strict=True)]
        # In the key's order for all: of two doors that bring the same readings, one waits, never both for each other.
        insert = (
            f"INSERT INTO observation ({_COLUMNS})"
            f" SELECT d, t, l, v, q, b FROM unnest({_ARRAYS}) WITH ORDINALITY AS given (d, t, l, v, q, b, n)"
            f" ORDER BY t, d, n ON CONFLICT DO NOTHING RETURNING {_COLUMNS}"
        )
        differing = (
            "SELECT d, t, l, v, q, b FROM unnest(" + _ARRAYS + ") AS given (d, t, l, v, q, b)"
            " JOIN observation o ON o.time = t AND o.datastream = d WHERE (o.length, o.value, o.quality) <> (l, v, q)"
        )
        with self.connection.transaction():
            fresh = self.connection.execute(insert, columns).fetchall()
            conflicts = self.connection.execute(differing, columns).fetchall() if len(fresh) < len(rows) else []
            self._aside([(*row, "conflict") for row in conflicts])
            if fresh:
                self._feed(tally.packed_stored(fresh))
                self._note(tally.of_stored(fresh))
        return _counted(groups, fresh, conflicts)

    def _note(self, added: Tally) -> None:
        """Add to the tally, last in the transaction that changes the readings: others may wait for these rows."""
        if added:
            self.connection.execute(_ADD, _columns_of(added))
            self.connection.execute("SELECT nextval('writes')")

    def _feed(self, columns: Any) -> None:
        """Leave the new rows where those who follow find them; the last appends are kept."""
        columns = feed.recent(columns)
        if not len(columns):
            return
        query = "INSERT INTO feed (rows) VALUES (%s) RETURNING position"
        ((position,),) = self.connection.execute(query, (feed.pack(columns),)).fetchall()
        if position % _PRUNED_EVERY == 0:
            self.connection.execute("DELETE FROM feed WHERE position < %s", (position - _KEPT_APPENDS,))

    def news(self, cursor: int) -> News:
        """The cursor is a transaction's number: writers commit in another order than they count."""
        with self._moment():
            ((settled,),) = self.connection.execute(f"SELECT {_SETTLED}").fetchall()
            if cursor < 0 or cursor > settled:
                return News(settled, feed.unpack(()), whole=cursor < 0)
            query = "SELECT transaction, rows FROM feed WHERE transaction >= %s AND transaction < %s"
            order = " ORDER BY transaction, position LIMIT %s"
            rows = self.connection.execute(query + order, (cursor, settled, feed.MOST_AT_ONCE)).fetchall()
            ((before,),) = self.connection.execute(
                "SELECT EXISTS (SELECT FROM feed WHERE transaction < %s) OR NOT EXISTS (SELECT FROM feed)"
                " OR NOT EXISTS (SELECT FROM feed WHERE position > %s)",
                (cursor, _KEPT_APPENDS - _PRUNED_EVERY),
            ).fetchall()
        more = len(rows) == feed.MOST_AT_ONCE
        # One append is one transaction: the next one begins after it.
        end = rows[-1][0] + 1 if more else settled
        return News(end, feed.unpack([bytes(blob) for _transaction, blob in rows]), whole=before, more=more)

    def _noted(self, first: int, last: int, rest: str = "") -> Tally:
        query = f"SELECT slot, batch, rows, low, high FROM tally WHERE slot BETWEEN %s AND %s {rest}"
        rows = self.connection.execute(query, tally.slots(first, last)).fetchall()
        return {(slot, batch): Fingerprint(count, int(low), int(high)) for slot, batch, count, low, high in rows}

    def _aside(self, rows: Sequence[Any]) -> None:
        if rows:
            with self.connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO aside ({_COLUMNS}, reason) VALUES (%s, %s, %s, %s, %s, %s, %s)"
                    " ON CONFLICT DO NOTHING",
                    rows,
                )

    def put_aside(self, rows: Sequence[Any]) -> None:
        with self.connection.transaction():
            self._aside(rows)

    def aside(self) -> list[Any]:
        return self.connection.execute(f"SELECT {_COLUMNS}, reason FROM aside ORDER BY time, datastream").fetchall()

    @_told()
    def rows_between(self, first: int, last: int, datastreams: tuple[int, int] | None) -> list[Any]:
        query, bounds = f"SELECT {_COLUMNS} FROM observation WHERE time BETWEEN %s AND %s", [first, last]
        if datastreams:
            query, bounds = query + " AND datastream BETWEEN %s AND %s", [*bounds, *datastreams]
        return self.connection.execute(query + " ORDER BY time, datastream", bounds).fetchall()

    def rows_meeting(self, datastreams: tuple[int, int], first: int, last: int) -> list[Any]:
        query = (
            f"SELECT {_COLUMNS} FROM observation WHERE time >= %s AND time - length * 1000000::bigint <= %s"
            " AND datastream BETWEEN %s AND %s"
        )
        return self.connection.execute(query, (first, last, *datastreams)).fetchall()

    @_told()
    def extent(self) -> tuple[int, int] | None:
        ((low, high),) = self.connection.execute("SELECT min(time), max(time) FROM observation").fetchall()
        return None if low is None else (low, high)

    def longest_interval(self) -> int:
        return int(self.connection.execute("SELECT coalesce(max(length), 0) FROM observation").fetchall()[0][0])

    def count(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM observation").fetchall()[0][0])

    def days(self) -> list[int]:
        """A day that lost all its readings is still in the tally."""
        query = (
            "SELECT DISTINCT floor(time / 86400000000.0)::bigint FROM observation"
            f" UNION SELECT DISTINCT floor(slot / {86_400_000_000 / tally.SLOT_US})::bigint FROM tally ORDER BY 1"
        )
        return [row[0] for row in self.connection.execute(query).fetchall()]

    def export(self, first: int, last: int, file: Path) -> tuple[int, Tally]:
        query = (
            f"COPY (SELECT {_COLUMNS} FROM observation WHERE time BETWEEN {first} AND {last}) TO STDOUT (FORMAT csv)"
        )
        with self._moment(), self.connection.cursor() as cursor:
            with cursor.copy(query) as rows, file.open("wb") as out:
                for block in rows:
                    out.write(block)
            return cursor.rowcount, self._noted(first, last)

    @contextmanager
    def _moment(self) -> Iterator[None]:
        """Readings and tally as they are at one moment, whoever writes meanwhile."""
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield

    def observed(self, first: int, last: int) -> tuple[list[Any], Tally]:
        query = f"SELECT {_COLUMNS} FROM observation WHERE time BETWEEN %s AND %s"
        with self._moment():
            return self.connection.execute(query, (first, last)).fetchall(), self._noted(first, last)

    def accept(self, first: int, last: int) -> None:
        query = f"SELECT {_COLUMNS} FROM observation WHERE time BETWEEN %s AND %s"
        with self.connection.transaction():
            self.connection.execute("LOCK TABLE observation, tally IN SHARE ROW EXCLUSIVE MODE")
            found = tally.of_stored(self.connection.execute(query, (first, last)).fetchall())
            self.connection.execute("DELETE FROM tally WHERE slot BETWEEN %s AND %s", tally.slots(first, last))
            self.connection.execute(_ADD, _columns_of(found))

    @_told()
    def identity(self) -> tuple[str, int]:
        query = "SELECT i.name, w.last_value FROM identity i, writes w"
        ((name, writes),) = self.connection.execute(query).fetchall()
        return str(name), int(writes)

    def account(self) -> tuple[str, int, Tally]:
        with self._moment():
            return *self.identity(), self._noted(-(1 << 62), 1 << 62)

    def take_account(self, name: str, writes: int, noted: Tally) -> None:
        with self.connection.transaction():
            self.connection.execute("DELETE FROM tally")
            self.connection.execute(_ADD, _columns_of(noted))
            self.connection.execute("UPDATE identity SET name = %s", (name,))
            self.connection.execute("SELECT setval('writes', %s)", (writes,))

    def delete_between(self, first: int, last: int, held: Tally) -> bool:
        import psycopg

        with self.connection.transaction() as transaction:
            right = self._noted(first, last, "FOR UPDATE") == held
            query = "DELETE FROM observation WHERE time BETWEEN %s AND %s"
            right = right and self.connection.execute(query, (first, last)).rowcount == sum(
                one.rows for one in held.values()
            )
            if not right:
                raise psycopg.Rollback(transaction)
            # These alone: another batch may have come in since.
            self._note(tally.less(held))
            self.connection.execute(f"{_NOTHING} AND slot BETWEEN %s AND %s", tally.slots(first, last))
        return right

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        self.connection.execute("SET synchronous_commit = off")
        try:
            yield
        finally:
            self.connection.execute("RESET synchronous_commit")

    def delete(self, keys: Sequence[tuple[int, int]]) -> None:
        for i in range(0, len(keys), _STEP):
            times, datastreams = (list(column) for column in zip(*keys[i : i + _STEP], strict=True))
            self._deleted(
                "USING unnest(%s::bigint[], %s::integer[]) AS gone (t, d) WHERE o.time = t AND o.datastream = d",
                (times, datastreams),
            )

    def _deleted(self, which: str, values: tuple[Any, ...]) -> int:
        with self.connection.transaction():
            query = f"DELETE FROM observation o {which} RETURNING {_COLUMNS}"
            found = self.connection.execute(query, values).fetchall()
            gone = tally.of_stored(found)
            self._note(tally.less(gone))
            if gone:
                slots = [key[0] for key in gone]
                self.connection.execute(f"{_NOTHING} AND slot BETWEEN %s AND %s", (min(slots), max(slots)))
        return len(found)

    def delete_batch(self, batch: int) -> int:
        return self._deleted("WHERE o.batch = %s", (batch,))

    def integrity(self) -> list[str]:
        """PostgreSQL checks its pages itself when they are read; reading them all says whether they are sound."""
        import psycopg

        try:
            self.connection.execute("SELECT count(*), sum(value) FROM observation").fetchone()
        except psycopg.Error as error:
            return [str(error)]
        return []


def _counted(
    groups: Sequence[tuple[Sequence[Any], int]], fresh: Sequence[Any], conflicts: Sequence[Any]
) -> list[tuple[int, int, int]]:
    """New, known and differing rows of each group; of a reading given twice, the first one is the new one."""
    counts = []
    new = {(row[0], row[1]) for row in fresh}
    differing = {tuple(row) for row in conflicts}
    for rows, batch in groups:
        accepted = conflicting = 0
        for row in rows:
            if (*row, batch) in differing:
                conflicting += 1
            elif (row[0], row[1]) in new:
                new.remove((row[0], row[1]))
                accepted += 1
        counts.append((accepted, len(rows) - accepted - conflicting, conflicting))
    return counts


def _columns_of(noted: Tally) -> list[list[int]]:
    """The tally as the columns of its table, in one order for all, so that two writers never wait for each other."""
    rows = [(*key, one.rows, one.low, one.high) for key, one in sorted(noted.items())]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], [], []]


def store(url: str) -> Store:
    """This thread's store on that database (a fork, or a connection that broke, opens its own)."""
    key = (os.getpid(), url)
    stores: dict[tuple[int, str], Store] = _local.__dict__.setdefault("stores", {})
    if key not in stores or stores[key].connection.closed:
        stores.clear()
        stores[key] = Store(url)
    return stores[key]


def close_all() -> None:
    """Close this thread's connections."""
    for opened in _local.__dict__.pop("stores", {}).values():
        opened.connection.close()
