"""Batches: live in one commit, or not at all; taken back; mended after a crash.

A batch's state in the database says what was intended; the archive's log (an application transaction named after the
batch) is the truth about what was done.
"""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.history import archive, corrections, faults, journal, parts, rollups, sealing, staging, watch
from mitoyen.history.archive import Part
from mitoyen.history.engine import connected, quoted
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch
from mitoyen.history.staging import Staged
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused

ABANDONED_AFTER_H = 24


def open_batch(
    origin: str, source: str, by: str, sha256: str = "", *, summary: Mapping[str, Any] | None = None
) -> Batch:
    """A new batch, waiting for its rows. `summary` says what is in it; its "datastreams" tell whose batch it is."""
    if origin == BatchOrigin.LIVE:
        watch.register()
    return Batch.objects.create(origin=origin, source=source[-300:], by=by, sha256=sha256, summary=dict(summary or {}))


def commit(staged: Staged, *, correct: bool = False, why: str = "") -> None:
    """Make a staged batch live, in one commit of the archive; repeating it changes nothing.

    Raises Refused for other values at known times or overlapping intervals, unless `correct`: the old rows then go to
    the record of corrections. A batch without any new row is discarded.
    """
    batch = staged.batch
    with archive.writing(), faults.storage():
        _mend()
        batch.refresh_from_db()
        if batch.state == BatchState.LIVE:
            return
        if batch.state != BatchState.STAGED:
            raise Refused(_("Batch %(id)d was given up.") % {"id": batch.pk}, _("Import the file again."))
        if not staged.inside and (archive.snapshot().version != staged.version or journal.extent() is not None):
            staged = staging.compared(batch)
        _refuse(staged, correct=correct)
        if staged.rows == 0:
            _discard(batch)
            return
        made, removed = _corrected(staged) if staged.conflict_count or staged.overlap_count else ([], [])
        batch.why, batch.rows, batch.hash = why, staged.fingerprint.rows, staged.fingerprint.hash
        batch.state = BatchState.COMMITTING
        batch.save(update_fields=["why", "rows", "hash", "state"])
        faults.moment("committing")
        parts.move([*staged.parts, *made], staged.path)
        corrections.place(staged.path / "corrections")
        faults.moment("moved")
        archive.commit(_name(batch), [*staged.parts, *made], removed, batch=batch.pk)
        faults.moment("committed")
        _finish(batch)
    rollups.refresh()


def _name(batch: Batch) -> str:
    return f"batch:{batch.pk}"


def _refuse(staged: Staged, *, correct: bool) -> None:
    if not staged.conflict_count and not staged.overlap_count:
        return
    if correct and not staged.inside:
        return
    grounds = [
        Ground("conflict", _("%(time)s: %(new)s where %(old)s is known.") % {
            "time": _shown(c.time), "new": f"{c.new:.12g}", "old": f"{c.old:.12g}"})
        for c in staged.conflicts
    ] + [
        Ground("overlap", _("The interval that ends at %(time)s begins before %(other)s, the end of another.") % {
            "time": _shown(o.time), "other": _shown(o.other_time)})
        for o in staged.overlaps
    ]  # fmt: skip
    counts = {"conflicts": staged.conflict_count, "overlaps": staged.overlap_count}
    if staged.inside:
        message = _("The file contradicts itself: %(conflicts)d times with two values, %(overlaps)d overlaps.") % counts
        raise Refused(message, _("Keep one value for each time."), grounds, "contradicts_itself")
    message = _("%(conflicts)d known times have another value, %(overlaps)d intervals overlap known ones.") % counts
    step = _("If the new values are right, import the file again as a correction (--correct, with the reason).")
    raise Refused(message, step, grounds, "conflict" if staged.conflict_count else "overlap")


def _shown(micros: int) -> str:
    return f"{parts.moment_of(micros):%Y-%m-%d %H:%M:%S}Z"


def _corrected(staged: Staged) -> tuple[list[Part], list[Part]]:
    """Write the record of what is replaced; returns the archive's files without it, and those they stand for."""
    target = staged.path / "corrections"
    target.mkdir(exist_ok=True)
    now = archive.snapshot()
    with connected() as con:
        fresh = f"FROM read_parquet({quoted(staged.path / 'kept.parquet')})"
        to = target / f"{staged.batch.pk}.parquet"
        if not corrections.write_replaced(con, staged.survey, now, fresh=fresh, batch=staged.batch.pk, to=to):
            return [], []
        return corrections.rewritten(con, now, staging.label_of(staged.batch), staged.path)


def _finish(batch: Batch) -> None:
    """The archive has it: take what it replaced out of the journal, then say that it is live."""
    _take_from_journal(batch)
    with transaction.atomic():
        batch.state, batch.live_at = BatchState.LIVE, timezone.now()
        batch.save(update_fields=["state", "live_at"])
        detail = {"rows": batch.rows, "source": batch.source, "why": batch.why, "sha256": batch.sha256}
        audit.record(batch.by or "mitoyen", "batch.commit", f"batch:{batch.pk}", **detail)
    faults.moment("live")
    shutil.rmtree(staging.folder_of(batch), ignore_errors=True)


def _take_from_journal(batch: Batch) -> None:
    file = corrections.file_of(batch.pk)
    if not file.exists() or journal.extent() is None:
        return
    with connected() as con:
        keys = con.execute(f"SELECT epoch_us(time), datastream FROM read_parquet({quoted(file)})").fetchall()
    journal.delete(keys)


