"""Sealing: a UTC day goes from the journal into the archive; the journal lets go only of what was read back from there.

Late data make further parts of their day. What the archive knows already is dropped; what contradicts it is kept aside.
"""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

import duckdb
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.history import archive, compare, faults, fingerprint, journal, parts, rollups, tally, watch
from mitoyen.history.archive import Part
from mitoyen.history.engine import connected, quoted, stream
from mitoyen.history.fingerprint import Fingerprint
from mitoyen.history.models import SealedDay
from mitoyen.history.survey import Survey
from mitoyen.history.tally import Tally
from mitoyen.history.times import micros
from mitoyen.history.watch import Altered
from mitoyen.ledger.refusal import Refused

Prints = dict[int, Fingerprint]
_REST = "length, value, quality, batch"
_CSV = (
    "columns = {datastream: 'INTEGER', time: 'BIGINT', length: 'INTEGER', value: 'DOUBLE', quality: 'TINYINT',"
    " batch: 'INTEGER'}, header = false, auto_detect = false, delim = ','"
)
_DAY_US = 86_400_000_000
_AT_ONCE = 10_000
_PAUSE_S, _LONGEST_PAUSE_S = 0.001, 0.04
# Days that the journal gives at once: two keep two processors busy from the start.
_AHEAD = 2
_INCOMING = "incoming.parquet"


class Held(NamedTuple):
    """How many rows the journal wrote of a day, and what it had noted of them."""

    rows: int
    noted: Tally


def seal(day: date | None = None, progress: Callable[[date, int], None] | None = None) -> list[SealedDay]:
    """Seal one UTC day; without it, every day in the journal that is over. Returns the parts made.

    Raises Refused when the archive does not give back what was written (the journal then keeps the day), when the
    disk is full, or when another writer is at work; and, once the other days are sealed, when the journal's readings
    of a day are not those that came in.
    """
    sealed: list[SealedDay] = []
    altered: list[Refused] = []
    with archive.writing(), faults.storage():
        recover()
        days = [day] if day else due()
        with connected() as con, ThreadPoolExecutor(_AHEAD) as giving, ThreadPoolExecutor(1) as letting_go:
            # While a day is written, the journal gives the next ones and lets go of the one before.
            given = [giving.submit(_export, con, one) for one in days[:_AHEAD]]
            gone: list[Future[None]] = []
            for i, one in enumerate(days):
                given += [giving.submit(_export, con, following) for following in days[i + _AHEAD : i + _AHEAD + 1]]
                made = None
                try:
                    held = _given(given[i], one)
                    faults.moment("seal_exported")
                    made = _seal(con, one, held, gone, letting_go)
                except Altered as refusal:
                    altered.append(refusal)
                shutil.rmtree(_work_of(one))
                if made is not None:
                    sealed.append(made)
                    if progress:
                        progress(one, made.rows)
            for left in gone:
                left.result()
    if sealed:
        rollups.refresh()
    if altered:
        raise altered[0]
    return sealed


def due() -> list[date]:
    """UTC days in the journal that are over, in order."""
    today = micros(datetime.combine(timezone.now().astimezone(UTC).date(), datetime.min.time(), UTC))
    return [parts.moment_of(number * _DAY_US).date() for number in journal.days() if number * _DAY_US < today]


def recover() -> list[str]:
    """Finish or forget the sealings that a crash left half done; the writer's lock must be held."""
    mended = []
    for left in SealedDay.objects.filter(version=None):
        if archive.transaction_known(_name(left)):
            _record(left)
            mended.append(_("%(day)s: its sealing had been written, it is finished.") % {"day": left.day})
        else:
            for file in parts.orphans(_label(left)):
                file.unlink()
            left.delete()
            mended.append(_("%(day)s: its sealing had not been written, the journal still has it.") % {"day": left.day})
    return mended


def _name(sealed: SealedDay) -> str:
    return f"seal:{sealed.day}:{sealed.part}"


def _label(sealed: SealedDay) -> str:
    return f"s{sealed.day:%Y%m%d}-{sealed.part}"


