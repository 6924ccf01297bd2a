"""One moment of an installation, held still by hard links while it is copied elsewhere."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings

from mitoyen.history import archive
from mitoyen.resilience import frames_copy, journal_copy
from mitoyen.resilience.tables import write_tables

FOLDERS = ("published", "archive", "corrections", "factors")
# What people sent goes with the secrets: into backups, never into an export.
PRIVATE_FOLDERS = ("photos", "scans")
FILES = ("mitoyen.toml", "secret.key", "gate.keys", "open311.keys")


@contextmanager
def snapshot(tables: tuple[str, ...], *, secrets: bool) -> Iterator[Path]:
    """A folder with `tables/`, frames, journal, archive and (with `secrets`) settings and keys, all of one moment.

    The archive's lock is held only while links are made (milliseconds a thousand files), so no batch is half in.
    """
    home: Path = settings.MITOYEN_HOME
    folder = Path(mkdtemp(prefix="snapshot-", dir=home / "staging"))
    try:
        # First, and not while the archive waits: there may be gigabytes.
        frames_copy.copy_out(folder / frames_copy.NAME)
        with archive.writing():
            # The published heads first: one that is newer than the tables would look like a trail cut off.
            for name in (*FOLDERS, *PRIVATE_FOLDERS) if secrets else FOLDERS:
                if (home / name).is_dir():
                    _link_tree(home / name, folder / name)
            (folder / "tables").mkdir()
            write_tables(folder / "tables", tables)
            journal_copy.copy_out(folder / journal_copy.NAME)
            for name in FILES if secrets else ():
                if (home / name).exists():
                    shutil.copy2(home / name, folder / name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link_tree(source: Path, target: Path) -> None:
    """Archive files never change once written, so a link is a copy; across file systems it is one."""
    for folder, _folders, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        for name in files:
            original = Path(folder) / name
            try:
                (here / name).hardlink_to(original)
            except OSError:
                shutil.copy2(original, here / name)
