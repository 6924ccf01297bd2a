"""What the import says to people at a terminal, as lines of text."""

import unicodedata
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mitoyen.connect.numerals import grouped, moment
from mitoyen.connect.report import Reason, Report

LINES = 20
SERIES = 50


WORDS = {
    "kind": {
        "delta": gettext_lazy("amounts per interval"),
        "counter": gettext_lazy("index"),
        "power": gettext_lazy("mean power"),
        "gauge": gettext_lazy("values at a time"),
    },
    "stamps": {"start": gettext_lazy("the start"), "end": gettext_lazy("the end")},
    "dates": {"dmy": gettext_lazy("the day"), "mdy": gettext_lazy("the month")},
    "decimal": {",": gettext_lazy("the comma is the decimal mark"), ".": gettext_lazy("the point is the decimal mark")},
    "columns": {"meters": gettext_lazy("each column is a meter of its own")},
    "property": {
        "electricity": gettext_lazy("electricity"),
        "gas": gettext_lazy("gas"),
        "heat": gettext_lazy("heat"),
        "water": gettext_lazy("water"),
        "temperature": gettext_lazy("outdoor temperature"),
        "humidity": gettext_lazy("humidity"),
        "solar_radiation": gettext_lazy("solar radiation"),
    },
}


def words_of(code: str, value: str) -> str:
    """A value in words, where it has some; else as it is written."""
    return str(WORDS.get(code, {}).get(value, value))


def _stamps(found: str) -> str:
    """What times name, told of all of them."""
    return {"start": _("start of the interval"), "end": _("end of the interval"), "instant": _("instants")}[found]


def usage(code: str) -> str:
    """Why a command line can't be understood."""
    return {
        "files_or_undo": _("Name either files or a batch to take back."),
        "no_files": _("Name at least one file."),
        "choice": _("%(name)s is one of: %(allowed)s."),
        "column": _("Write --column HEADER=property:unit:kind, or HEADER=role."),
    }[code]


def about(name: str, message: str) -> str:
    """The message, after the file's name unless it names it itself."""
    return message if name in message else _("%(name)s: %(message)s") % {"name": name, "message": message}


def harmless(text: str) -> str:
    """What a file holds must not steer the terminal: control and direction characters are shown as a mark."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf") else c for c in text)


def refusal(message: str, next_step: str, lines: list[tuple[int | None, str]]) -> list[str]:
    """What is wrong, the first lines concerned, what to do."""
    told = [message]
    for line, reason in lines[:LINES]:
        where = _("line %(line)d: ") % {"line": line} if line else ""
        told.append(f"  {where}{reason}")
    if len(lines) > LINES:
        told.append(_("  … and %(count)d more") % {"count": len(lines) - LINES})
    return [*told, next_step] if next_step else told


def refused(report: Report) -> list[str]:
    """Why the file isn't taken: the questions first, each with what answers it; then its lines, a reason at a time."""
    told = [about(report.proposal.file, report.message)]
    for number, question in enumerate(report.proposal.questions, start=1):
        told.append(f"  {number}. {question.text}")
        told += [f"     {text}" for text in (question.evidence,) if text]
        told += [f"     → {question.option}" for text in (question.option,) if text]
    if report.code in ("bad_lines", "ambiguous"):
        told += map(_reason, report.reasons)
    else:
        told += refusal("", "", [(ground.line, ground.message) for ground in report.refused])[1:]
    if report.next_step and report.code != "ambiguous":
        told.append(report.next_step)
    return told


def _reason(reason: Reason) -> str:
    """One line for all lines that share a fault."""
    if reason.count == 1 and reason.lines:
        return "  " + _("line %(line)d: ") % {"line": reason.lines[0]} + reason.example
    words = {
        "count": grouped(reason.count),
        "lines": ", ".join(map(str, reason.lines)) + (", …" if reason.count > len(reason.lines) else ""),
        "example": reason.example,
    }
    if reason.code == "no_value":
        return _("  %(count)s lines without a value (lines %(lines)s)") % words
    if not reason.lines:
        return _("  %(count)s times: %(example)s") % words
    return _("  %(count)s lines (%(lines)s), the first: %(example)s") % words


def result(report: Report) -> list[str]:
    """What was done, or would be; what the file was taken for; what was left out."""
    content: dict[str, Any] = report.to_json()
    numbers = {name: grouped(content[name]) for name in ("accepted", "duplicates", "missing")}
    told = [
        {
            "imported": _(
                "%(file)s: %(accepted)s readings imported, %(duplicates)s repeated or known already. Batch %(batch)s."
            ),
            "unchanged": _("%(file)s: nothing new, all %(duplicates)s readings are known already."),
            "ready": _(
                "%(file)s: ready, %(accepted)s new readings, %(duplicates)s repeated or known already."
                " Nothing was written."
            ),
        }[report.status]
        % (content | numbers)
    ]
    zone = _("with their offset") if content["tz"] == "offset" else content["tz"]
    told.append(
        _("  Read as: %(format)s; times: %(tz)s, %(stamps)s.")
        % {"format": content["format"], "tz": zone, "stamps": _stamps(content["stamps"])}
    )
    told += [_series(view) for view in content["datastreams"][:SERIES]]
    if len(content["datastreams"]) > SERIES:
        told.append(_("  … and %(count)d more") % {"count": len(content["datastreams"]) - SERIES})
    if report.missing:
        told.append(_("  Times without a value: %(missing)s.") % numbers)
    told += [f"  {note}" for note in content["notes"]]
    return [*told, *map(_reason, report.reasons)]


def _series(view: dict[str, Any]) -> str:
    words = view | {
        "kind": words_of("kind", view["kind"]),
        "count": grouped(view["count"]),
        "first": moment(view["first"]),
        "last": moment(view["last"]),
    }
    told = _("  %(name)s (%(kind)s, %(unit)s): %(count)s readings from %(first)s to %(last)s UTC") % words
    if view["gap_count"]:
        gaps = ngettext("one gap", "%(count)s gaps", view["gap_count"])
        told += ", " + gaps % {"count": grouped(view["gap_count"])}
    if view["total"] is not None:
        told += (
            f", {grouped(view['total'], 0 if abs(view['total']) >= 1000 else 3)} {view['total_unit'] or ''}".rstrip()
        )
    return told


def undone(batch: int, source: str, rows: int) -> str:
    words = {"id": batch, "source": source, "rows": grouped(rows)}
    return _("Batch %(id)d (%(source)s) was taken back: %(rows)s readings.") % words
