"""The list of what a backup or an export holds, with each file's hash, and its verification."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from django.utils.translation import gettext as _

import mitoyen
from mitoyen.ledger.refusal import Refused

LIST = "contents.json"
FORMAT = 1
CHUNK = 1 << 20


def described(folder: Path, files: Iterable[Path]) -> dict[str, object]:
    """Format, version, time, and the SHA-256 of each file by its path below `folder`."""
    return {
        "format": FORMAT,
        "version": mitoyen.__version__,
        "made_at": datetime.now(UTC).isoformat(),
        "files": {str(path.relative_to(folder)): sha256(path) for path in files},
    }


def verified(folder: Path, source: Path) -> dict[str, object]:
    """The list of `folder`, once every file in it has its hash. Raises Refused; `source` is what messages name."""
    listing = folder / LIST
    try:
        content = json.loads(listing.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = {}
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Refused(
            _("%(file)s is neither a backup nor an export of this format.") % {"file": source},
            _("Name a file made by mitoyen backup, or a folder made by mitoyen export."),
        )
    for name, expected in content["files"].items():
        path = folder / name
        if not path.is_file() or sha256(path) != expected:
            raise Refused(
                _("%(file)s is damaged: %(name)s is missing or changed.") % {"file": source, "name": name},
                _("Nothing was restored. Try another one."),
            )
    return content


def sha256(path: Path) -> str:
    """In hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
