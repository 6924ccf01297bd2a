"""Backup of everything in one file, while the platform runs."""

import json
import os
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused
from mitoyen.resilience.contents import LIST, described
from mitoyen.resilience.snapshot import snapshot
from mitoyen.resilience.tables import ALL_TABLES

Progress = Callable[[int, int], None]


def back_up(target: Path, progress: Progress = lambda _done, _total: None) -> dict[str, Any]:
    """Write the backup to `target` (a tar file), complete or not at all; what it holds.

    `progress(done, total)` counts bytes. Raises Refused when the file exists or can't be written.
    """
    if target.exists():
        raise Refused(_("%(file)s exists already.") % {"file": target}, _("Name another file."))
    part = target.with_name(target.name + ".part")
    try:
        with snapshot(ALL_TABLES, secrets=True) as folder:
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            content = described(folder, files)
            _write_tar(part, folder, files, content, progress)
        part.rename(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Refused(
            _("The backup can't be written: %(why)s.") % {"why": error}, _("Free some room or name another folder.")
        ) from error
    return {"file": str(target), "made_at": content["made_at"], "files": len(files), "bytes": target.stat().st_size}


def _write_tar(part: Path, folder: Path, files: list[Path], content: dict[str, object], progress: Progress) -> None:
    total = sum(path.stat().st_size for path in files)
    done = 0
    with part.open("wb") as raw, tarfile.open(fileobj=raw, mode="w") as tar:
        os.fchmod(raw.fileno(), 0o600)  # it holds keys and people
        head = json.dumps(content, indent=1).encode()
        entry = tarfile.TarInfo(LIST)
        entry.size = len(head)
        tar.addfile(entry, BytesIO(head))
        for path in files:
            tar.add(path, arcname=str(path.relative_to(folder)))
            done += path.stat().st_size
            progress(done, total)
        tar.close()
        raw.flush()
        os.fsync(raw.fileno())
