"""Brings a backup, or an export, into an empty installation."""

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import tomlkit
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused
from mitoyen.resilience import frames_copy, journal_copy
from mitoyen.resilience.contents import LIST, verified
from mitoyen.resilience.snapshot import FILES, FOLDERS, PRIVATE_FOLDERS
from mitoyen.resilience.tables import ALL_TABLES, read_tables

Progress = Callable[[int, int], None]
SETTINGS = "mitoyen.toml"


def restore(source: Path, progress: Progress = lambda _done, _total: None) -> dict[str, Any]:
    """Feed the initialised, empty installation with `source`: a backup's file or an export's folder.

    Every file's hash is checked before anything is put in place. `progress(done, total)` counts bytes.
    Raises Refused: not empty, unreadable, damaged.
    """
    home: Path = settings.MITOYEN_HOME
    if any((home / "archive").iterdir()):
        raise Refused(
            _("%(home)s already holds readings.") % {"home": home},
            _("Restore into a new folder: MITOYEN_HOME=new-folder, then mitoyen init and mitoyen restore."),
        )
    folder = Path(mkdtemp(prefix="restore-", dir=home / "staging"))
    try:
        (_copy if source.is_dir() else _unpack)(source, folder, progress)
        content = verified(folder, source)
        rows = read_tables(folder / "tables", ALL_TABLES)
        _put_in_place(folder, home)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"made_at": content["made_at"], "version": content["version"], "rows": sum(rows.values()), "tables": rows}


def _put_in_place(folder: Path, home: Path) -> None:
    for name in (*FOLDERS, *PRIVATE_FOLDERS, frames_copy.NAME):
        if (folder / name).exists():
            shutil.rmtree(home / name, ignore_errors=True)
            (folder / name).rename(home / name)
    if (folder / journal_copy.NAME).exists():
        journal_copy.bring_in(folder / journal_copy.NAME)
    if (folder / SETTINGS).exists():
        _forget_databases(folder / SETTINGS)
    for name in FILES:
        if (folder / name).exists() and not (name == SETTINGS and (home / name).exists()):
            (folder / name).replace(home / name)


def _forget_databases(file: Path) -> None:
    """Where the old installation kept its databases is not where this one does."""
    content = tomlkit.parse(file.read_text(encoding="utf-8"))
    for name in ("database_url", "journal_url"):
        content.pop(name, None)
    file.write_text(tomlkit.dumps(content), encoding="utf-8")


def _copy(source: Path, folder: Path, progress: Progress) -> None:
    files = [path for path in source.rglob("*") if path.is_file() and not path.is_symlink()]
    for done, path in enumerate(files):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        progress(done + 1, len(files))


def _unpack(source: Path, folder: Path, progress: Progress) -> None:
    try:
        total, done = source.stat().st_size, 0
        with tarfile.open(source) as tar:
            for member in tar:
                tar.extract(member, folder, filter="data")
                done += member.size
                progress(done, total)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise Refused(
            _("%(file)s can't be read as a backup: %(why)s.") % {"file": source, "why": error},
            _("Try another backup file."),
        ) from error
    if not (folder / LIST).exists():
        raise Refused(_("%(file)s is not a whole backup.") % {"file": source}, _("Try another backup file."))
