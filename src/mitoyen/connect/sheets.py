"""Workbooks (XLSX, XLS) into a table of text, one line a row, so that line numbers are the sheet's row numbers."""

import csv
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.connect.layout import HEAD_LINES, has_reading
from mitoyen.ledger.refusal import Ground, Refused

# Unpacked size of a workbook: calamine holds a sheet in memory.
MAX_UNPACKED = 600 * 1024**2
MAX_RATIO = 200
_FORMULA_WITHOUT_VALUE = re.compile(rb'<c r="([A-Z]+)(\d+)"[^<>]*><f[^<>]*?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')


@dataclass(frozen=True, slots=True)
class Picked:
    """`sheet` was written as a table; None while `holding` (name, rows) has several with readings and nobody said.

    `alone`: the book has no other sheet.
    """

    sheet: str | None
    holding: tuple[tuple[str, int], ...] = ()
    alone: bool = True


def to_csv(source: Path, target: Path, kind: str, sheet: str = "") -> Picked:
    """Write the sheet named, or the only one that holds readings, as CSV; nothing while several do.

    Raises Refused for a name that no sheet has, a bomb, a damaged book, an uncomputed formula.
    """
    if kind == "xlsx":
        _check_zip(source)
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    try:
        book = CalamineWorkbook.from_path(str(source))
        names = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        sheets = {name: book.get_sheet_by_name(name) for name in names}
        picked = _pick(sheets, sheet)
        if picked.sheet is not None:
            _write(sheets.get(picked.sheet), target)
    except Refused:
        raise
    except Exception as error:
        raise Refused(
            _("The workbook can't be read: it is damaged or protected by a password."),
            _("Open it, save it again without a password, and import that."),
            code="damaged",
        ) from error
    return picked


def _pick(sheets: dict[str, Any], said: str) -> Picked:
    if said:
        named = [name for name in sheets if name.strip().casefold() == said.strip().casefold()]
        if not named:
            raise Refused(
                _("The workbook has no sheet named “%(name)s”.") % {"name": said[:80]},
                _("Its sheets: %(names)s.") % {"names": ", ".join(sheets)[:400]},
                code="no_such_sheet",
            )
        return Picked(named[0])
    if len(sheets) < 2:
        return Picked(next(iter(sheets), ""))
    holding = tuple((name, int(sheet.height)) for name, sheet in sheets.items() if _holds_readings(sheet))
    if len(holding) > 1:
        return Picked(None, holding, alone=False)
    # Where none holds any, the largest one is what the refusal shows the start of.
    largest = max(sheets, key=lambda name: int(sheets[name].height) * int(sheets[name].width))
    return Picked(holding[0][0] if holding else largest, holding, alone=False)


def _holds_readings(sheet: Any) -> bool:
    return any(has_reading([_text(cell) for cell in row]) for row in islice(sheet.iter_rows(), HEAD_LINES))


def _write(sheet: Any, target: Path) -> None:
    """Lines above the first cell are kept blank, so that lines are the sheet's rows."""
    above = sheet.start[0] if sheet is not None and sheet.start and sheet.height < sheet.total_height else 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        out.write("\n" * above)
        for row in sheet.iter_rows() if sheet is not None else ():
            cells = [_text(cell) for cell in row]
            writer.writerow(cells if any(cells) else [])


def _check_zip(source: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if unpacked > MAX_UNPACKED or any(
                member.file_size > 50 * 1024**2 and member.file_size > MAX_RATIO * max(member.compress_size, 1)
                for member in members
            ):
                raise Refused(
                    _("Unpacked, the workbook would fill %(size).0f MB: it is too large, or a trap.")
                    % {"size": unpacked / 1024**2},
                    _("Export the readings as CSV and import that."),
                    code="bomb",
                )
            names = [member.filename for member in members]
            if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
                raise Refused(
                    _("This is a ZIP archive, not a workbook."),
                    _("Unpack it and import the files in it."),
                    code="not_a_table",
                )
            for name in names:
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _refuse_uncomputed(archive.read(name))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise Refused(
            _("The workbook is cut short or damaged."), _("Fetch it again: nothing was imported."), code="truncated"
        ) from error


def _refuse_uncomputed(sheet: bytes) -> None:
    """A formula whose value was never computed reads as an empty cell: say so instead."""
    found = [(match[1].decode(), int(match[2])) for match in _FORMULA_WITHOUT_VALUE.finditer(sheet)]
    if found:
        grounds = [Ground("formula", _("%(cell)s: formula without a value") % {"cell": f"{c}{n}"}, n) for c, n in found]
        raise Refused(
            _("%(count)d cells hold a formula whose result is not in the file.") % {"count": len(found)},
            _("Open the workbook, save it so that results are computed, or paste the values, and import that."),
            grounds[:100],
            code="formula",
        )


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return (cell + timedelta(microseconds=500)).replace(microsecond=0).isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.replace(microsecond=0).isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return " ".join(str(cell).split()) if cell is not None else ""
