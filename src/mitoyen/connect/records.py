"""Records (JSON, lines of JSON, Parquet) into a table of text, one line a record after one line of names."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.connect.layout import MAX_COLUMNS
from mitoyen.ledger.refusal import Ground, Refused

# A JSON document is read whole; lines of JSON and Parquet are streamed.
MAX_DOCUMENT = 256 * 1024**2
# A Parquet file is written as text up to here.
MAX_TABLE = 4 * 1024**3
MAX_DEPTH = 6
SAMPLE = 1000


def parquet_to_csv(source: Path, target: Path) -> Path:
    """Write a Parquet file as CSV. Raises Refused when it is damaged, or swells beyond what one import takes."""
    con = duckdb.connect()
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET memory_limit = ?", [str(settings.MITOYEN["memory_limit"])])
        con.execute("SET temp_directory = ?", [str(target.with_name("spill"))])
        # Bound parameters aren't taken by COPY's target: the path is quoted instead.
        options = "(HEADER, DELIMITER ',', USE_TMP_FILE false)"
        copy = f"COPY (SELECT * FROM read_parquet($1)) TO '{_quoted(target)}' {options}"
        _within_limit(con, copy, source, target)
    except duckdb.OutOfMemoryException as error:
        raise Refused(
            _("Unpacked, the Parquet file is too large, or a trap."),
            _("Split it by year or by meter and import the parts."),
            code="bomb",
        ) from error
    except duckdb.Error as error:
        raise Refused(
            _("The Parquet file is cut short or damaged."), _("Fetch it again: nothing was imported."), code="truncated"
        ) from error
    finally:
        con.close()
    return target


def _within_limit(con: duckdb.DuckDBPyConnection, copy: str, source: Path, target: Path) -> None:
    """Run the copy, and stop it once it has written too much: a few kB of Parquet can hold any number of rows."""
    size = 0
    with ThreadPoolExecutor(1) as pool:
        copying = pool.submit(con.execute, copy, [str(source)])
        while not wait([copying], timeout=0.05).done:
            size = max(size, _size(target))
            if size > MAX_TABLE:
                con.interrupt()
    # What is left of a copy that was stopped, DuckDB removes.
    size = max(size, _size(target))
    if size > MAX_TABLE:
        raise Refused(
            _("Unpacked, the Parquet file is too large, or a trap."),
            _("Split it by year or by meter and import the parts."),
            code="bomb",
        )
    copying.result()


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def json_to_csv(source: Path, target: Path) -> tuple[Path, str]:
    """Write a JSON document or lines of JSON as CSV; nested names are joined by dots. Raises Refused."""
    document = _document(source)
    names: list[str] = []
    while extra := _write(target, _records(document) if document is not None else _lines(source), names):
        # A name first met far below: once more, with it.
        names += extra
        if len(names) > MAX_COLUMNS:
            raise Refused(
                _("The records have more than %(limit)d names.") % {"limit": MAX_COLUMNS},
                _("Split it."),
                code="too_wide",
            )
    return target, "json" if document is not None else "ndjson"


def _write(target: Path, rows: Iterator[dict[str, str]], known: list[str]) -> list[str]:
    """Write the records under the names `known` (the first thousand's when empty); returns those left out."""
    first = list(islice(rows, SAMPLE))
    names = known or list(dict.fromkeys(name for row in first for name in row))
    if not names:
        raise Refused(_("The JSON holds no readings."), _("A list of objects is expected."), code="empty")
    held, more = set(names), dict[str, None]()
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        for row in chain(first, rows):
            if not row.keys() <= held:
                more |= dict.fromkeys(name for name in row if name not in held)
                if len(more) > MAX_COLUMNS:
                    break
            writer.writerow([row.get(name, "") for name in names])
    if more and not known:
        known += names
    return list(more)


def _document(source: Path) -> Any:
    """The decoded document, or None when the file is lines of JSON."""
    with source.open("rb") as file:
        first = file.readline(1 << 20).strip()
        if first.startswith(b"\xef\xbb\xbf"):
            first = first[3:]
        if first.startswith(b"{"):
            try:
                msgspec.json.decode(first)
            except (msgspec.DecodeError, RecursionError):
                pass
            else:
                if any(line.strip() for line in islice(file, 10)):
                    return None
    if source.stat().st_size > MAX_DOCUMENT:
        raise Refused(
            _("The JSON document is larger than %(limit)d MB.") % {"limit": MAX_DOCUMENT // 1024**2},
            _("Export it as lines of JSON, CSV or Parquet."),
            code="too_large",
        )
    content = source.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        line = _line_of(content, str(error))
        raise Refused(
            _("The JSON is cut short or malformed."),
            _("Fetch it again: nothing was imported."),
            [Ground("malformed", str(error), line)],
            code="malformed",
        ) from error


def _line_of(content: bytes, error: str) -> int | None:
    position = error.rpartition("byte ")[2].rstrip(")")
    return content[: int(position)].count(b"\n") + 1 if position.isdigit() else content.count(b"\n") + 1


def _records(document: Any) -> Iterator[dict[str, str]]:
    """The longest list of objects in the document; the objects around it give their plain members to each."""
    found = _longest_list(document, {}, 0)
    if found is None:
        raise Refused(_("The JSON holds no list of readings."), _("A list of objects is expected."), code="not_a_table")
    around, rows = found
    for row in rows:
        yield around | _flat(row)


def _longest_list(node: Any, around: dict[str, str], depth: int) -> tuple[dict[str, str], list[Any]] | None:
    if isinstance(node, list):
        return (around, node) if node and all(isinstance(item, dict) for item in node) else None
    if not isinstance(node, dict) or depth > MAX_DEPTH:
        return None
    plain = around | {str(key): _cell(value) for key, value in node.items() if not isinstance(value, list | dict)}
    found = [_longest_list(value, plain, depth + 1) for value in node.values()]
    best = max((item for item in found if item), key=lambda item: len(item[1]), default=None)
    return best or (({}, [node]) if depth == 0 and not any(isinstance(v, list | dict) for v in node.values()) else None)


def _lines(source: Path) -> Iterator[dict[str, str]]:
    with source.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.strip().removeprefix(b"\xef\xbb\xbf")
            if not text:
                yield {}
                continue
            try:
                row = msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                raise _bad_line(number, str(error)) from error
            if not isinstance(row, dict):
                raise _bad_line(number, _("an object is expected"))
            yield _flat(row)


def _bad_line(number: int, reason: str) -> Refused:
    return Refused(
        _("Line %(line)d is not valid JSON.") % {"line": number},
        _("Mend or remove the line, or fetch the file again."),
        [Ground("malformed", reason, number)],
        code="malformed",
    )


def _flat(row: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            if depth < MAX_DEPTH:
                cells |= _flat(value, f"{prefix}{key}.", depth + 1)
        elif not isinstance(value, list):
            cells[f"{prefix}{key}"] = _cell(value)
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else " ".join(str(value).split())


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
