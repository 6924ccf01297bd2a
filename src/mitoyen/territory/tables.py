"""A file of things as a table: its columns, its rows with the line each came from, and a point a row where it has one.

`read` takes a CSV file here, and what has a geometry in `layers.py`. Nothing is converted yet: CSV cells stay texts.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.ledger.refusal import Ground, Refused

LARGEST_FILE = 500 * 1024 * 1024
MOST_ROWS = 1_000_000
_SEPARATORS = (";", "\t", "|", ",")
# A header that a DBF table was exported with: NAME,TYPE,WIDTH or NAME,TYPE,WIDTH,DECIMALS.
_DBF_CELL = re.compile(r"([^,]+),[CNFDLM],\d+(,\d+)?")


@dataclass
class Table:
    """`rows[i]` has a value for each of `columns` and came from `lines[i]` (line, or feature number, from 1).

    `points` is (n, 2), easting or longitude first, in the projection `crs`, nan where a row has none.
    `refused` holds the rows left out while reading; `facts` what the file was taken for.
    """

    format: str
    columns: list[str]
    rows: list[list[Any]]
    lines: list[int]
    points: NDArray[np.float64] | None = None
    crs: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    refused: list[Ground] = field(default_factory=list)


def read_csv(path: Path) -> Table:
    """Read a CSV file in any of the usual encodings and separators. Raises Refused, with the line where it can."""
    text, encoding = _decoded(path.read_bytes())
    separator = _separator(text)
    records = _records(text, separator)
    width = _usual_width(records)
    at = next(i for i, (_line, cells) in enumerate(records) if len(cells) == width)
    columns = _columns(records[at])
    table = Table("csv", columns, [], [], facts={"encoding": encoding, "separator": separator})
    for line, cells in records[at + 1 :]:
        if len(cells) == width:
            table.rows.append([cell.strip() for cell in cells])
            table.lines.append(line)
        else:
            says = _("%(n)s cells where %(width)s are expected") % {"n": len(cells), "width": width}
            table.refused.append(Ground("wrong_width", says, line))
    if len(table.rows) > MOST_ROWS:
        raise Refused(_("The file holds more than %(n)s rows.") % {"n": MOST_ROWS}, code="too_many_rows")
    return table


def check_file(path: Path) -> None:
    """Raise Refused for what is missing, empty or too large to be a register of things."""
    if not path.is_file():
        raise Refused(_("%(file)s is not a file.") % {"file": path}, code="no_file")
    size = path.stat().st_size
    if size == 0:
        raise Refused(_("%(file)s is empty.") % {"file": path.name}, code="empty")
    if size > LARGEST_FILE:
        raise Refused(
            _("%(file)s is larger than %(n)s MB.") % {"file": path.name, "n": LARGEST_FILE // 1024**2},
            _("Split it: a register of things is seldom so large."),
            code="too_large",
        )


def check_columns(columns: list[str], line: int | None = None) -> None:
    """Raise Refused when two columns have one name: nobody could say which is meant."""
    twice = [name for name, n in Counter(name.casefold() for name in columns).items() if n > 1]
    if twice:
        says = _("Two columns are named %(name)r.") % {"name": twice[0]}
        raise Refused(says, _("Rename one of them."), [Ground("duplicate_header", says, line)], "duplicate_header")


def _decoded(content: bytes) -> tuple[str, str]:
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            where = content.count(b"\n", 0, error.start) + 1
            continue
        if "\x00" in text:
            raise Refused(_("This is not a text file: it holds zero bytes."), code="binary")
        return text, encoding.removesuffix("-sig")
    says = _("a byte that is neither UTF-8 nor Windows-1252")
    raise Refused(
        _("The characters of this file can't be read."),
        _("Save it as UTF-8."),
        [Ground("encoding", says, where)],
        "encoding",
    )


def _records(text: str, separator: str, most: int | None = None) -> list[tuple[int, list[str]]]:
    """Records that are not blank, each with the line it starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    records: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((line, cells))
            line = reader.line_num + 1
            if most is not None and len(records) >= most:
                break
    except csv.Error as error:
        ground = Ground("csv", str(error), line)
        raise Refused(_("This is not a table: line %(n)s can't be read.") % {"n": line}, "", [ground], "csv") from error
    return records


def _separator(text: str) -> str:
    """The separator that cuts the most of the first records into one number of cells, at least two."""
    head = text[:200_000]
    best, largest_share = "", 0.5
    for separator in _SEPARATORS:
        widths = Counter(len(cells) for _line, cells in _records(head, separator, 50))
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width > 1 and count / widths.total() > largest_share:
            best, largest_share = separator, count / widths.total()
    if best:
        return best
    raise Refused(
        _("No separator cuts this file into columns."),
        _("Separate the cells with ; or , or tabs, the same number of cells on each line."),
        code="no_columns",
    )


def _usual_width(records: list[tuple[int, list[str]]]) -> int:
    return Counter(len(cells) for _line, cells in records[:50]).most_common(1)[0][0]


def _columns(record: tuple[int, list[str]]) -> list[str]:
    line, cells = record
    names = [cell.strip() for cell in cells]
    described = [_DBF_CELL.fullmatch(name) for name in names]
    if all(described):
        names = [match.group(1).strip() for match in described if match]
    names = [name or f"column {position}" for position, name in enumerate(names, 1)]
    check_columns(names, line)
    return names
