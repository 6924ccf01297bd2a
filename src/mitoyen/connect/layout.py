"""The shape of a text table: delimiter, lines above, header, columns, from samples of the start, middle and end."""

import csv
import itertools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from mitoyen.connect import stamps
from mitoyen.connect.decimals import looks_like_number
from mitoyen.connect.headers import unit_code
from mitoyen.ledger.refusal import Ground, Refused

HEAD_LINES = 3000
SPOTS = 8
SPOT_LINES = 150
MAX_COLUMNS = 2000
NAMELESS = "column "
DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class Layout:
    """`skip`: physical lines before the first reading. `preamble`: lines above the header. `sample`: data rows."""

    delimiter: str
    skip: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    has_header: bool
    preamble: tuple[tuple[str, ...], ...]
    sample: tuple[tuple[str, ...], ...]

    def column(self, index: int) -> list[str]:
        """Non-empty texts of one column in the sample."""
        return [row[index] for row in self.sample if index < len(row) and row[index]]


def layout_of(table: Path, *, typed: bool) -> Layout:
    """Find the shape. Raises Refused when no column holds dates."""
    head, spots = _sample_lines(table)
    lines = [line for line in head if line.strip()]
    if not lines:
        raise Refused(_("The file is empty."), _("Ask for it again: nothing was imported."), code="empty")
    delimiter = "," if typed else _delimiter(lines)
    rows = [_split(line, delimiter) for line in head]
    width = _width(rows)
    if width > MAX_COLUMNS:
        raise Refused(
            _("The table has %(count)d columns; %(limit)d at most can be taken.")
            % {"count": width, "limit": MAX_COLUMNS},
            _("Split it."),
            code="too_wide",
        )
    first = next((n for n, row in enumerate(rows) if len(row) == width and _has_stamp(row)), None)
    if first is None or width < 2:
        raise _no_time(lines)
    first = _first_reading(rows, first)
    header_at = _header_line(rows, first)
    units: tuple[str, ...] = ()
    skip = _first_with_number(rows, first) if header_at is None else header_at + 1
    if header_at is not None and _is_units_row(rows[header_at]):
        above = next((n for n in range(header_at - 1, -1, -1) if any(rows[n])), None)
        if above is not None and len(_trimmed(rows[above])) >= 2:
            units, header_at = tuple(rows[header_at]), above
    sample = [row for row in rows[skip:] if any(row)]
    sample += [row for line in spots if (row := _split(line, delimiter)) and any(row)]
    # A line of another width is a fault to be named later; what columns hold is told by the others.
    sample = [row for row in sample if len(row) == width] or sample
    names = _names(rows[header_at] if header_at is not None else [], max(width, 1))
    above_header = rows[: header_at if header_at is not None else skip]
    return Layout(
        delimiter,
        skip,
        tuple(names),
        units,
        header_at is not None,
        tuple(tuple(_trimmed(row)) for row in above_header if any(row)),
        tuple(tuple(row) for row in sample),
    )