def _work_of(day: date) -> Path:
    return Path(settings.MITOYEN_HOME) / "staging" / f"seal-{day}"


def _export(con: duckdb.DuckDBPyConnection, day: date) -> Held:
    """Have the journal write a day's rows to a file, and sort them into one as the archive has them."""
    work = _work_of(day)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    first = micros(datetime.combine(day, datetime.min.time(), UTC))
    with journal.for_this_thread():
        held = Held(*journal.export(first, first + _DAY_US - 1, work / "rows.csv"))
    with con.cursor() as own:
        own.execute(
            f"COPY (SELECT datastream, make_timestamptz(time) AS time, length, value, quality, batch FROM"
            f" read_csv({quoted(work / 'rows.csv')}, {_CSV}) ORDER BY datastream, time)"
            f" TO {quoted(work / _INCOMING)} ({parts.OPTIONS})"
        )
    return held


def _given(export: Future[Held], day: date) -> Held:
    try:
        return export.result()
    except duckdb.ConversionException:
        # What can't even be read as a reading never came in.
        watch.refuse_if_altered(day)
        raise


def _seal(
    con: duckdb.DuckDBPyConnection, day: date, held: Held, gone: "list[Future[None]]", letting_go: Executor
) -> SealedDay | None:
    if not held.rows and not held.noted:
        return None
    rows = f"SELECT * FROM read_parquet({quoted(_work_of(day) / _INCOMING)})"
    seen, prints = _surveyed(con, rows)
    if seen.rows != held.rows:
        raise Refused(_("The journal gave %(got)d rows for %(day)s, not %(count)d.") % {
            "got": seen.rows, "day": day, "count": held.rows}, _("Run “mitoyen check”."))  # fmt: skip
    watch.refuse_altered(day, tally.by_batch(held.noted), prints)
    kept = _sorted_out(con, rows, seen)
    if kept != rows:
        prints = prints_of(con, kept)
    sealed = _written(con, kept, prints, day, whole=kept == rows and held.rows <= parts.ROWS_A_FILE)
    gone.append(letting_go.submit(_let_go, tally.steps(held.noted, _AT_ONCE)))
    return sealed


def _surveyed(con: duckdb.DuckDBPyConnection, rows: str) -> tuple[Survey, Prints]:
    """One pass over a day's sorted rows: what is in them, and the fingerprint of each batch."""
    seen, prints = Survey(with_fingerprint=False), Prints()
    for columns in stream(con, f"SELECT datastream, epoch_us(time) AS time, {_REST} FROM ({rows})"):
        _add_prints(prints, columns)
        seen.feed(columns)
    return seen, prints


def _let_go(steps: list[tuple[int, int, Tally]]) -> None:
    """Take rows out of the journal in small steps, each followed by a pause half as long: doors get their turn."""
    with journal.for_this_thread(), journal.unhurried():
        for low, high, held in steps:
            began = monotonic()
            journal.delete_between(low, high, held)
            sleep(min(max((monotonic() - began) / 2, _PAUSE_S), _LONGEST_PAUSE_S))


def _sorted_out(con: duckdb.DuckDBPyConnection, rows: str, seen: Survey) -> str:
    """SQL of the rows to be sealed: without those known already; contradicting ones are put aside."""
    now = archive.snapshot()
    known = compare.define_known(con, seen, now, waiting=False)
    if not known and not seen.overlap_count:
        return rows
    if not known:
        con.execute(f"CREATE OR REPLACE TEMP VIEW known AS SELECT *, '' AS filename FROM ({rows}) WHERE false")
    con.execute(f"CREATE OR REPLACE TEMP VIEW incoming AS {rows}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE judged AS SELECT i.*, CASE"
        f" WHEN k.value IS NOT NULL AND {compare.SAME} THEN 'known' WHEN k.value IS NOT NULL THEN 'conflict'"
        " WHEN EXISTS (SELECT 1 FROM known o WHERE o.datastream = i.datastream"
        " AND o.time - to_seconds(o.length) < i.time AND i.time - to_seconds(i.length) < o.time) THEN 'overlap'"
        " ELSE '' END AS verdict FROM incoming i LEFT JOIN known k USING (datastream, time)"
    )
    _overlaps_inside(con)
    aside = con.execute(
        "SELECT datastream, epoch_us(time), length, value, quality, batch, verdict FROM judged"
        " WHERE verdict IN ('conflict', 'overlap') ORDER BY 2, 1"
    ).fetchall()
    journal.put_aside(aside)
    return f"SELECT {parts.COLUMNS} FROM judged WHERE verdict = '' ORDER BY datastream, time"


