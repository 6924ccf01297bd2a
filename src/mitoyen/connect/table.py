"""The whole table into a private DuckDB file: times and numbers parsed, faults marked, nothing kept as text."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

import math
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.connect import decimals, stamps
from mitoyen.connect.columns import Columns
from mitoyen.connect.decimals import NumberForm
from mitoyen.connect.layout import Layout
from mitoyen.connect.stamps import StampForm
from mitoyen.history.engine import quoted
from mitoyen.ledger.refusal import Refused

# Time of a cell that isn't empty but can't be read; real ones lie between PLAUSIBLE and tomorrow.
UNREADABLE = "TIMESTAMP '0001-01-01'"
# Larger values are no reading of anything: an index in Wh of a town stays below 1e13.
LARGEST = 1e13
REJECTS = 100_000


@dataclass(slots=True)
class Forms:
    """How times and numbers are written: one form a time column, one a value column."""

    times: list[StampForm]
    clock: tuple[str, ...] = ()
    order: str = ""
    numbers: dict[int, NumberForm] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def offset(self) -> bool:
        return self.times[0].offset


def open_database(workdir: Path, table: Path) -> duckdb.DuckDBPyConnection:
    """A private database in `workdir`, that may touch it, the table and the staging folder, and nothing else."""
    con = duckdb.connect(str(workdir / "import.duckdb"))
    staging = settings.MITOYEN_HOME / "staging"
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET memory_limit = ?", [str(settings.MITOYEN["memory_limit"])])
    con.execute("SET temp_directory = ?", [str(workdir / "spill")])
    con.execute("SET max_temp_directory_size = '100GB'")
    con.execute(f"SET allowed_directories = [{quoted(f'{workdir}/')}, {quoted(f'{staging}/')}]")
    con.execute(f"SET allowed_paths = [{quoted(table)}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def source_sql(table: Path, layout: Layout, *, rejects: bool = False) -> str:
    """read_csv over the table's readings: columns c0, c1, … as text, NULL when empty."""
    listed = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(layout.names)))
    extra = f", store_rejects = true, rejects_limit = {REJECTS}" if rejects else ", ignore_errors = true"
    return (
        f"read_csv({quoted(table)}, delim = {quoted(layout.delimiter)}, quote = '\"', escape = '\"', header = false,"
        f" skip = {layout.skip}, auto_detect = false, columns = {{{listed}}}, max_line_size = 2000000{extra})"
    )


def time_text(columns: Columns) -> str:
    """SQL of the text that the reading's time is parsed from."""
    if columns.mode == "two":
        day, clock = columns.times
        return f"(c{day} || ' ' || c{clock})"
    return f"c{columns.times[-1]}"


def find_forms(con: duckdb.DuckDBPyConnection, table: Path, layout: Layout, columns: Columns) -> Forms:
    """Forms from the sample. Raises Refused when a time column's form isn't known."""
    forms = Forms([])
    for index in columns.times[:1] if columns.mode == "two" else columns.times:
        form = stamps.form_of(layout.column(index))
        if form is None:
            raise Refused(
                _("The dates of the column “%(name)s” can't be read.") % {"name": layout.names[index]},
                _("Write them as 2024-03-31 14:00 or 31/03/2024 14:00."),
                code="unknown_dates",
            )
        forms.times.append(form)
    if columns.mode == "two":
        clocks = stamps.clock_formats(layout.column(columns.times[1]))
        day = forms.times[0]
        joined = tuple(f"{item} {clock}" for item in day.formats[:2] for clock in clocks)
        forms.times = [StampForm(joined, numeric_order=day.numeric_order)]
    return forms


