"""The record of corrections: what a batch put out of the history, so that undoing it brings the old values back.

One Parquet file a batch, corrections/<batch>.parquet: its rows are those which the batch put out and which are still
out, each with its batch; `sealed` says whether the archive held it, or the journal. Who, why and when are the new
batch's own.
"""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
from django.conf import settings

from mitoyen.history import archive, compare, engine, parts
from mitoyen.history.archive import Part, Snapshot
from mitoyen.history.engine import quoted
from mitoyen.history.models import Batch
from mitoyen.history.survey import Survey

_OLD = "datastream, time, length, value, quality, batch"


class Correction(NamedTuple):
    """One value replaced. `new` is nan where the old interval gave way to others. `batch` is the correcting one."""

    time: datetime
    old: float
    new: float
    by: str
    why: str
    at: datetime | None
    batch: int
    old_batch: int


def folder() -> Path:
    return Path(settings.MITOYEN_HOME) / "corrections"


def file_of(batch: int) -> Path:
    return folder() / f"{batch}.parquet"


def files() -> list[Path]:
    return sorted(file for file in folder().glob("*.parquet") if file.stem.isdigit())


def write_replaced(
    con: duckdb.DuckDBPyConnection, seen: Survey, now: Snapshot, *, fresh: str, batch: int, to: Path
) -> bool:
    """Write to `to` the known rows that the new ones (SQL `fresh`) take the place of; False when there are none.

    Leaves the temporary table `replaced` (with the file's name) on the connection.
    """
    if not compare.define_known(con, seen, now):
        return False
    con.execute(f"CREATE OR REPLACE TEMP VIEW fresh AS {fresh}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE replaced AS"
        f" SELECT k.* EXCLUDE (filename), f.value AS new_value, {batch} AS new_batch, k.filename FROM known k"
        " LEFT JOIN fresh f ON f.datastream = k.datastream AND f.time = k.time"
        " WHERE f.value IS NOT NULL OR EXISTS (SELECT 1 FROM fresh n WHERE n.datastream = k.datastream"
        " AND n.time - to_seconds(n.length) < k.time AND k.time - to_seconds(k.length) < n.time)"
    )
    con.execute(
        f"COPY (SELECT {_OLD}, new_value, new_batch, filename <> '' AS sealed FROM replaced ORDER BY datastream, time)"
        f" TO {quoted(to)} (FORMAT parquet, COMPRESSION zstd)"
    )
    return True


def rewritten(con: duckdb.DuckDBPyConnection, now: Snapshot, label: str, into: Path) -> tuple[list[Part], list[Part]]:
    """Files made again without the rows of table `replaced`, and the files they stand for."""
    names = {row[0] for row in con.execute("SELECT DISTINCT filename FROM replaced WHERE filename <> ''").fetchall()}
    old = [part for part in now.parts if str(now.root / part.path) in names]
    made: list[Part] = []
    for part in old:
        rest = (
            f"SELECT {parts.COLUMNS} FROM ({now.rows_of([part])}) p WHERE NOT EXISTS (SELECT 1 FROM replaced r"
            " WHERE r.datastream = p.datastream AND r.time = p.time) ORDER BY datastream, time"
        )
        made += parts.write_month(con, rest, part.month, label, into)
    return made, old


def write_returning(con: duckdb.DuckDBPyConnection, batch: int, now: Snapshot, into: Path) -> bool:
    """Find the old rows that come back when `batch` is undone; False when there are none.

    They are those which it put out, and those which undone batches put out and could not give back because of it;
    not those of an undone batch, nor those whose time another row holds now. Leaves the table `back`,
    and writes each file of corrections that changes as `into`/<batch>.parquet.
    """
    undone = set(Batch.objects.filter(state="undone").values_list("pk", flat=True)) | {batch}
    known = {int(file.stem): file for file in files()}
    concerned = {number: file for number, file in known.items() if number in undone}
    if not concerned:
        return False
    gone = ", ".join(str(number) for number in sorted(undone))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE back AS SELECT * FROM"
        f" read_parquet({engine.file_list([str(file) for file in concerned.values()])}) WHERE batch NOT IN ({gone})"
    )
    row = con.execute(
        "SELECT count(*), min(datastream), max(datastream), epoch_us(min(time - to_seconds(length))),"
        " epoch_us(max(time)) FROM back"
    ).fetchall()[0]
    if row[0] == 0:
        return False
    seen = Survey(datastreams=(row[1], row[2]), times=(row[3], row[4]))
    if compare.define_known(con, seen, now):
        con.execute(
            "DELETE FROM back r WHERE EXISTS (SELECT 1 FROM known k WHERE k.datastream = r.datastream"
            f" AND k.batch <> {batch} AND (k.time = r.time OR (k.time - to_seconds(k.length) < r.time"
            " AND r.time - to_seconds(r.length) < k.time)))"
        )
    for file in concerned.values():
        con.execute(
            f"COPY (SELECT c.* FROM read_parquet({quoted(file)}) c WHERE c.batch NOT IN ({gone}) AND NOT EXISTS"
            " (SELECT 1 FROM back r WHERE r.datastream = c.datastream AND r.time = c.time AND r.batch = c.batch))"
            f" TO {quoted(into / file.name)} (FORMAT parquet, COMPRESSION zstd)"
        )
    return True


def place(source: Path) -> None:
    """Put files of corrections in their place, atomically, and durably. Repeating it is harmless."""
    folder().mkdir(exist_ok=True)
    for file in sorted(source.glob("*.parquet")):
        file.replace(folder() / file.name)
        archive.flush([folder() / file.name])


def corrections_of_rows(datastream: int, first: datetime, last: datetime) -> list[Correction]:
    """What live batches replaced of one datastream, with first < time <= last, by time."""
    found = files()
    if not found:
        return []
    rows = (
        engine.reader()
        .execute(
            f"SELECT time, value, coalesce(new_value, 'nan'::DOUBLE), new_batch, batch FROM"
            f" read_parquet({engine.file_list([str(file) for file in found])})"
            " WHERE datastream = ? AND time > ? AND time <= ? ORDER BY time, new_batch",
            [datastream, first, last],
        )
        .fetchall()
    )
    batches = Batch.objects.in_bulk({row[3] for row in rows})
    return [
        Correction(time, old, new, batch.by, batch.why, batch.live_at, batch.pk, old_batch)
        for time, old, new, number, old_batch in rows
        if (batch := batches.get(number)) and batch.state == "live"
    ]
