"""The audit trail's published seals: anyone can keep them and check later that nothing was rewritten."""

import json
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from mitoyen.ledger.audit import published_folder
from mitoyen.www.portal.cache import public


@public
def heads(request: HttpRequest) -> HttpResponse:
    """Every published head, oldest first, as published; a damaged one is told, and hides none of the others."""
    found, damaged = [], []
    for file in sorted(published_folder().glob("????-??-??.json")):
        head = _head(file)
        if head is None:
            damaged.append({"day": file.stem, "says": _damage(file.stem)})
        else:
            found.append({"day": file.stem, **head})
    content = json.dumps({"heads": found, "unreadable": damaged}, ensure_ascii=False, indent=1)
    return HttpResponse(content, content_type="application/json; charset=utf-8")


def _head(file: Path) -> dict[str, Any] | None:
    """Its number, hash and time; None when the file is not what was published."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    kinds = {"number": int, "hash": str, "time": str}
    if not isinstance(content, dict) or any(type(content.get(name)) is not kind for name, kind in kinds.items()):
        return None
    return {name: content[name] for name in kinds}


def _damage(day: str) -> str:
    return _(
        "The head published on %(day)s can't be read any more: its file is damaged. Whoever kept a copy of it can "
        "still check the audit trail against it."
    ) % {"day": day}
