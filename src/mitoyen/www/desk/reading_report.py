"""The reader's report in a clerk's words: what a file was taken for, meter by meter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mitoyen.history.enums import Kind
from mitoyen.www.desk.answering import WORDS
from mitoyen.www.desk.words import COLON, exact, property_word, unit_word
from mitoyen.www.numbers import amount, number, percent

FORMATS = {
    "enedis-load-curve": gettext_lazy("the electricity distributor's load curve"),
    "enedis-index": gettext_lazy("the electricity distributor's indexes"),
    "csv": gettext_lazy("a table as text (CSV)"),
    "xlsx": gettext_lazy("a spreadsheet"),
    "json": gettext_lazy("structured data (JSON)"),
    "ndjson": gettext_lazy("structured data, one line a reading (NDJSON)"),
    "parquet": gettext_lazy("a Parquet file"),
}
ROLES = {
    "value": gettext_lazy("readings"),
    "stamp": gettext_lazy("date and time"),
    "date": gettext_lazy("date"),
    "time": gettext_lazy("time"),
    "start": gettext_lazy("start of the interval"),
    "end": gettext_lazy("end of the interval"),
    "meter": gettext_lazy("name of the meter"),
    "ignore": gettext_lazy("left out"),
}
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in the readings."""

    first: datetime | None
    last: datetime | None
    missing: str


@dataclass(frozen=True, slots=True)
class Meter:
    """One datastream of the file."""

    name: str
    sentence: str
    first: datetime | None
    last: datetime | None
    count: str
    step: str
    steps: list[tuple[datetime | None, str]]
    total: str
    span: str
    coverage: str
    gaps: list[Gap]
    gap_count: int
    missing: int
    new: bool


@dataclass(frozen=True, slots=True)
class Read:
    """The whole report: what it was taken for in one sentence, its facts, its columns, its meters."""

    sentence: str
    facts: list[tuple[str, str]]
    columns: list[tuple[str, str]]
    meters: list[Meter]


def read(report: dict[str, Any]) -> Read | None:
    """None while the file was not read, when it is no table at all, or while its sheet must be named first."""
    if not report.get("columns"):
        return None
    return Read(
        _sentence(report), _facts(report), _columns(report), [_meter(view) for view in report["datastreams"][:50]]
    )


def _sentence(report: dict[str, Any]) -> str:
    shape = str(FORMATS.get(report["format"].removesuffix(".gz"), report["format"]))
    views = report["datastreams"]
    kinds = sorted({property_word(view["property"]) for view in views if view["property"]})
    meters = ngettext("%(count)d meter", "%(count)d meters", len(views)) % {"count": len(views)}
    said = _("We took this file for %(shape)s: %(rows)s lines") % {"shape": shape, "rows": number(report["rows"])}
    if not views:
        return f"{said}."
    said += f", {meters}"
    return f"{said} ({', '.join(kinds)})." if kinds else f"{said}."


def _facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    zone = str(WORDS["tz"].get(report["tz"], report["tz"])) if report["tz"] else _("not known yet")
    stamps = str(WORDS["stamps"].get(report["stamps"], report["stamps"])) if report["stamps"] else ""
    facts = [
        (_("Times are in"), zone),
        (_("A time names"), stamps),
        (_("Time step"), step_word(report["step_s"])),
    ]
    facts += [(_("Already known, left out"), number(report["duplicates"]) if report["duplicates"] else "")]
    facts += [(_("Without a value"), number(report["missing"]) if report["missing"] else "")]
    facts += [(_("Blank lines, left out"), number(report["blank_lines"]) if report["blank_lines"] else "")]
    return [(name, text) for name, text in facts if text]


def _columns(report: dict[str, Any]) -> list[tuple[str, str]]:
    shown = []
    for column in report["columns"]:
        role = str(ROLES.get(column["role"], column["role"]))
        parts = [property_word(column["property"]) if column["property"] else "", unit_word(column["unit"])]
        if column["kind"] in Kind.values:
            parts.append(str(Kind(column["kind"]).label))
        detail = ", ".join(part for part in parts if part)
        shown.append((column["name"], f"{role}{COLON}{detail}" if detail else role))
    return shown + [(name, str(ROLES["ignore"])) for name in report["ignored_columns"]]


def _meter(view: dict[str, Any]) -> Meter:
    kind = str(Kind(view["kind"]).label) if view["kind"] in Kind.values else _("not known yet")
    what = property_word(view["property"]) if view["property"] else _("not known yet")
    unit = unit_word(view["unit"]) if view["unit"] else _("unit not known yet")
    steps = [(parse_datetime(step["from"]), step_word(step["step_s"])) for step in view["steps"][:SHOWN]]
    return Meter(
        name=view["name"] if view["name"].strip("/").count("/") else _("Meter not named yet"),
        sentence=f"{what}, {unit}, {kind}",
        first=parse_datetime(view["starts"]) if view["starts"] else None,
        last=parse_datetime(view["ends"]) if view["ends"] else None,
        count=number(view["count"]),
        step=step_word(view["step_s"]),
        steps=steps,
        total=amount(view["total"], view["total_unit"]) if view["total_unit"] else "",
        span=_span(view),
        coverage=percent(view["coverage"], 1) if view["coverage"] is not None else "",
        gaps=[
            Gap(parse_datetime(gap["from"]), parse_datetime(gap["to"]), number(gap["readings"]))
            for gap in view["gaps"][:SHOWN]
        ],
        gap_count=view["gap_count"],
        missing=view["missing"],
        new=view["new"],
    )


def _span(view: dict[str, Any]) -> str:
    if view["minimum"] is None:
        return ""
    values = {"low": exact(view["minimum"], view["unit"]), "high": exact(view["maximum"], view["unit"])}
    return _("from %(low)s to %(high)s") % values


def step_word(seconds: int | None) -> str:
    """A step in hours or minutes; nothing when it isn't regular."""
    if not seconds:
        return ""
    if seconds % 86400 == 0:
        return ngettext("%(count)d day", "%(count)d days", seconds // 86400) % {"count": seconds // 86400}
    if seconds % 3600 == 0:
        return ngettext("%(count)d hour", "%(count)d hours", seconds // 3600) % {"count": seconds // 3600}
    if seconds % 60 == 0:
        return ngettext("%(count)d minute", "%(count)d minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
