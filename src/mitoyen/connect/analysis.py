"""One file, looked at from end to end: what it was taken for, what is left to ask, which lines can't be taken.

Nothing is written outside a folder of its own under the installation's staging folder, which goes away at the end.
"""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.connect import accounting, distributor, faultlines, lines, series, settle, table
from mitoyen.connect import columns as roles
from mitoyen.connect.columns import Columns
from mitoyen.connect.faultlines import Count
from mitoyen.connect.intake import Intake, take_in
from mitoyen.connect.layout import Layout, layout_of
from mitoyen.connect.options import Options, Question
from mitoyen.connect.report import Reason, Taken, reasons_of
from mitoyen.connect.series import Series
from mitoyen.connect.table import Forms
from mitoyen.connect.walk import Spans
from mitoyen.history import faults
from mitoyen.ledger.refusal import Ground, Refused

Progress = Callable[[int, int, str], None]
STAGES = 5
_WORKDIR = re.compile(r"import-(\d+)-")


def no_progress(done: int, total: int, message: str) -> None:
    """Tells nobody."""


@dataclass(slots=True)
class Analysis:
    """A file on its way. `con` holds `raw` (as written) and `clean` (sid, t in UTC, v, ord[, len], in order)."""

    path: Path
    options: Options
    workdir: Path
    intake: Intake
    layout: Layout
    columns: Columns
    con: duckdb.DuckDBPyConnection
    forms: Forms
    table: Path
    tz: str = ""
    stamps: str = ""
    count: Count = field(default_factory=lambda: Count(0, 0, 0, 0))
    taken: list[Taken] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    grounds: list[Ground] = field(default_factory=list)
    empties: list[Ground] = field(default_factory=list)
    blocking: int = 0
    reasons: list[Reason] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    spans: Spans = field(default_factory=Spans)
    duplicates: int = 0
    contradictions: int = 0

    def ask(self, question: Question) -> None:
        self.questions.append(question)

    def take(self, what: str, value: str, basis: str, because: str = "") -> None:
        self.taken.append(Taken(what, value, basis, because))


@contextmanager
def analysed(path: Path, options: Options, progress: Progress = no_progress) -> Iterator[Analysis]:
    """Analyse a file; its tables live until the block ends. Raises Refused when it can't be read at all."""
    with faults.storage():
        workdir = _workdir()
        found: Analysis | None = None
        try:
            progress(0, STAGES, _("reading the file"))
            found = _opened(path, options, workdir)
            if not found.intake.waits:
                _read_through(found, progress)
            progress(4, STAGES, _("checked"))
            yield found
        except duckdb.OutOfMemoryException as error:
            raise Refused(
                _("The memory allowed (%(limit)s) is not enough for this file.")
                % {"limit": settings.MITOYEN["memory_limit"]},
                _("Raise memory_limit in mitoyen.toml, or split the file."),
                code="memory",
            ) from error
        finally:
            if found is not None:
                found.con.close()
            shutil.rmtree(workdir, ignore_errors=True)


def _read_through(found: Analysis, progress: Progress) -> None:
    progress(1, STAGES, _("reading times and numbers"))
    _load(found)
    progress(2, STAGES, _("putting readings in order"))
    series.build(found)
    progress(3, STAGES, _("checking intervals"))
    series.walk_all(found)
    accounting.check_readings(found)


def _workdir() -> Path:
    home = settings.MITOYEN_HOME
    if not home.is_dir():
        raise Refused(
            _("%(home)s is not an installation yet.") % {"home": home}, _("Run: mitoyen init"), code="no_installation"
        )
    staging: Path = home / "staging"
    staging.mkdir(exist_ok=True)
    _sweep(staging)
    return Path(tempfile.mkdtemp(prefix=f"import-{os.getpid()}-", dir=staging))


