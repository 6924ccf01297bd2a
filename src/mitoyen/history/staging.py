"""Staging: rows are checked and written outside every database; nothing is live before the batch is committed."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.history import archive, compare, faults, parts
from mitoyen.history.archive import Part
from mitoyen.history.engine import connected, quoted
from mitoyen.history.fingerprint import Fingerprint
from mitoyen.history.models import Batch
from mitoyen.history.survey import Conflict, Overlap, Survey, survey
from mitoyen.ledger.refusal import Refused

_MONTHS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch that waits for its commit.

    `rows` new ones lie in `parts` under `path`; `duplicates` were known already, with the same value (or stood twice
    in the source); `conflicts` and `overlaps` are the first hundred against what is known, or, `inside`, within the
    source itself. `version` is the archive's version that they were compared with.
    """

    batch: Batch
    path: Path
    rows: int
    duplicates: int
    conflict_count: int
    conflicts: tuple[Conflict, ...]
    overlap_count: int
    overlaps: tuple[Overlap, ...]
    inside: bool
    months: tuple[str, ...]
    parts: tuple[Part, ...]
    survey: Survey
    fingerprint: Fingerprint
    version: int


def folder_of(batch: Batch) -> Path:
    return Path(settings.MITOYEN_HOME) / "staging" / str(batch.pk)


def stage(con: duckdb.DuckDBPyConnection, source_sql: str, batch: Batch) -> Staged:
    """Write the clean rows of `source_sql` as sorted Parquet files a UTC month under staging/<batch>/.

    The query yields datastream INTEGER, time TIMESTAMP (UTC), length INTEGER (s), value DOUBLE, quality TINYINT.
    `con` needs to write into the staging folder only. Raises Refused for values that are not numbers, or a full disk.
    """
    path = folder_of(batch)
    with faults.storage():
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        incoming = path / "incoming.parquet"
        con.execute(
            "COPY (SELECT datastream::INTEGER AS datastream, timezone('UTC', time::TIMESTAMP) AS time,"
            " length::INTEGER AS length, value::DOUBLE + 0.0 AS value, quality::TINYINT AS quality"
            f" FROM ({source_sql}) ORDER BY year(time::TIMESTAMP) * 12 + month(time::TIMESTAMP), 1, 2)"
            f" TO {quoted(incoming)} (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 122880)"
        )
        faults.moment("staged")
        return compared(batch)


def compared(batch: Batch) -> Staged:
    """Compare the staged rows with archive and journal as they are now, and write the files to be added."""
    path = folder_of(batch)
    incoming = f"SELECT * FROM read_parquet({quoted(path / 'incoming.parquet')}, hive_partitioning = false)"
    with connected() as con:
        inside = survey(con, incoming)
        if inside.not_finite:
            message = _("%(count)d values are not finite numbers.") % {"count": inside.not_finite}
            raise Refused(message, _("Leave them out, or mend them."), code="not_finite")
        now = archive.snapshot()
        if inside.conflict_count or inside.overlap_count:
            return _staged(batch, inside, inside, rows=inside.rows, duplicates=inside.doubles, version=now.version)
        found = compare.compare(con, incoming, inside, now, path / "kept.parquet")
        kept = incoming if found.kept is None else f"SELECT * FROM read_parquet({quoted(found.kept)})"
        final = inside if found.kept is None else survey(con, kept)
        made = _write(con, kept, final, batch, path)
    return _staged(
        batch, final, found, rows=final.rows, duplicates=inside.rows - final.rows, version=now.version, made=made,
    )  # fmt: skip


def _write(con: duckdb.DuckDBPyConnection, rows: str, final: Survey, batch: Batch, path: Path) -> list[Part]:
    for old in path.glob("month=*"):
        shutil.rmtree(old)

    def written(month: str) -> list[Part]:
        chosen = f"SELECT *, {batch.pk}::INTEGER AS batch FROM ({rows}) WHERE {parts.in_month(month)}"
        with con.cursor() as own:
            return parts.write_month(own, chosen, month, label_of(batch), path)

    # A file is encoded by one thread at a time: two months at once keep two processors busy.
    with ThreadPoolExecutor(_MONTHS_AT_ONCE) as pool:
        return [part for made in pool.map(written, sorted(final.months)) for part in made]


def label_of(batch: Batch) -> str:
    """What the files that a batch's commit writes are called after."""
    return f"b{batch.pk}"


def _staged(
    batch: Batch, final: Survey, found: "Survey | compare.Comparison", *, rows: int, duplicates: int, version: int,
    made: list[Part] | None = None,
) -> Staged:  # fmt: skip
    return Staged(
        batch=batch,
        path=folder_of(batch),
        rows=rows,
        duplicates=duplicates,
        conflict_count=found.conflict_count,
        conflicts=tuple(found.conflicts),
        overlap_count=found.overlap_count,
        overlaps=tuple(found.overlaps),
        inside=isinstance(found, Survey),
        months=tuple(sorted(final.months)),
        parts=tuple(made or ()),
        survey=final,
        fingerprint=final.fingerprint,
        version=version,
    )
