"""Checking everything that is kept: audit chain, journal, and the archive's files, counts and fingerprints."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
from deltalake.exceptions import DeltaError
from django.utils.translation import gettext as _

from mitoyen.history import archive, corrections, engine, journal, rollups, sealing, watch
from mitoyen.history.enums import BatchState
from mitoyen.history.fingerprint import Fingerprint
from mitoyen.history.models import Batch, SealedDay
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong, in words, and what to do. Codes: audit_*, journal_*, archive_*, batch_*, rollups_*."""

    code: str
    message: str
    next_step: str


def check(progress: Callable[[str, int, int], None] | None = None) -> list[Fault]:
    """Everything that is wrong; empty when all is sound. `progress(what, done, total)` is told on the way."""
    found = _audit() + _journal(progress) + _unfinished()
    try:
        now = archive.snapshot()
    except (DeltaError, OSError) as error:
        return [*found, Fault("archive_unreadable", _("The archive's log can't be read: %s.") % error, _restore())]
    faulty, prints = _files(now, progress)
    found += faulty
    if not faulty:
        found += _batches(prints)
    return found + _rollups()


def _restore() -> str:
    return _("Restore the file from the last backup (mitoyen restore), then run “mitoyen check” again.")


def _audit() -> list[Fault]:
    step = _(
        "The audit trail was changed outside Mitoyen. Keep this installation as it is, and tell the security officer."
    )
    return [Fault(f"audit_{fault.code}", fault.message, step) for fault in audit.verify()]


def _journal(progress: Callable[[str, int, int], None] | None) -> list[Fault]:
    try:
        damaged = journal.integrity() if journal.there() else []
        if damaged:
            return [Fault("journal_damaged", _("The journal is damaged: %s.") % text, _restore()) for text in damaged]
        found = [Fault(code, message, watch.next_step()) for code, message in watch.told()]
        altered = watch.differences(progress) if journal.there() else []
        return found + [Fault("journal_altered", one.message, watch.next_step()) for one in altered]
    except Refused as refusal:
        return [Fault("journal_unreadable", refusal.message, refusal.next_step)]
    except sqlite3.DatabaseError as error:
        return [Fault("journal_damaged", _("The journal is damaged: %s.") % error, _restore())]


def _unfinished() -> list[Fault]:
    states = (BatchState.COMMITTING, BatchState.UNDOING)
    names = [_("batch %(id)d") % {"id": batch.pk} for batch in Batch.objects.filter(state__in=states)]
    names += [str(sealed.day) for sealed in SealedDay.objects.filter(version=None)]
    if not names:
        return []
    message = _("Left half done by a stop: %s.") % ", ".join(names)
    return [Fault("batch_unfinished", message, _("Run “mitoyen seal”: it finishes or takes back what was left."))]


def _files(
    now: archive.Snapshot, progress: Callable[[str, int, int], None] | None
) -> tuple[list[Fault], dict[int, Fingerprint]]:
    """Read every file of the archive: faults, and the fingerprint of each batch's rows."""
    found: list[Fault] = []
    prints: dict[int, Fingerprint] = {}
    for done, part in enumerate(now.parts):
        if progress:
            progress(part.path, done, len(now.parts))
        file = now.root / part.path
        if not file.exists():
            found.append(Fault("archive_missing", _("The archive's file %s is missing.") % part.path, _restore()))
            continue
        if file.stat().st_size != part.size:
            message = _("The archive's file %s does not have its size any more.") % part.path
            found.append(Fault("archive_altered", message, _restore()))
            continue
        try:
            with engine.connected() as con:
                got = sealing.prints_of(con, now.rows_of([part]))
        except duckdb.Error:
            message = _("The archive's file %s can't be read.") % part.path
            found.append(Fault("archive_altered", message, _restore()))
            continue
        if sum(one.rows for one in got.values()) != part.rows:
            message = _("The archive's file %s does not hold its number of rows.") % part.path
            found.append(Fault("archive_altered", message, _restore()))
        for number, one in got.items():
            prints[number] = prints.get(number, Fingerprint()) + one
    return found, prints


def expected() -> dict[int, Fingerprint]:
    """What the archive must hold of each batch: what its commit and the sealed days brought, less what was replaced."""
    prints: dict[int, Fingerprint] = {}
    gone = set(Batch.objects.filter(state=BatchState.UNDONE).values_list("pk", flat=True))
    for batch in Batch.objects.filter(state=BatchState.LIVE, rows__gt=0).exclude(hash=""):
        prints[batch.pk] = Fingerprint.of_hash(batch.rows, batch.hash)
    for sealed in SealedDay.objects.exclude(version=None):
        for number, (rows, text) in sealed.by_batch.items():
            if int(number) not in gone:
                prints[int(number)] = prints.get(int(number), Fingerprint()) + Fingerprint.of_hash(rows, text)
    files = [str(file) for file in corrections.files()]
    if files:
        with engine.connected() as con:
            rows = f"SELECT * FROM read_parquet({engine.file_list(files)}) WHERE sealed"
            for number, one in sealing.prints_of(con, rows).items():
                if number not in gone:
                    prints[number] = prints.get(number, Fingerprint()) - one
    return prints


def _batches(prints: dict[int, Fingerprint]) -> list[Fault]:
    wanted = expected()
    found = []
    for number in sorted(wanted.keys() | prints.keys()):
        want, got = wanted.get(number, Fingerprint()), prints.get(number, Fingerprint())
        if want.rows != got.rows:
            counts = {"id": number, "got": got.rows, "want": want.rows}
            message = _("Batch %(id)d has %(got)d rows in the archive, not %(want)d.") % counts
            found.append(Fault("batch_count", message, _restore()))
        elif want != got:
            message = _("Batch %(id)d has its %(rows)d rows, but not with their values.") % {
                "id": number,
                "rows": got.rows,
            }
            found.append(Fault("batch_hash", message, _restore()))
    return found


def _rollups() -> list[Fault]:
    step = _("Delete the folder rollups: it is made again from the archive by “mitoyen seal”.")
    try:
        altered = rollups.altered()
    except (DeltaError, OSError):
        return [Fault("rollups_damaged", _("The daily rollups can't be read."), step)]
    message = _("The daily rollups' file %s is not as it was written.")
    return [Fault("rollups_altered", message % path, step) for path in altered]
