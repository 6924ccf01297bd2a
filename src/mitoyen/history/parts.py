"""Writing observations as the archive's Parquet files: a month each, sorted, with the statistics Delta wants."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from mitoyen.history import archive
from mitoyen.history.archive import Part
from mitoyen.history.engine import quoted

# V2 pages carry delta and byte-stream-split encodings. Smaller groups read no faster, and their dictionaries of values
# cost twice the size (docs/decisions/0003).
OPTIONS = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 122880"
ROWS_A_FILE = 4_000_000
COLUMNS = "datastream, time, length, value, quality, batch"


def month_bounds(month: str) -> tuple[str, str]:
    """SQL literals of a UTC month's first instant and of the next month's."""
    year, number = int(month[:4]), int(month[5:7])
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return (
        f"TIMESTAMPTZ '{month}-01 00:00:00+00'",
        f"TIMESTAMPTZ '{following[0]:04d}-{following[1]:02d}-01 00:00:00+00'",
    )


def in_month(month: str) -> str:
    """SQL condition: `time` lies in this UTC month."""
    first, following = month_bounds(month)
    return f"time >= {first} AND time < {following}"


def moment_of(micros: int) -> datetime:
    """An instant (UTC) from its microseconds since 1970; before 1970 and after 2100 too."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def write_month(con: duckdb.DuckDBPyConnection, rows: str, month: str, label: str, into: Path) -> list[Part]:
    """Write the rows of one month (SQL yielding COLUMNS, sorted by datastream, time) as files under `into`.

    Files are named as they will be in the archive; a large month makes several, split by datastream.
    No file is written for no rows.
    """
    made = []
    for low, high in _cuts(con, rows):
        path = archive.file_name(month, label)
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        chosen = f"SELECT * FROM ({rows}) WHERE datastream BETWEEN {low} AND {high}"
        con.execute(f"COPY ({chosen}) TO {quoted(into / path)} ({OPTIONS})")
        made.append(described(con, into, path, month))
    return made


def adopt(con: duckdb.DuckDBPyConnection, file: Path, month: str, label: str, into: Path) -> Part:
    """Rename a file of one month's rows, written with OPTIONS and sorted, as `write_month` would have named it."""
    path = archive.file_name(month, label)
    (into / path).parent.mkdir(parents=True, exist_ok=True)
    file.replace(into / path)
    return described(con, into, path, month)


def _cuts(con: duckdb.DuckDBPyConnection, rows: str) -> list[tuple[int, int]]:
    """Ranges of datastreams (both bounds included) of ROWS_A_FILE rows each at most, where one alone isn't larger."""
    counts = con.execute(f"SELECT datastream, count(*) FROM ({rows}) GROUP BY 1 ORDER BY 1").fetchall()
    ranges: list[tuple[int, int]] = []
    filled = ROWS_A_FILE
    for datastream, count in counts:
        if filled + count > ROWS_A_FILE and (filled or not ranges):
            ranges.append((datastream, datastream))
            filled = 0
        ranges[-1] = (ranges[-1][0], datastream)
        filled += count
    return ranges


def described(con: duckdb.DuckDBPyConnection, root: Path, path: str, month: str) -> Part:
    """A file with its statistics, read from it."""
    file = root / path
    row = con.execute(
        "SELECT count(*), min(datastream), max(datastream), min(epoch_us(time)), max(epoch_us(time)), min(batch),"
        f" max(batch), max(length) FROM read_parquet({quoted(file)}, hive_partitioning = false)"
    ).fetchall()[0]
    return Part(path, month, file.stat().st_size, row[0], (row[1], row[2]), (row[3], row[4]), (row[5], row[6]), row[7])


def move(parts: Sequence[Part], source: Path) -> None:
    """Rename staged files into the archive's folder (same file system: nothing is copied). Repeating it is harmless."""
    root = archive.folder()
    for part in parts:
        target = root / part.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / part.path).exists():
            (source / part.path).replace(target)


def orphans(label: str) -> list[Path]:
    """Files in the archive's folder that a crashed writer left there: not in the table, and bearing its label."""
    root = archive.folder()
    known = {part.path for part in archive.snapshot().parts}
    return [file for file in root.glob(f"month=*/{label}-*.parquet") if str(file.relative_to(root)) not in known]
