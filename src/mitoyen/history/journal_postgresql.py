"""The journal in PostgreSQL, when several machines share it: the same table, the same answers."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_COLUMNS = "datastream, time, length, value, quality, batch"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS observation (
  time BIGINT NOT NULL, datastream INTEGER NOT NULL, length INTEGER NOT NULL, value DOUBLE PRECISION NOT NULL,
  quality SMALLINT NOT NULL, batch INTEGER NOT NULL, PRIMARY KEY (time, datastream));
CREATE TABLE IF NOT EXISTS aside (
  time BIGINT NOT NULL, datastream INTEGER NOT NULL, length INTEGER NOT NULL, value DOUBLE PRECISION NOT NULL,
  quality SMALLINT NOT NULL, batch INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (time, datastream, value, length, quality));
"""
_ARRAYS = "%s::integer[], %s::bigint[], %s::integer[], %s::double precision[], %s::smallint[]"
_STEP = 10_000
_local = threading.local()


class Store:
    """One connection, used by one thread of one process."""

    def __init__(self, url: str) -> None:
        import psycopg

        self.connection = psycopg.connect(url, autocommit=True)
        # Two doors that start together would both create the tables: one waits for the other.
        with self.connection.transaction():
            self.connection.execute("SELECT pg_advisory_xact_lock(hashtext('mitoyen journal'))")
            self.connection.execute(_SCHEMA)

    def append(self, rows: Sequence[Any], batch: int) -> tuple[int, int, int]:
        if not rows:
            return 0, 0, 0
        columns = [list(column) for column in zip(*rows, strict=True)]
        insert = (
            "INSERT INTO observation (datastream, time, length, value, quality, batch)"
            f" SELECT d, t, l, v, q, {batch} FROM unnest({_ARRAYS}) AS given (d, t, l, v, q) ON CONFLICT DO NOTHING"
        )
        differing = (
            "SELECT d, t, l, v, q FROM unnest(" + _ARRAYS + ") AS given (d, t, l, v, q)"
            " JOIN observation o ON o.time = t AND o.datastream = d WHERE (o.length, o.value, o.quality) <> (l, v, q)"
        )
        with self.connection.transaction():
            accepted = self.connection.execute(insert, columns).rowcount
            conflicts = self.connection.execute(differing, columns).fetchall() if accepted < len(rows) else []
            self._aside([(*row, batch, "conflict") for row in conflicts])
        return accepted, len(rows) - accepted - len(conflicts), len(conflicts)

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

    def extent(self) -> tuple[int, int] | None:
        ((low, high),) = self.connection.execute("SELECT min(time), max(time) FROM observation").fetchall()
        return None if low is None else (low, high)

    def longest_interval(self) -> int:
        return int(self.connection.execute("SELECT coalesce(max(length), 0) FROM observation").fetchall()[0][0])

    def count(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM observation").fetchall()[0][0])

    def days(self) -> list[int]:
        query = "SELECT DISTINCT floor(time / 86400000000.0)::bigint FROM observation ORDER BY 1"
        return [row[0] for row in self.connection.execute(query).fetchall()]

    def export(self, first: int, last: int, file: Path) -> int:
        query = (
            f"COPY (SELECT {_COLUMNS} FROM observation WHERE time BETWEEN {first} AND {last}) TO STDOUT (FORMAT csv)"
        )
        with self.connection.cursor() as cursor:
            with cursor.copy(query) as rows, file.open("wb") as out:
                for block in rows:
                    out.write(block)
            return cursor.rowcount

    def delete_between(self, first: int, last: int, held: int) -> bool:
        import psycopg

        with self.connection.transaction() as transaction:
            query = "DELETE FROM observation WHERE time BETWEEN %s AND %s"
            gone = self.connection.execute(query, (first, last)).rowcount
            if gone != held:
                raise psycopg.Rollback(transaction)
        return gone == held

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
            self.connection.execute(
                "DELETE FROM observation o USING unnest(%s::bigint[], %s::integer[]) AS gone (t, d)"
                " WHERE o.time = t AND o.datastream = d",
                (times, datastreams),
            )

    def delete_batch(self, batch: int) -> int:
        return self.connection.execute("DELETE FROM observation WHERE batch = %s", (batch,)).rowcount

    def integrity(self) -> list[str]:
        """PostgreSQL checks its pages itself when they are read; reading them all says whether they are sound."""
        import psycopg

        try:
            self.connection.execute("SELECT count(*), sum(value) FROM observation").fetchone()
        except psycopg.Error as error:
            return [str(error)]
        return []


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