def _overlaps_inside(con: duckdb.DuckDBPyConnection) -> None:
    """Of the rows that may be sealed, mark as overlaps those that begin before the end of one taken before them."""
    query = "SELECT datastream, epoch_us(time) AS time, length FROM judged WHERE verdict = '' ORDER BY datastream, time"
    wrong: list[tuple[int, int]] = []
    last, end = -1, 0
    for columns in stream(con, query):
        listed = (columns[name].tolist() for name in ("datastream", "time", "length"))
        for datastream, time, length in zip(*listed, strict=True):
            if datastream == last and time - length * 1_000_000 < end:
                wrong.append((datastream, time))
            else:
                last, end = datastream, time
    for datastream, time in wrong:
        con.execute(
            "UPDATE judged SET verdict = 'overlap' WHERE datastream = ? AND time = make_timestamptz(?)",
            [datastream, time],
        )


def _written(con: duckdb.DuckDBPyConnection, rows: str, prints: Prints, day: date, *, whole: bool) -> SealedDay | None:
    """Commit the rows to the archive, and read them back. None when there was nothing new.

    `whole`: they are just those of the day's sorted file, which then goes into the archive itself.
    """
    work = _work_of(day)
    total = sum(prints.values(), Fingerprint())
    if total.rows == 0:
        return None
    part = SealedDay.objects.filter(day=day).count()
    by_batch = {str(number): [one.rows, one.hash] for number, one in prints.items()}
    sealed = SealedDay.objects.create(day=day, part=part, rows=total.rows, hash=total.hash, by_batch=by_batch)
    month, label = f"{day:%Y-%m}", _label(sealed)
    if whole:
        made = [parts.adopt(con, work / _INCOMING, month, label, work)]
    else:
        made = parts.write_month(con, rows, month, label, work)
    parts.move(made, work)
    faults.moment("seal_moved")
    archive.commit(_name(sealed), made, day=str(day))
    faults.moment("seal_committed")
    _check(con, sealed, made, prints)
    _record(sealed)
    faults.moment("seal_checked")
    return sealed


def prints_of(con: duckdb.DuckDBPyConnection, rows: str) -> Prints:
    """Fingerprints by batch of the rows of a query."""
    found: Prints = {}
    for columns in stream(con, f"SELECT datastream, epoch_us(time) AS time, {_REST} FROM ({rows})"):
        _add_prints(found, columns)
    return found


def _add_prints(found: Prints, columns: journal.Columns) -> None:
    for number, one in fingerprint.by_batch(columns).items():
        found[number] = found.get(number, Fingerprint()) + one


def _check(con: duckdb.DuckDBPyConnection, sealed: SealedDay, made: list[Part], prints: Prints) -> None:
    """Compare what the archive gives back with what the journal gave; take it out again when they differ."""
    now = archive.snapshot()
    if prints_of(con, now.rows_of(made)) == prints:
        return
    archive.commit(f"unseal:{sealed.day}:{sealed.part}:{now.version}", [], made)
    sealed.delete()
    message = _("The archive does not give back what the journal held for %(day)s.") % {"day": sealed.day}
    raise Refused(message, _("The journal keeps the day. Check the disk, then run “mitoyen seal” again."), code="hash")


def _record(sealed: SealedDay) -> None:
    with transaction.atomic():
        sealed.version = archive.snapshot().version
        sealed.save(update_fields=["version"])