def _discard(batch: Batch) -> None:
    for file in parts.orphans(staging.label_of(batch)):
        file.unlink()
    corrections.file_of(batch.pk).unlink(missing_ok=True)
    shutil.rmtree(staging.folder_of(batch), ignore_errors=True)
    batch.state = BatchState.DISCARDED
    batch.save(update_fields=["state"])


def discard(batch: Batch) -> None:
    """Give a staged batch up. A batch that is live is left alone."""
    with archive.writing():
        batch.refresh_from_db()
        if batch.state == BatchState.STAGED:
            _discard(batch)


def undo(batch: Batch, by: str, why: str) -> None:
    """Take a batch back, out of archive and journal; what it had corrected comes back. Raises Refused if not live."""
    with archive.writing(), faults.storage():
        _mend()
        batch.refresh_from_db()
        if batch.state == BatchState.UNDONE:
            raise Refused(_("Batch %(id)d was taken back already.") % {"id": batch.pk}, code="already_undone")
        if batch.state != BatchState.LIVE:
            raise Refused(_("Batch %(id)d is not live.") % {"id": batch.pk}, code="not_live")
        batch.state, batch.undone_by, batch.undone_why = BatchState.UNDOING, by, why
        batch.save(update_fields=["state", "undone_by", "undone_why"])
        _take_back(batch)
    rollups.refresh()


def _take_back(batch: Batch) -> None:
    """Idempotent: is done again after a crash."""
    name, work = f"undo:{batch.pk}", Path(settings.MITOYEN_HOME) / "staging" / f"undo-{batch.pk}"
    journal.delete_batch(batch.pk)
    faults.moment("undoing")
    if not archive.transaction_known(name):
        shutil.rmtree(work, ignore_errors=True)
        (work / "corrections").mkdir(parents=True)
        made, removed = _without(batch, work)
        parts.move(made, work)
        if made or removed:
            archive.commit(name, made, removed, batch=batch.pk)
    faults.moment("undone")
    _back_to_journal(work / "journal.parquet")
    corrections.place(work / "corrections")
    with transaction.atomic():
        batch.state, batch.undone_at = BatchState.UNDONE, timezone.now()
        batch.save(update_fields=["state", "undone_at"])
        audit.record(batch.undone_by, "batch.undo", f"batch:{batch.pk}", why=batch.undone_why, rows=batch.rows)
    shutil.rmtree(work, ignore_errors=True)


def _back_to_journal(file: Path) -> None:
    """Rows that the journal held when they were replaced come back there, each with its batch."""
    if not file.exists():
        return
    with connected() as con:
        query = f"SELECT batch, datastream, epoch_us(time), length, value, quality FROM read_parquet({quoted(file)})"
        rows = con.execute(query).fetchall()
    for number in sorted({row[0] for row in rows}):
        journal.append([row[1:] for row in rows if row[0] == number], number)


def _without(batch: Batch, work: Path) -> tuple[list[Part], list[Part]]:
    """Files without the batch's rows and with those that come back; and the files they stand for."""
    now, label, made = archive.snapshot(), f"u{batch.pk}", []
    removed = now.meeting(batch=batch.pk)
    order = "ORDER BY datastream, time"
    with connected() as con:
        for part in removed:
            if part.batches != (batch.pk, batch.pk):
                rest = f"SELECT {parts.COLUMNS} FROM ({now.rows_of([part])}) WHERE batch <> {batch.pk} {order}"
                made += parts.write_month(con, rest, part.month, label, work)
        if corrections.write_returning(con, batch.pk, now, work / "corrections"):
            con.execute(f"COPY (FROM back WHERE NOT sealed) TO {quoted(work / 'journal.parquet')} (FORMAT parquet)")
            con.execute("DELETE FROM back WHERE NOT sealed")
            months = con.execute("SELECT DISTINCT strftime(time, '%Y-%m') FROM back ORDER BY 1").fetchall()
            for (month,) in months:
                rest = f"SELECT {parts.COLUMNS} FROM back WHERE {parts.in_month(month)} {order}"
                made += parts.write_month(con, rest, month, label, work)
    return made, removed


def recover() -> list[str]:
    """At start: finish or discard what a crash left half done. Returns a line for each thing mended."""
    mended: list[str] = []
    with archive.writing(), faults.storage():
        mended += _mend()
        limit = timezone.now() - timedelta(hours=ABANDONED_AFTER_H)
        for batch in Batch.objects.filter(state=BatchState.STAGED, received_at__lt=limit).exclude(origin="live"):
            _discard(batch)
            mended.append(_("Batch %(id)d: given up, its import never ended.") % {"id": batch.pk})
    if mended:
        rollups.refresh()
    return mended


def _mend() -> list[str]:
    """Every writer first finishes what another left; the lock must be held."""
    mended = sealing.recover()
    for batch in Batch.objects.filter(state__in=(BatchState.COMMITTING, BatchState.UNDOING)).order_by("pk"):
        mended.append(_recovered(batch))
    return mended


def _recovered(batch: Batch) -> str:
    if batch.state == BatchState.UNDOING:
        _take_back(batch)
        return _("Batch %(id)d: taken back, as was asked before the stop.") % {"id": batch.pk}
    if archive.transaction_known(_name(batch)):
        _finish(batch)
        return _("Batch %(id)d: live, its commit had been written.") % {"id": batch.pk}
    _discard(batch)
    return _("Batch %(id)d: given up, nothing of it had been written. Import the file again.") % {"id": batch.pk}
