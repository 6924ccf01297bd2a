"""Compaction: the small files that sealings and late data make are put together; rows and batches stay as they are."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import shutil
from pathlib import Path

from deltalake import DeltaTable
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.history import archive, faults, parts, rollups, sealing
from mitoyen.history.archive import Part
from mitoyen.history.engine import connected
from mitoyen.ledger.refusal import Refused

SMALL = parts.ROWS_A_FILE // 2
# A reader that listed the rollups' files just before a new version may still be reading them.
_ROLLUPS_KEEP_H = 1
KEEP_DAYS = 30


def compact() -> dict[str, int]:
    """Put together the small files of each month that has several; returns month -> how many they were.

    Old files stay for the archive's past versions. Raises Refused when the new files don't hold the same rows.
    """
    done: dict[str, int] = {}
    with archive.writing(), faults.storage():
        for month, small in _small_files().items():
            _together(month, small)
            done[month] = len(small)
    rollups.refresh()
    if archive.made(rollups.folder()):
        with archive.writing(), faults.storage():
            table = DeltaTable(str(rollups.folder()))
            table.vacuum(_ROLLUPS_KEEP_H, dry_run=False, enforce_retention_duration=False)
    return done


def forget(keep_days: int = KEEP_DAYS) -> int:
    """Remove the files that no version of the archive younger than `keep_days` needs; returns how many.

    Older versions can't be read any more; the readings of today, and who corrected what, stay.
    """
    if not archive.made(archive.folder()):
        return 0
    with archive.writing(), faults.storage():
        table = DeltaTable(str(archive.folder()))
        return len(table.vacuum(keep_days * 24, dry_run=False, enforce_retention_duration=False))


def _small_files() -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for part in archive.snapshot().parts:
        if part.rows < SMALL:
            found.setdefault(part.month, []).append(part)
    return {month: files for month, files in sorted(found.items()) if len(files) > 1}


def _together(month: str, small: list[Part]) -> None:
    now, label = archive.snapshot(), "compact"
    for left in parts.orphans(label):
        left.unlink()
    work = Path(settings.MITOYEN_HOME) / "staging" / f"compact-{month}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    rows = now.rows_of(small)
    with connected() as con:
        made = parts.write_month(con, f"SELECT * FROM ({rows}) ORDER BY datastream, time", month, label, work)
        here = archive.Snapshot(work, now.version, ())
        if sealing.prints_of(con, here.rows_of(made)) != sealing.prints_of(con, rows):
            message = _("Putting the files of %(month)s together did not give the same rows.") % {"month": month}
            raise Refused(message, _("Nothing was changed. Run “mitoyen check”."), code="hash")
    parts.move(made, work)
    faults.moment("compact_moved")
    archive.commit(f"compact:{month}:{now.version + 1}", made, small)
    shutil.rmtree(work)