def _sweep(staging: Path) -> None:
    """Remove what imports left behind whose process is gone (killed)."""
    for folder in staging.glob("import-*"):
        found = _WORKDIR.match(folder.name)
        if not found or int(found[1]) == os.getpid():
            continue
        try:
            os.kill(int(found[1]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            continue


def _opened(path: Path, options: Options, workdir: Path) -> Analysis:
    said = options.said("sheet")
    intake = take_in(path, workdir, said[0] if said else "")
    if intake.waits:
        return _waiting(path, options, workdir, intake)
    text = intake.table
    layout = layout_of(text, typed=intake.typed)
    if distributor.recognise(layout):
        text = distributor.without_footer(text, workdir / "body")
        layout = layout_of(text, typed=intake.typed) if text != intake.table else layout
    columns = roles.find_columns(layout, options)
    con = table.open_database(workdir, text)
    try:
        forms = table.find_forms(con, text, layout, columns)
        found = Analysis(path, options, workdir, intake, layout, columns, con, forms, text)
        found.questions += columns.questions
        settle.sheet(found)
        settle.writing(found)
    except BaseException:
        con.close()
        raise
    return found


def _waiting(path: Path, options: Options, workdir: Path, intake: Intake) -> Analysis:
    """A workbook of which nobody said which sheet: nothing of it is read before that is answered."""
    layout = Layout("", 0, (), (), has_header=False, preamble=(), sample=())
    found = Analysis(path, options, workdir, intake, layout, Columns(), duckdb.connect(), Forms([]), intake.table)
    settle.sheet(found)
    return found


def _load(found: Analysis) -> None:
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(lines.count, found.table, found.layout)
        table.load(found.con, found.table, found.layout, found.columns, found.forms)
        settle.sentinels(found)
        settle.zone(found)
        _find_bad_lines(found)
        accounting.check_lines(found, counting.result())
    if not found.count.rows and not found.grounds:
        raise Refused(_("The file holds no reading."), _("Ask for it again: nothing was imported."), code="empty")


def latest() -> datetime:
    """No reading is from later than this: tomorrow (naive UTC)."""
    return (datetime.now(UTC) + timedelta(days=1)).replace(tzinfo=None, microsecond=0)


def _find_bad_lines(found: Analysis) -> None:
    outside = f"t < TIMESTAMP '{faultlines.FIRST_YEAR}-01-01' OR t > TIMESTAMP '{latest()}'"
    bad = faultlines.bad_sql(found.columns, outside=outside)
    found.count = faultlines.count(found.con, found.columns, bad)
    rejects, spaces = faultlines.rejected(found.con)
    found.count = replace_count(found.count, blank=spaces, rows=len(rejects))
    zone_bad = settle.local_faults(found) if found.tz else ([], [])
    gaps, folds = zone_bad
    found.blocking = found.count.bad + len(rejects) + len(gaps) + len(folds)
    _leave_out(found, bad, [*gaps, *folds])
    if not (found.blocking or found.count.empty):
        return
    describer = faultlines.Describer(
        found.table, found.layout, found.columns, series.found_offset(found), (faultlines.FIRST_YEAR, latest().year + 1)
    )
    totals, ordinals = faultlines.classes(found.con, bad, faultlines.class_sql(found.columns, outside))
    empties = _valueless(found, bad)
    placed, at = describer.placed([*ordinals, *empties, *gaps[:100], *folds[:100]], rejects)
    sorts: dict[str, list[Ground]] = {}
    for ordinal, why in ordinals.items():
        if ordinal in placed:
            sorts.setdefault(why, []).append(describer.bad(placed[ordinal], _row(found, ordinal)))
    for ground in describer.rejected(rejects, at):
        sorts.setdefault(ground.code, []).append(ground)
    totals.update(faultlines.code_of(error) for _byte, error, _text in rejects)
    for code, listed, reason in (
        ("nonexistent_time", gaps, _("this local time does not exist: clocks went forward over it")),
        (
            "ambiguous_time",
            folds,
            _("this local time comes twice that night, and the order of lines does not tell which it is"),
        ),
    ):
        totals[code] = len(listed)
        sorts[code] = [Ground(code, reason, placed[n].line) for n in listed[:100] if n in placed]
    found.grounds = sorted((g for grounds in sorts.values() for g in grounds), key=lambda ground: ground.line or 0)
    found.empties = [Ground("no_value", _("no value"), placed[n].line) for n in empties if n in placed]
    sorts["no_value"], totals["no_value"] = found.empties, found.count.empty
    found.reasons = [told for why, grounds in sorts.items() if (told := reasons_of(grounds, totals[why]))]


def _valueless(found: Analysis, bad: str) -> list[int]:
    """Ordinals of the first lines that have a time and no value in any of the columns chosen."""
    missing = " AND ".join(f"isnan(v{number})" for number in range(len(found.columns.values)))
    return faultlines.ordinals_where(found.con, f"t IS NOT NULL AND {missing} AND NOT {bad}") if missing else []


def _leave_out(found: Analysis, bad: str, unplaced: list[int]) -> None:
    """Make the table `left_out`: ordinals of the lines that give no reading, whole."""
    con = found.con
    con.execute(f"CREATE OR REPLACE TABLE left_out AS SELECT rowid AS ord FROM raw WHERE {bad}")
    if unplaced:
        con.register("found_unplaced", {"ord": np.array(sorted(set(unplaced)), np.int64)})
        con.execute("INSERT INTO left_out SELECT ord FROM found_unplaced WHERE ord NOT IN (SELECT ord FROM left_out)")
        con.unregister("found_unplaced")


def replace_count(count: Count, *, blank: int, rows: int) -> Count:
    return replace(count, blank=count.blank + blank, rows=count.rows + rows)


def _row(found: Analysis, ordinal: int) -> dict[str, object]:
    cursor = found.con.execute(f"SELECT * FROM raw WHERE rowid = {ordinal}")
    names = [item[0] for item in cursor.description or []]
    return dict(zip(names, cursor.fetchone() or (), strict=False))
