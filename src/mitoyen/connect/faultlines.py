"""Lines of the table that can't be taken, each with its number and its reason."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
from django.utils.translation import gettext as _

from mitoyen.connect.columns import Columns
from mitoyen.connect.layout import Layout
from mitoyen.connect.lines import Placed, place
from mitoyen.connect.report import LINES_SHOWN, LINES_TOLD
from mitoyen.connect.table import LARGEST, UNREADABLE
from mitoyen.ledger.refusal import Ground

FIRST_YEAR = 1970


@dataclass(slots=True)
class Count:
    """`rows`: records that aren't blank. `bad`: ones that can't be read; `empty`: with a time and no value at all."""

    rows: int
    blank: int
    bad: int
    empty: int


def bad_sql(columns: Columns, *, outside: str) -> str:
    """SQL that holds for records that can't be taken; `outside` for times that no reading can have."""
    values = [f"v{number}" for number in range(len(columns.values))]
    unreadable = " OR ".join(f"{v} IS NULL" for v in values) or "false"
    any_value = " OR ".join(f"NOT isnan({v})" for v in values) or "false"
    tests = [f"t = {UNREADABLE}", f"(t IS NULL AND ({any_value}))", f"({outside})", unreadable]
    if columns.mode == "span":
        tests.append("t0 >= t")
    if columns.meter is not None:
        tests.append("(t IS NOT NULL AND (m IS NULL OR m = ''))")
    return f"coalesce({' OR '.join(tests)}, false)"


def class_sql(columns: Columns, outside: str) -> str:
    """SQL naming why a record that can't be taken can't: the first of what `Describer.bad` looks at."""
    values = " ".join(f"WHEN v{number} IS NULL THEN 'v{number}'" for number in range(len(columns.values)))
    meter = "WHEN m IS NULL OR m = '' THEN 'meter'" if columns.meter is not None else ""
    return (
        f"CASE WHEN t = {UNREADABLE} THEN 'time' WHEN t IS NULL THEN 'no_time' {values}"
        f" WHEN {outside} THEN 'year' {meter} ELSE 'span' END"
    )


def classes(con: duckdb.DuckDBPyConnection, bad: str, why: str) -> tuple[Counter[str], dict[int, str]]:
    """(how many records of each class can't be taken, {ordinal: class} of the first ones, and of a few of each)."""
    total = dict(con.execute(f"SELECT {why}, count(*) FROM raw WHERE {bad} GROUP BY 1").fetchall())
    if not total:
        return Counter(), {}
    shown = con.execute(
        f"SELECT rowid, {why} AS why FROM raw WHERE {bad} QUALIFY row_number() OVER (ORDER BY rowid) <= {LINES_SHOWN}"
        f" OR row_number() OVER (PARTITION BY {why} ORDER BY rowid) <= {LINES_TOLD} ORDER BY 1"
    ).fetchall()
    return Counter(total), dict(shown)


def count(con: duckdb.DuckDBPyConnection, columns: Columns, bad: str) -> Count:
    values = [f"v{number}" for number in range(len(columns.values))]
    all_missing = " AND ".join(f"isnan({v})" for v in values) or "true"
    # While it isn't known which columns are values, no line can be said to lack one.
    valueless = f"t IS NOT NULL AND {all_missing} AND NOT {bad}" if values else "false"
    row = con.execute(
        f"SELECT count(*), count_if(t IS NULL AND {all_missing}), count_if({bad}), count_if({valueless}) FROM raw"
    ).fetchone()
    assert row is not None
    total, blank, faulty, empty = (number or 0 for number in row)
    return Count(total - blank, blank, faulty, empty)


