"""What the import says to people at a terminal, as lines of text."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.connect.report import Report

LINES = 20


def usage(code: str) -> str:
    """Why a command line can't be understood."""
    return {
        "files_or_undo": _("Name either files or a batch to take back."),
        "no_files": _("Name at least one file."),
        "choice": _("%(name)s is one of: %(allowed)s."),
        "column": _("Write --column HEADER=property:unit:kind, or HEADER=role."),
    }[code]


def refusal(message: str, next_step: str, lines: list[tuple[int | None, str]]) -> list[str]:
    """What is wrong, the first lines concerned, what to do."""
    told = [message]
    for line, reason in lines[:LINES]:
        where = _("line %(line)d: ") % {"line": line} if line else ""
        told.append(f"  {where}{reason}")
    if len(lines) > LINES:
        told.append(_("  … and %(count)d more") % {"count": len(lines) - LINES})
    return [*told, next_step] if next_step else told


def result(report: Report) -> list[str]:
    """What was done, or would be; what the file was taken for; what was left out."""
    content: dict[str, Any] = report.to_json()
    told = [
        {
            "imported": _(
                "%(file)s: %(accepted)d readings imported, %(duplicates)d repeated or known already. Batch %(batch)s."
            ),
            "unchanged": _("%(file)s: nothing new, all %(duplicates)d readings are known already."),
            "ready": _(
                "%(file)s: ready, %(accepted)d new readings, %(duplicates)d repeated or known already."
                " Nothing was written."
            ),
        }[report.status]
        % content
    ]
    zone = _("with their offset") if content["tz"] == "offset" else content["tz"]
    stamps = {
        "start": _("start of the interval"), "end": _("end of the interval"), "instant": _("instants"),
    }[content["stamps"]]  # fmt: skip
    words = {"format": content["format"], "tz": zone, "stamps": stamps}
    told.append(_("  Taken for: %(format)s, times %(tz)s, %(stamps)s.") % words)
    for view in content["datastreams"][:50]:
        total = f", {view['total']:.6g} {view['total_unit'] or ''}" if view["total"] is not None else ""
        line = _("  %(name)s (%(kind)s, %(unit)s): %(count)d readings from %(first)s to %(last)s, gaps: %(gap_count)d")
        told.append(line % view + total)
    if report.missing:
        told.append(_("  Stamps without a value: %(missing)d.") % content)
    if report.refused_count:
        line = ngettext(
            "  %(count)d line gave no reading: line %(line)s.",
            "  %(count)d lines gave no reading, the first on line %(line)s.",
            report.refused_count,
        )
        first = content["refused"][0]["line"] if content["refused"] else "?"
        told.append(line % {"count": report.refused_count, "line": first})
    return told


def undone(batch: int, source: str, rows: int) -> str:
    words = {"id": batch, "source": source, "rows": rows}
    return _("Batch %(id)d (%(source)s) was taken back: %(rows)d readings.") % words
