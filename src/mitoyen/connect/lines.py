"""Where a record stands in the file, as the person sees it: counted only when a line must be named."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mitoyen.connect.layout import Layout


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no record at all (too few or too many cells, an open quote)."""

    byte: int
    error: str
    text: str


@dataclass(frozen=True, slots=True)
class Placed:
    line: int
    text: str


def place(
    table: Path, layout: Layout, ordinals: Iterable[int], rejected_bytes: frozenset[int], offset: int
) -> tuple[dict[int, Placed], dict[int, int]]:
    """({ordinal: line and text}, {byte of a rejected line: line}) for records counted from 0 below the header.

    Blank lines make no record; a quoted cell may hold a line break. `offset` is added to each line number.
    """
    wanted = set(ordinals)
    last = max(wanted, default=-1)
    found: dict[int, Placed] = {}
    at_byte: dict[int, int] = {}
    ordinal = 0
    waiting = sorted(rejected_bytes, reverse=True)
    for line, start, text in _records(table):
        if line <= layout.skip or not text.strip(b"\r\n"):
            continue
        # DuckDB counts bytes from 1, and from the blank lines before the record when there are some.
        if waiting and waiting[-1] - 1 < start + len(text):
            at_byte[waiting.pop()] = line + offset
            continue
        if ordinal in wanted:
            found[ordinal] = Placed(line + offset, text.decode("utf-8", errors="replace").strip("\r\n"))
        ordinal += 1
        if ordinal > last and not waiting:
            break
    return found, at_byte


def _records(table: Path) -> Iterator[tuple[int, int, bytes]]:
    """(line it starts on, byte it starts at, text) of each record."""
    with table.open("rb") as file:
        number, byte = 0, 0
        pending, started, began = b"", 0, 0
        for raw in file:
            number += 1
            if not pending:
                started, began = number, byte
            byte += len(raw)
            pending += raw
            if pending.count(b'"') % 2 and len(pending) < 2_000_000:
                continue
            yield started, began, pending
            pending = b""
        if pending:
            yield started, began, pending
