"""Texts of a file, each with where it stands: a TOML file by key, anything else by paragraph."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused

# What begins a line that is not the end of a sentence before it: a list, a title, a row of a table.
APART = ("- ", "* ", "#", "|", ">")


def texts(path: Path) -> list[tuple[str, str]]:
    """(where, text) of each text. Raises Refused for what isn't text in UTF-8."""
    try:
        content = path.read_text(encoding="utf-8-sig")
        return list(_leaves(tomllib.loads(content))) if path.suffix == ".toml" else list(_paragraphs(content))
    except (OSError, ValueError) as error:
        raise Refused(
            _("%(file)s can't be read: %(error)s") % {"file": path.name, "error": error},
            _("Give a text file in UTF-8."),
            code="no_text",
        ) from error


def _leaves(tree: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        elif isinstance(value, str):
            yield f"{above}{key}", value


def _paragraphs(content: str) -> Iterator[tuple[str, str]]:
    start, lines = 1, list[str]()
    for number, line in enumerate([*content.splitlines(), ""], 1):
        if line.strip() and not line.lstrip().startswith(APART):
            start = start if lines else number
            lines.append(line.strip())
            continue
        if lines:
            yield str(start), " ".join(lines)
            lines = []
        if line.strip():
            start = number
            lines.append(line.lstrip().lstrip("-*#|> ").replace("|", ". "))