def load(con: duckdb.DuckDBPyConnection, table: Path, layout: Layout, columns: Columns, forms: Forms) -> None:
    """Make the table `raw`: t (NULL empty, 0001-01-01 unreadable), [t0 start], [m meter], v0… (NaN missing, NULL bad).

    Its rowid counts the records read, in the file's order.
    """
    text = time_text(columns)
    parsed = [f"{stamps.sql_time(text, forms.times[-1], forms.order or 'dmy')} AS t1"]
    parts = [_time(text, "t1", "t")]
    if columns.mode == "span":
        start = f"c{columns.times[0]}"
        parsed.append(f"{stamps.sql_time(start, forms.times[0], forms.order or 'dmy')} AS t2")
        parts.append(_time(start, "t2", "t0"))
    if columns.meter is not None:
        parts.append(f"trim(c{columns.meter}) AS m")
    for number, value in enumerate(columns.values):
        cell = f"c{value.index}"
        parsed.append(f"{decimals.sql_number(cell, forms.numbers[value.index])} AS n{number}")
        parts.append(f"{_value(cell, f'n{number}', forms.missing)} AS v{number}")
    con.execute("DROP TABLE IF EXISTS raw; DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    source = source_sql(table, layout, rejects=True)
    con.execute(f"CREATE TABLE raw AS SELECT {', '.join(parts)} FROM (SELECT *, {', '.join(parsed)} FROM {source})")


def _time(text: str, parsed: str, name: str) -> str:
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE coalesce({parsed}, {UNREADABLE}) END AS {name}"


def _value(cell: str, number: str, missing: tuple[str, ...]) -> str:
    """SQL of a value: NaN when there is none, NULL when it can't be taken.

    What is costly is only worked out for cells that are no number. DuckDB's cast takes "1_000": not so here.
    """
    texts, numbers = _declared(missing)
    absent = [f"{cell} IS NULL"]
    if numbers:
        absent.append(f"{number} IN ({', '.join(map(repr, numbers))})")
    if any(text in ("nan", "inf", "infinity", "-inf") for text in texts):
        absent.append(f"(NOT isfinite({number}) AND lower(trim({cell})) IN ({', '.join(map(quoted, texts))}))")
    empty = ", ".join(map(quoted, ["", *texts]))
    return (
        f"CASE WHEN {' OR '.join(absent)} THEN 'NaN'::DOUBLE"
        f" WHEN {number} IS NULL THEN CASE WHEN lower(trim({cell})) IN ({empty}) THEN 'NaN'::DOUBLE END"
        f" WHEN abs({number}) <= {LARGEST} AND NOT contains({cell}, '_') THEN {number} END"
    )


def _declared(missing: tuple[str, ...]) -> tuple[list[str], list[float]]:
    """Declared texts in lower case, and declared numbers."""
    texts, numbers = [], []
    for text in missing:
        try:
            number = float(text.strip().replace(",", "."))
        except ValueError:
            texts.append(text.strip().lower())
        else:
            if math.isfinite(number):
                numbers.append(number)
            else:
                texts.append(text.strip().lower())
    return texts, numbers


def settle_numbers(
    con: duckdb.DuckDBPyConnection, table: Path, layout: Layout, columns: Columns, said: str, *, typed: bool
) -> tuple[dict[int, NumberForm], list[str]]:
    """(form by column, columns that stay ambiguous). Evidence is the whole column where the sample leaves it open."""
    found: dict[int, NumberForm] = {}
    for value in columns.values:
        if typed:
            found[value.index] = NumberForm(".")
            continue
        form = decimals.form_of(layout.column(value.index))
        if said in (".", ","):
            grouping = form.grouping if said not in form.grouping else form.grouping.replace(said, "")
            other = "," if said == "." else "."
            grouping += other if other in (form.ambiguous, form.decimal) else ""
            found[value.index] = NumberForm(said, grouping)
            continue
        if not form.decimal or form.ambiguous:
            cell = f"c{value.index}"
            rows = con.execute(
                f"SELECT {cell} FROM {source_sql(table, layout)} WHERE contains({cell}, ',') OR contains({cell}, '.')"
                f" LIMIT 200000"
            ).fetchall()
            form = decimals.form_of([*layout.column(value.index), *(row[0].strip() for row in rows)])
        found[value.index] = form
    # One file is written by one program: a column that settles the mark settles it for the others.
    settled = {form.decimal for form in found.values() if form.decimal}
    if len(settled) == 1:
        mark = settled.pop()
        found = {
            index: form
            if form.decimal
            else NumberForm(mark, form.ambiguous if form.ambiguous != mark else form.grouping)
            for index, form in found.items()
        }
    return found, [layout.names[index] for index, form in found.items() if form.ambiguous and not form.decimal]


def settle_order(
    con: duckdb.DuckDBPyConnection, table: Path, layout: Layout, columns: Columns, form: StampForm
) -> tuple[str, str]:
    """("dmy" | "mdy" | "", why): the order of day and month, by the whole column; "" when nothing tells."""
    cell = f"c{columns.times[0]}"
    told = stamps.order_of(layout.column(columns.times[0]))
    if told:
        return told, _("one of the two numbers goes above 12")
    first, second = stamps.sql_fields(cell)
    source = source_sql(table, layout)
    row = con.execute(f"SELECT max({first}), max({second}) FROM {source}").fetchone()
    assert row is not None
    largest, other = row[0] or 0, row[1] or 0
    if largest > 12 or other > 12:
        order = "dmy" if largest >= other else "mdy"
        return order, _("the first number goes up to %(first)d, the second to %(second)d") % {
            "first": largest,
            "second": other,
        }
    return _order_by_steps(con, source, columns, form)


def _order_by_steps(con: duckdb.DuckDBPyConnection, source: str, columns: Columns, form: StampForm) -> tuple[str, str]:
    """The order under which times follow each other evenly, when the other one makes them jump by weeks."""
    steps: dict[str, tuple[int, float]] = {}
    for order in ("dmy", "mdy"):
        parsed = stamps.sql_time(time_text(columns), form, order)
        row = con.execute(
            f"SELECT count(DISTINCT d), max(d) FROM (SELECT epoch(t) - lag(epoch(t)) OVER (ORDER BY t) AS d FROM"
            f" (SELECT DISTINCT {parsed} AS t FROM {source}) WHERE t IS NOT NULL)"
        ).fetchone()
        assert row is not None
        steps[order] = (row[0], row[1] or 0.0)
    dmy, mdy = steps["dmy"], steps["mdy"]
    for order, mine, others in (("dmy", dmy, mdy), ("mdy", mdy, dmy)):
        if mine[0] == 1 and others[0] > 1 and mine[1] <= 86_400 < others[1]:
            return order, _("read so, readings follow each other evenly; read the other way, they jump by weeks")
    return "", ""
