"""`mitoyen things import`: a file of things into the register; safe to repeat, all in one transaction."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.layers import read
from mitoyen.territory.mapping import Mapping, settled
from mitoyen.territory.merge import Plan, plan_of, write
from mitoyen.territory.register import check_kind
from mitoyen.territory.rows import Row, Rows, rows_of
from mitoyen.territory.tables import Table

Progress = Callable[[int, int, str], None]


@dataclass
class Report:
    """What the file was taken for, and what became of each of its rows."""

    file: str
    format: str
    facts: dict[str, str]
    columns: list[str]
    mapping: Mapping
    rows: int
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    adopted: int = 0
    duplicates: int = 0
    gone: int = 0
    without_commune: int = 0
    communes: dict[str, int] = field(default_factory=dict)
    refused: list[Ground] = field(default_factory=list)
    notes: list[Ground] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    dry_run: bool = False

    def to_json(self, *, each_row: bool = False) -> dict[str, Any]:
        """The report as `--json` prints it; `each_row` adds what became of every line."""
        content = {name: value for name, value in asdict(self).items() if name not in ("mapping", "results", "facts")}
        grounds = {
            name: [{"code": g.code, "line": g.line, "reason": g.message} for g in getattr(self, name)]
            for name in ("refused", "notes")
        }
        content |= {**self.facts, "mapping": asdict(self.mapping), **grounds}
        return content | {"results": self.results} if each_row else content


def import_things(
    path: Path, mapping: Mapping, by: str, *, dry_run: bool = False, progress: Progress | None = None
) -> Report:
    """Take the file's things into the register: new ones made, changed ones updated, nothing doubled, none removed.

    What identifies a thing is its source (the file's name, unless the mapping names it) and its key there. Rows that
    can't be taken are left out and reported with their line. Raises Refused, and changes nothing, when the file can't
    be read, its roles are unclear, or none of its rows can be taken.
    """
    tell = progress or (lambda done, total, message: None)
    tell(0, 0, _("reading"))
    table = read(path, mapping.layer)
    check_kind(mapping.kind or "building")
    named = bool(mapping.source)
    used = settled(mapping, table.columns, has_points=table.points is not None)
    used = _with_source(used, path)
    found = rows_of(table, used)
    rows, found.duplicates = _once_each(found)
    if not rows:
        grounds = found.refused[:1000]
        raise Refused(_("No row of this file can be taken."), _("See why below."), grounds, "no_rows")
    tell(0, len(rows), _("comparing"))
    plan = plan_of(rows, used, named_source=named)
    report = _report(path, table, used, found, plan)
    report.dry_run = dry_run
    if not dry_run:
        _write(plan, report, by, hashlib.sha256(path.read_bytes()).hexdigest(), tell)
    return report


def _write(plan: Plan, report: Report, by: str, digest: str, tell: Progress) -> None:
    counts = {"new": report.new, "changed": report.changed, "adopted": report.adopted}
    about = {"file": report.file, "sha256": digest, "kind": report.mapping.kind, **counts}
    try:
        with transaction.atomic():
            write(plan, tell)
            audit.record(by, "things.imported", report.mapping.source, **about)
    except IntegrityError as error:
        raise Refused(
            _("Someone else changed the register at the same moment: nothing of this file was taken."),
            _("Import it again."),
            code="changed_meanwhile",
        ) from error


def _with_source(mapping: Mapping, path: Path) -> Mapping:
    return replace(mapping, source=(mapping.source or path.name)[:200])


def _once_each(found: Rows) -> tuple[list[Row], list[Ground]]:
    """The first row of each key, and the others as grounds: the same again, or told differently."""
    first: dict[str, Row] = {}
    again: list[Ground] = []
    for row in found.rows:
        known = first.setdefault(row.key, row)
        if known is row:
            continue
        same = (known.name, known.attributes, known.lon, known.lat) == (row.name, row.attributes, row.lon, row.lat)
        says = _("the same thing as line %(n)s") if same else _("the same identifier as line %(n)s, told differently")
        again.append(Ground("duplicate" if same else "duplicate_differs", says % {"n": known.line}, row.line))
    return list(first.values()), again


def _report(path: Path, table: Table, used: Mapping, found: Rows, plan: Plan) -> Report:
    counts = Counter(result["result"] for result in plan.results)
    refused = sorted([*found.refused, *plan.refused], key=lambda ground: ground.line or 0)
    report = Report(
        file=path.name,
        format=table.format,
        facts={**table.facts, "crs": used.crs or _crs_name(table.crs)},
        columns=table.columns,
        mapping=used,
        rows=len(table.rows) + len(table.refused),
        new=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        adopted=counts["adopted"],
        duplicates=len(found.duplicates),
        gone=plan.gone,
        without_commune=plan.without_commune,
        communes=plan.communes,
        refused=refused,
        notes=_notes(table, used, found, plan) + found.duplicates,
    )
    doubled = [{"line": g.line, "result": g.code} for g in found.duplicates]
    left_out = [{"line": g.line, "result": "refused", "code": g.code} for g in refused]
    report.results = sorted([*plan.results, *doubled, *left_out], key=lambda result: result["line"] or 0)
    return report


def _crs_name(crs: str) -> str:
    """The short name of a projection that a file describes at length."""
    if not crs:
        return ""
    import pyproj

    known = pyproj.CRS.from_user_input(crs)
    return ":".join(known.to_authority() or ()) or known.name


def _notes(table: Table, used: Mapping, found: Rows, plan: Plan) -> list[Ground]:
    notes = []
    if not used.id:
        notes.append(Ground("id_by_place", _("No column identifies the things: each is known by where it stands.")))
    for text, n in found.unknown_communes.most_common(10):
        says = _("%(n)s rows name %(text)r, which is not a commune of the territory.") % {"n": n, "text": text[:60]}
        notes.append(Ground("unknown_commune", says))
    if plan.without_commune and not found.located and not used.commune:
        says = _("No commune is given and none can be located: these things stay outside of the territory.")
        notes.append(Ground("no_commune", says))
    if "warning" in table.facts:
        notes.append(Ground("warning", table.facts["warning"]))
    return notes
