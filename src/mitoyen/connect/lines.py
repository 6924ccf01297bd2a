"""The records of a table as the person sees them, told apart by bytes alone: to count them, and to name their lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mitoyen.connect.layout import Layout

CHUNK = 1 << 20
# A quoted cell never runs on further than this: an open quotation mark would make one record of the rest of the file.
LONGEST_RECORD = 2_000_000


@dataclass(frozen=True, slots=True)
class Placed:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Counted:
    """`records` that aren't blank; `open_line`: where the first quoted cell starts that runs over a line's end."""

    records: int
    open_line: int | None = None


def count(table: Path, layout: Layout) -> Counted:
    """How many records lie below the header, by another way than the parser's: line ends and quotation marks alone."""
    records, open_line = 0, None
    delimiter = layout.delimiter.encode()
    with table.open("rb") as file:
        for above in range(1, layout.skip + 1):
            if _runs_on(file.readline().rstrip(b"\r\n"), delimiter, inside=False):
                open_line = open_line or above
        number, inside = layout.skip, False
        while chunk := file.read(CHUNK):
            chunk += file.readline()
            ends = None if inside else _plain_lines(chunk)
            if ends is not None:
                records, number = records + ends, number + ends
                continue
            for line in chunk.removesuffix(b"\n").split(b"\n"):
                number += 1
                if not inside and not line.strip(b"\r"):
                    continue
                runs_on = _runs_on(line, delimiter, inside=inside)
                if runs_on and not inside and open_line is None:
                    open_line = number
                inside = runs_on
                records += not inside
    return Counted(records + inside, open_line)


def _plain_lines(chunk: bytes) -> int | None:
    """How many lines, when each line end ends a record; None where there is a quotation mark or a blank line."""
    if b'"' in chunk or chunk[:1] in (b"\n", b"\r") or (b"\r" in chunk and b"\n\r" in chunk):
        return None
    ends = np.frombuffer(chunk, np.uint8) == ord("\n")
    if (ends[1:] & ends[:-1]).any():
        return None
    return int(np.count_nonzero(ends)) + (not chunk.endswith(b"\n"))


def _runs_on(line: bytes, delimiter: bytes, *, inside: bool) -> bool:
    """Whether a quoted cell is still open at the end of a line. A mark opens a cell only where the cell starts."""
    if not inside and not line.count(b'"') % 2:
        return False
    at = 0
    while True:
        if inside:
            at = line.find(b'"', at)
            if at < 0:
                return True
            if line[at + 1 : at + 2] == b'"':
                at += 2
                continue
            inside, at = False, at + 1
        elif line[at:].lstrip(b" ").startswith(b'"'):
            inside, at = True, line.index(b'"', at) + 1
            continue
        at = line.find(delimiter, at)
        if at < 0:
            return False
        at += len(delimiter)


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
    for line, start, text in _records(table, layout):
        if not text.strip(b"\r\n"):
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


def _records(table: Path, layout: Layout) -> Iterator[tuple[int, int, bytes]]:
    """(line it starts on, byte it starts at, text) of each record below the header."""
    delimiter = layout.delimiter.encode()
    with table.open("rb") as file:
        byte, started, began = 0, 0, 0
        pending, inside = b"", False
        for number, raw in enumerate(file, start=1):
            if number <= layout.skip:
                byte += len(raw)
                continue
            if not pending:
                started, began = number, byte
            byte += len(raw)
            pending += raw
            inside = _runs_on(raw.rstrip(b"\r\n"), delimiter, inside=inside)
            if inside and len(pending) < LONGEST_RECORD:
                continue
            yield started, began, pending
            pending, inside = b"", False
        if pending:
            yield started, began, pending
