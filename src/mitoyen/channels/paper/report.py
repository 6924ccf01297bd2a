"""What was read in scans, as JSON for scripts and in lines for people."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.channels.paper import doubts
from mitoyen.channels.paper.enums import Verdict
from mitoyen.channels.paper.layout import CONTACT
from mitoyen.channels.paper.measuring import Ticked, Written
from mitoyen.channels.paper.reading import ReadForm, ReadPage, Unread, gather
from mitoyen.services import codes


def told(read: Iterable[ReadPage | Unread], crops: Path | None = None) -> dict[str, Any]:
    """Everything that was read. `crops`: folder for a PNG of each zone that isn't surely empty."""
    pages: list[ReadPage] = []
    unread = []
    for one in read:
        if isinstance(one, Unread):
            unread.append({"file": one.file, "page": one.at, "code": one.code, "why": one.why})
        else:
            pages.append(one)
    return {"forms": [_form(form, crops) for form in gather(pages)], "unread": unread}


def box_told(one: Ticked) -> dict[str, Any]:
    """One box: what it means, how full it is, the verdict and its confidence."""
    return {
        "question": one.box.question,
        "choice": one.box.choice,
        "fill": one.fill,
        "verdict": str(one.verdict),
        "confidence": one.confidence,
    }


def zone_told(one: Written) -> dict[str, Any]:
    """One zone: written, empty or unsure; ink in mm²."""
    verdict = "written" if one.verdict == Verdict.TICKED else str(one.verdict)
    return {
        "question": one.zone.question,
        "part": one.zone.part,
        "ink_mm2": one.ink,
        "verdict": verdict,
        "confidence": one.confidence,
    }


def lines(content: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    for form in content["forms"]:
        named = {"service": form["service"], "number": codes.shown(form["number"])}
        yield _("%(service)s, number %(number)s") % named
        if form["missing"]:
            yield "  " + _("pages that are missing: %(pages)s") % {"pages": ", ".join(map(str, form["missing"]))}
        for page in form["pages"]:
            for box in page["boxes"]:
                if box["verdict"] != Verdict.EMPTY:
                    name = "contact" if box["question"] == CONTACT else box["question"]
                    yield f"  {name} {box['choice']} – {Verdict(box['verdict']).label} ({box['fill']:.0%})"
            for zone in page["zones"]:
                if zone["verdict"] != Verdict.EMPTY:
                    name = "contact" if zone["question"] == CONTACT else zone["question"]
                    yield f"  {name} {zone['part']} – " + _("something is written")
        if form["to_decide"]:
            yield "  " + _("to be decided by a human: %(questions)s") % {"questions": ", ".join(form["to_decide"])}
    for one in content["unread"]:
        yield _("%(file)s, page %(page)d: %(why)s") % one


def _form(form: ReadForm, crops: Path | None) -> dict[str, Any]:
    one = form.identity
    marks = [(box.box.question, box.box.choice, box.verdict) for page in form.pages for box in page.boxes]
    return {
        "service": one.service,
        "version": one.version,
        "language": one.language,
        "large": one.large,
        "layout": one.digest,
        "number": one.number,
        "missing": form.missing,
        "to_decide": sorted(doubts.questions(one.service, marks)),
        "pages": [_page(page, crops) for page in form.pages],
    }


def _page(page: ReadPage, crops: Path | None) -> dict[str, Any]:
    zones = []
    for number, zone in enumerate(page.zones):
        entry = zone_told(zone)
        if crops is not None and zone.verdict != Verdict.EMPTY:
            crops.mkdir(parents=True, exist_ok=True)
            file = crops / f"{page.identity.number}-{page.identity.page}-{number}.png"
            page.sheet.crop(zone.zone).save(file)
            entry["crop"] = str(file)
        zones.append(entry)
    return {
        "file": page.file,
        "file_page": page.at,
        "page": page.identity.page,
        "error_mm": round(page.error_mm, 3),
        "boxes": [box_told(box) for box in page.boxes],
        "zones": zones,
    }