def _sample_lines(table: Path) -> tuple[list[str], list[str]]:
    size = table.stat().st_size
    with table.open("rb") as file:
        head = [_decoded(line) for line in itertools.islice(file, HEAD_LINES)]
        reached = file.tell()
        if head:
            head[0] = head[0].removeprefix("\ufeff")
        spots: list[str] = []
        for part in range(1, SPOTS + 1):
            start = max(reached, size * part // (SPOTS + 1) if part < SPOTS else size - 16_384)
            if start >= size:
                break
            file.seek(start)
            if start > reached:
                file.readline()
            spots += [_decoded(line) for line in itertools.islice(file, SPOT_LINES)]
            reached = file.tell()
    return head, spots


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r\n")


def _split(line: str, delimiter: str) -> list[str]:
    """Cells of one physical line, stripped; a stray quote doesn't matter for a sample."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _delimiter(lines: list[str]) -> str:
    """The delimiter under which most lines have the same number of cells and a cell that is a date."""
    best, best_score = "", 0.0
    for delimiter in DELIMITERS:
        rows = [_split(line, delimiter) for line in lines]
        counts = Counter(len(row) for row in rows if len(row) > 1)
        if not counts:
            continue
        agreeing = counts.most_common(1)[0][1] / len(rows)
        dated = sum(1 for row in rows if _has_stamp(row)) / len(rows)
        score = agreeing * (0.1 + dated)
        if score > best_score * 1.05:
            best, best_score = delimiter, score
    if not best:
        raise _no_time(lines)
    return best


def _has_stamp(row: list[str]) -> bool:
    return any(stamps.looks_like_stamp(cell) for cell in row) or any(stamps.looks_like_epoch(cell) for cell in row[:3])


def has_reading(row: list[str]) -> bool:
    """Whether a row of cells holds a date and, beside it, a number."""
    dated = {index for index, cell in enumerate(row) if _has_stamp([cell])}
    return bool(dated) and any(looks_like_number(cell) for index, cell in enumerate(row) if index not in dated)


def _no_time(lines: list[str]) -> Refused:
    shown = lines[0][:80]
    return Refused(
        _("No column of dates was found. The file starts with: %(start)s") % {"start": shown},
        _("A table of readings has a column of dates (2024-03-31 14:00 or 31/03/2024 14:00) and one of numbers."),
        [Ground("no_time_column", _("no date on any line"), 1)],
        code="no_time_column",
    )


def _width(rows: list[list[str]]) -> int:
    """Columns of the body: the most frequent number of cells among the rows that hold a date."""
    counts = Counter(len(row) for row in rows if any(row) and _has_stamp(row))
    return max(counts.most_common(1)[0][0], 1) if counts else 0


def _first_reading(rows: list[list[str]], whole: int) -> int:
    """The first line with a date where line `whole` has one, and a number, however many cells it has.

    A damaged first reading is a line to be refused, not one of those above the header.
    """
    times = [index for index, cell in enumerate(rows[whole]) if _has_stamp([cell])]
    for number, row in enumerate(rows[:whole]):
        dated = [index for index in times if index < len(row) and _has_stamp([row[index]])]
        if dated and any(looks_like_number(cell) for index, cell in enumerate(row) if index not in dated):
            return number
    return whole


def _first_with_number(rows: list[list[str]], first: int) -> int:
    """Where the readings start when no header says so: the first line with a date, or with a number beside a text."""
    for number, row in enumerate(rows[:first]):
        cells = [cell for cell in row if cell]
        if any(_has_stamp([cell]) for cell in cells) or (len(cells) > 1 and any(map(looks_like_number, cells))):
            return number
    return first


def _header_line(rows: list[list[str]], first: int) -> int | None:
    """The last line above the first reading that holds two names or more and no number; None when there is none."""
    for number in range(first - 1, -1, -1):
        cells = [cell for cell in rows[number] if cell]
        if len(cells) >= 2 and not any(looks_like_number(cell) or stamps.looks_like_stamp(cell) for cell in cells):
            return number
    return None


def _is_units_row(row: list[str]) -> bool:
    cells = [cell for cell in row if cell]
    return bool(cells) and sum(bool(unit_code(cell.strip("[]()"))) for cell in cells) >= len(cells) - 1


def _trimmed(row: list[str]) -> list[str]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _names(header: list[str], width: int) -> list[str]:
    """One distinct name a column; blank ones are numbered, a repeated one gets its rank."""
    names: list[str] = []
    for index in range(max(width, len(_trimmed(header)))):
        name = header[index] if index < len(header) and header[index] else ""
        # Not translated: mappings and signatures name columns so.
        name = name or f"{NAMELESS}{index + 1}"
        rank = 2
        unique = name
        while unique in names:
            unique = f"{name} ({rank})"
            rank += 1
        names.append(unique)
    return names
