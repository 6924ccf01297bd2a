"""DuckDB, in memory, one a process: capped and locked down to the installation's own folders."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from arro3.core import RecordBatchReader
from django.conf import settings
from numpy.typing import NDArray

FOLDERS = ("archive", "rollups", "corrections", "staging")
_readers: dict[tuple[int, str], duckdb.DuckDBPyConnection] = {}


def connect(*folders: Path, threads: int = 0, memory_limit: str = "") -> duckdb.DuckDBPyConnection:
    """A connection that may touch the archive, the staging area and `folders`, and nothing else on this machine.

    The session's time zone is UTC. `memory_limit` is the setting's by default; what doesn't fit spills to staging.
    """
    home = settings.MITOYEN_HOME
    con = duckdb.connect(":memory:")
    allowed = [f"{folder}/" for folder in (*(home / name for name in FOLDERS), *folders)]
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute("SET memory_limit = ?", [memory_limit or str(settings.MITOYEN["memory_limit"])])
    if threads:
        con.execute("SET threads = ?", [threads])
    con.execute("SET temp_directory = ?", [str(home / "staging" / f"spill-{os.getpid()}")])
    con.execute("SET max_temp_directory_size = '100GB'")
    con.execute("SET GLOBAL parquet_metadata_cache = true")
    con.execute(f"SET allowed_directories = [{', '.join(quoted(folder) for folder in allowed)}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def reader() -> duckdb.DuckDBPyConnection:
    """A cursor on this process' own connection for reading; safe to use from several threads, one cursor each."""
    key = (os.getpid(), str(settings.MITOYEN_HOME))
    if key not in _readers:
        _readers.clear()
        _readers[key] = connect()
    return _readers[key].cursor()


@contextmanager
def connected(*folders: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, closed at the end (its memory and spilled files go with it)."""
    con = connect(*folders)
    try:
        yield con
    finally:
        con.close()


def quoted(text: object) -> str:
    """A string literal for SQL, with its quotes doubled."""
    return "'" + str(text).replace("'", "''") + "'"


def file_list(paths: list[str]) -> str:
    """A SQL list of file names for read_parquet."""
    return "[" + ", ".join(quoted(path) for path in paths) + "]"


def stream(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, NDArray[Any]]]:
    """Rows of a query as numpy columns, a few thousand rows at a time; times must be asked as epoch_us(...)."""
    reader = RecordBatchReader.from_stream(con.sql(query))
    for batch in reader:
        yield {name: batch.column(i).to_numpy() for i, name in enumerate(batch.schema.names)}


def fetch(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, NDArray[Any]]:
    """All rows of a query as numpy columns (no nulls)."""
    return {name: np.asarray(column) for name, column in con.execute(query).fetchnumpy().items()}


def among(numbers: Sequence[int]) -> str:
    """SQL condition: `datastream` is one of these (sorted)."""
    if len(numbers) == numbers[-1] - numbers[0] + 1:
        return f"datastream BETWEEN {numbers[0]} AND {numbers[-1]}"
    return f"datastream IN ({', '.join(map(str, numbers))})"
