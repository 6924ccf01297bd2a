"""New rows against those known already, in archive and journal: repeats, other values, overlapping intervals."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np

from mitoyen.history import journal
from mitoyen.history.archive import Snapshot
from mitoyen.history.engine import quoted, stream
from mitoyen.history.survey import EXAMPLES, Conflict, Overlap, Survey

SAME = "i.value = k.value AND i.length = k.length AND i.quality = k.quality"


@dataclass(slots=True)
class Comparison:
    """`kept` is the file of the rows not known yet, or None when that is all of them."""

    kept: Path | None = None
    conflict_count: int = 0
    overlap_count: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)


def compare(con: duckdb.DuckDBPyConnection, incoming: str, seen: Survey, now: Snapshot, kept: Path) -> Comparison:
    """Compare rows of `incoming` (surveyed as `seen`: no conflict nor overlap inside) with what is known."""
    found = Comparison()
    known = define_known(con, seen, now)
    if not known and not seen.doubles:
        return found
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW incoming AS {'SELECT DISTINCT * FROM' if seen.doubles else 'FROM'} ({incoming})"
    )
    if not known:
        con.execute(
            "CREATE OR REPLACE TEMP VIEW known AS SELECT *, 0 AS batch, '' AS filename FROM incoming WHERE false"
        )
    _conflicts(con, found)
    order = "year(time) * 12 + month(time), datastream, time"
    con.execute(
        "COPY (SELECT i.datastream, i.time, i.length, i.value, i.quality FROM incoming i LEFT JOIN known k"
        f" USING (datastream, time) WHERE k.value IS NULL OR NOT ({SAME}) ORDER BY {order})"
        f" TO {quoted(kept)} (FORMAT parquet, COMPRESSION lz4)"
    )
    found.kept = kept
    if known:
        _overlaps(con, found)
    return found


def define_known(con: duckdb.DuckDBPyConnection, seen: Survey, now: Snapshot, *, waiting: bool = True) -> bool:
    """Define the view `known`: rows of these datastreams that may meet the surveyed ones. False when there are none.

    Its columns are those of the archive and `filename` ('' for a row that is still in the journal, if `waiting`).
    """
    # Intervals that only touch don't meet: the day before, sealed yesterday, is left alone.
    first, last = min(seen.times[0], seen.times[0] - seen.longest * 1_000_000 + 1), seen.times[1]
    files = [
        part
        for part in now.meeting(seen.datastreams)
        if part.times[1] >= first and part.times[0] - part.longest * 1_000_000 <= last
    ]
    unsealed = journal.rows_meeting(seen.datastreams, first, last) if waiting else journal.columns_of(())
    if not files and len(unsealed["time"]) == 0:
        return False
    con.register("waiting", unsealed)
    condition = (
        f"datastream BETWEEN {seen.datastreams[0]} AND {seen.datastreams[1]}"
        f" AND time >= make_timestamptz({first}) AND time - to_seconds(length) <= make_timestamptz({last})"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW sealed AS SELECT * FROM ({now.rows_of(files, filename=True)}) WHERE {condition}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP VIEW known AS SELECT * FROM sealed UNION ALL SELECT datastream::INTEGER,"
        " make_timestamptz(time), length::INTEGER, value, quality::TINYINT, batch::INTEGER, '' FROM waiting w"
        " WHERE NOT EXISTS (FROM sealed s WHERE s.datastream = w.datastream AND s.time = make_timestamptz(w.time))"
    )
    return True


def _conflicts(con: duckdb.DuckDBPyConnection, found: Comparison) -> None:
    differing = f"FROM incoming i JOIN known k USING (datastream, time) WHERE NOT ({SAME})"
    row = con.execute(f"SELECT count(*) {differing}").fetchall()[0]
    found.conflict_count = row[0]
    if row[0]:
        examples = con.execute(
            f"SELECT i.datastream, epoch_us(i.time), k.value, i.value {differing} ORDER BY 1, 2 LIMIT {EXAMPLES}"
        ).fetchall()
        found.conflicts = [Conflict(*example) for example in examples]


def _overlaps(con: duckdb.DuckDBPyConnection, found: Comparison) -> None:
    """Neighbours, one new and one known, where the later begins before the earlier ends."""
    con.execute("CREATE OR REPLACE TEMP VIEW fresh AS FROM read_parquet(" + quoted(found.kept) + ")")
    query = (
        "SELECT datastream, epoch_us(time) AS time, length, fresh FROM ("
        "SELECT datastream, time, length, true AS fresh FROM fresh UNION ALL"
        " SELECT datastream, time, length, false FROM known k WHERE NOT EXISTS"
        " (SELECT 1 FROM incoming i WHERE i.datastream = k.datastream AND i.time = k.time"
        f" AND NOT ({SAME}))"
        " AND datastream IN (SELECT DISTINCT datastream FROM fresh)) ORDER BY 1, 2"
    )
    last = None
    for columns in stream(con, query):
        rows = columns if last is None else {name: np.concatenate([last[name], columns[name]]) for name in columns}
        start = rows["time"] - rows["length"].astype(np.int64) * 1_000_000
        together = (rows["datastream"][1:] == rows["datastream"][:-1]) & (rows["fresh"][1:] != rows["fresh"][:-1])
        at = np.flatnonzero(together & (start[1:] < rows["time"][:-1])) + 1
        found.overlap_count += len(at)
        for i in at[: EXAMPLES - len(found.overlaps)]:
            row = int(rows["datastream"][i]), int(rows["time"][i]), int(rows["length"][i])
            found.overlaps.append(Overlap(*row, int(rows["time"][i - 1])))
        last = {name: column[-1:] for name, column in columns.items()}
