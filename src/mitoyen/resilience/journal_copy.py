"""The journal out of and into an installation, wherever it is kept: in a backup it is always a SQLite file."""

import sqlite3
from contextlib import closing
from itertools import groupby
from pathlib import Path

from django.conf import settings

from mitoyen.history import journal
from mitoyen.history.journal_sqlite import Store

NAME = journal.NAME


def copy_out(target: Path) -> None:
    """Write the journal as it is now to the SQLite file `target`; nothing where there is no journal yet."""
    source = settings.MITOYEN_HOME / NAME
    if settings.MITOYEN["journal_url"]:
        _write_rows(target)
    elif source.exists():
        # Through SQLite itself: the file alone misses what still lies in its write-ahead log.
        with closing(sqlite3.connect(source)) as own, closing(sqlite3.connect(target)) as copy:
            own.backup(copy)


def bring_in(source: Path) -> None:
    """Make the SQLite file `source` the journal of this installation, whose own is empty."""
    if not settings.MITOYEN["journal_url"]:
        source.replace(settings.MITOYEN_HOME / NAME)
        return
    with closing(sqlite3.connect(source)) as kept:
        rows = kept.execute("SELECT datastream, time, length, value, quality, batch FROM observation ORDER BY batch")
        for batch, group in groupby(rows, key=lambda row: row[5]):
            journal.append([tuple(row[:5]) for row in group], batch)
        aside = kept.execute("SELECT datastream, time, length, value, quality, batch, reason FROM aside")
        journal.put_aside(aside.fetchall())
    store = Store(source)
    # A tally made of what the copy holds would hide that it was altered before.
    journal.take_account(*store.account())
    store.connection.close()


def _write_rows(target: Path) -> None:
    store = Store(target)
    extent = journal.extent()
    if extent is not None:
        columns = journal.rows_between(*extent)
        names = ("datastream", "time", "length", "value", "quality", "batch")
        rows = sorted(zip(*(columns[name].tolist() for name in names), strict=True), key=lambda row: row[5])
        store.append([([row[:5] for row in group], batch) for batch, group in groupby(rows, key=lambda row: row[5])])
    store.put_aside(journal.aside())
    store.take_account(*journal.account())
    store.connection.close()