def rejected(con: duckdb.DuckDBPyConnection) -> tuple[list[tuple[int, str, str]], int]:
    """([(byte, error, text)] of lines that make no record, how many lines hold only spaces)."""
    rows = con.execute(
        "SELECT line_byte_position, any_value(error_type::VARCHAR), any_value(csv_line) FROM reject_errors"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    # Only a line of spaces is blank: a line that could not be split is a fault even when none of its text is known.
    real = [
        (byte, error, text or "")
        for byte, error, text in rows
        if "MISSING" not in error or (text or "").strip(' \t\r\n;,|"')
    ]
    return real, len(rows) - len(real)


def code_of(error: str) -> str:
    """Our code of DuckDB's kind of error."""
    known = {"TOO MANY": "too_many_cells", "MISSING": "too_few_cells", "QUOTE": "open_quote"}
    return next((code for word, code in known.items() if word in error), "malformed")


def ordinals_where(con: duckdb.DuckDBPyConnection, condition: str, limit: int = LINES_SHOWN) -> list[int]:
    return [
        row[0] for row in con.execute(f"SELECT rowid FROM raw WHERE {condition} ORDER BY 1 LIMIT {limit}").fetchall()
    ]


class Describer:
    """Names lines and says what is wrong with them, reading the table again only when there is something to name."""

    def __init__(self, table: Path, layout: Layout, columns: Columns, offset: int, outside: tuple[int, int]) -> None:
        self.table, self.layout, self.columns, self.offset = table, layout, columns, offset
        self.first_year, self.last_year = outside

    def placed(
        self, ordinals: list[int], rejects: list[tuple[int, str, str]]
    ) -> tuple[dict[int, Placed], dict[int, int]]:
        """Lines of records and of rejected lines. `rejects` are all of them: records are counted around them."""
        return place(self.table, self.layout, ordinals, frozenset(byte for byte, _e, _t in rejects), self.offset)

    def rejected(self, rejects: list[tuple[int, str, str]], at: dict[int, int]) -> list[Ground]:
        reasons = {
            "too_many_cells": _("more cells than the header: %(text)s"),
            "too_few_cells": _("fewer cells than the header: %(text)s"),
            "open_quote": _("a quotation mark is not closed: %(text)s"),
            "malformed": _("this line can't be split into cells: %(text)s"),
        }
        return [
            Ground(code := code_of(error), reasons[code] % {"text": _short(text)}, at.get(byte))
            for byte, error, text in rejects[:LINES_SHOWN]
        ]

    def bad(self, placed: Placed, row: dict[str, object]) -> Ground:
        """What is wrong with one record. `row`: t and v… as in `raw`."""
        cells = next(csv.reader([placed.text], delimiter=self.layout.delimiter), [])

        def cell(index: int) -> str:
            return cells[index].strip() if index < len(cells) else ""

        time = row["t"]
        shown = " ".join(cell(index) for index in self.columns.times)
        if time is None:
            return Ground("no_time", _("a value without a time"), placed.line)
        if getattr(time, "year", 1) == 1:
            return Ground(
                "bad_time",
                _("“%(text)s” is not a time as in the rest of the file") % {"text": _short(shown)},
                placed.line,
            )
        for number, value in enumerate(self.columns.values):
            if row[f"v{number}"] is None:
                return self._bad_value(cell(value.index), value.header, placed.line)
        year = getattr(time, "year", 1)
        if year < self.first_year or year >= self.last_year:
            return Ground(
                "implausible_time", _("%(text)s: no reading can date from then") % {"text": _short(shown)}, placed.line
            )
        if self.columns.meter is not None and not row.get("m"):
            return Ground("no_meter", _("no meter is named"), placed.line)
        return Ground(
            "bad_interval", _("the interval ends before it starts: %(text)s") % {"text": _short(shown)}, placed.line
        )

    def _bad_value(self, text: str, header: str, line: int) -> Ground:
        words = {"text": _short(text), "column": header}
        low = text.lower().lstrip("+-")
        worded = any(c.isalpha() for c in text) and low not in ("inf", "infinity", "nan")
        if text.startswith("=") or (text.startswith(("+", "@", "-")) and worded):
            return Ground("formula", _("“%(text)s” (%(column)s) is a formula, not a value") % words, line)
        if low in ("nan", "inf", "infinity"):
            return Ground("not_finite", _("“%(text)s” (%(column)s) is not a number") % words, line)
        try:
            huge = abs(float(text.replace(",", "."))) > LARGEST
        except ValueError:
            huge = False
        if huge:
            return Ground("too_large", _("%(text)s (%(column)s) is too large to be a reading") % words, line)
        return Ground(
            "bad_value", _("“%(text)s” (%(column)s) is not a number as in the rest of the file") % words, line
        )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"
