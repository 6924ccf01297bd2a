"""What a clerk confirms of a form that came back: the answers as they were read, what must be decided, the crops to
type from."""

from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from mitoyen.channels.paper import doubts
from mitoyen.channels.paper.enums import Verdict
from mitoyen.channels.paper.layout import CONTACT, Box, Layout, Zone
from mitoyen.channels.paper.measuring import crop_of
from mitoyen.channels.paper.models import PaperForm, PrintedLayout, Sheet
from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.services.models import Request


@dataclass(frozen=True, slots=True)
class Crop:
    """One picture to look at: `what` is `zone` or `boxes`, `at` its place on the sheet."""

    sheet: Sheet
    what: str
    at: int
    part: str = ""


@dataclass
class Answered:
    """One question as the sheet answers it. `verdicts` by choice; `crops` of what is written and of unclear boxes."""

    question: str
    ticked: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    crops: list[Crop] = field(default_factory=list)
    written: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A form as it came back."""

    form: PaperForm
    layout: Layout
    answers: dict[str, Answered]
    missing: list[int]
    twins: list[PaperForm]
    """Other forms with the same printed number: someone photocopied a sheet, or scanned it twice."""
    code_is_taken: bool

    def raw(self) -> dict[str, str | list[str]]:
        """The sure answers, as a form would post them."""
        service = services.installed().get(self.form.service)
        several = {q.name for q in service.manifest.questions if q.type == "choices"} if service else set()
        return {
            name: answer.ticked if name in several else _only(answer.ticked)
            for name, answer in self.answers.items()
            if name != CONTACT
        }

    @property
    def way(self) -> str:
        """How to answer, when one way is surely ticked."""
        contact = self.answers.get(CONTACT)
        return _only(contact.ticked) if contact and not contact.unclear else ""


def paper_of(form: PaperForm) -> Paper:
    """Everything about a form. Raises PrintedLayout.DoesNotExist when its layout is lost."""
    kept = PrintedLayout.objects.get(
        service=form.service, version=form.version, language=form.language, large=form.large, digest=form.digest
    )
    sheets = list(form.sheets.all())
    answers = _answers(kept.layout, sheets)
    marks = [(b["question"], b["choice"], b["verdict"]) for sheet in sheets for b in sheet.reading.get("boxes", [])]
    for name in doubts.questions(form.service, marks):
        answers.setdefault(name, Answered(name)).open = True
    there = {sheet.page for sheet in sheets}
    twins = PaperForm.objects.filter(number=form.number).exclude(pk=form.pk)
    return Paper(
        form=form,
        layout=kept.layout,
        answers=answers,
        missing=[number for number in kept.layout.needed if number not in there],
        twins=list(twins.order_by("pk")[:5]),
        code_is_taken=Request.objects.filter(code=form.number).exists(),
    )


def service_of(form: PaperForm) -> Service | None:
    """None when the service is no longer installed."""
    found: Service | None = services.installed().get(form.service)
    return found


def picture(sheet: Sheet, what: str, at: int) -> Image.Image | None:
    """A crop of a sheet: a zone, a question's boxes (`at` is one of them) or the whole page; None where it is gone."""
    if not sheet.picture or not sheet.file.is_file():
        return None
    kept = PrintedLayout.objects.get(
        service=sheet.form.service,
        version=sheet.form.version,
        language=sheet.form.language,
        large=sheet.form.large,
        digest=sheet.form.digest,
    )
    page = kept.layout.pages[sheet.page - 1]
    with Image.open(sheet.file) as whole:
        whole.load()
    if what == "page":
        return whole.reduce(2)
    if what == "zone" and at < len(page.zones):
        return crop_of(whole, page.zones[at])
    if what == "boxes" and at < len(page.boxes):
        return crop_of(whole, _around(page.boxes, page.boxes[at].question))
    return None


def _answers(layout: Layout, sheets: list[Sheet]) -> dict[str, Answered]:
    answers: dict[str, Answered] = {}
    for sheet in sheets:
        for at, box in enumerate(sheet.reading.get("boxes", [])):
            _take_box(answers.setdefault(box["question"], Answered(box["question"])), box, Crop(sheet, "boxes", at))
        for at, zone in enumerate(sheet.reading.get("zones", [])):
            answer = answers.setdefault(zone["question"], Answered(zone["question"]))
            if zone["verdict"] != Verdict.EMPTY:
                answer.written = True
                answer.crops.append(Crop(sheet, "zone", at, zone["part"]))
    return answers


def _take_box(answer: Answered, box: dict[str, Any], crop: Crop) -> None:
    if box["verdict"] == Verdict.TICKED:
        answer.ticked.append(box["choice"])
    elif box["verdict"] != Verdict.EMPTY:
        answer.unclear.append(box["choice"])
    if not any(known.what == "boxes" and known.sheet.pk == crop.sheet.pk for known in answer.crops):
        answer.crops.append(crop)


def _only(ticked: list[str]) -> str:
    """The one answer; nothing when there are several."""
    return ticked[0] if len(ticked) == 1 else ""


def _around(boxes: tuple[Box, ...], question: str) -> Zone:
    """The part of the page with the boxes of a question and their words."""
    mine = [box for box in boxes if box.question == question]
    top, bottom = min(box.y for box in mine) - 2, max(box.y + box.side for box in mine) + 2
    left = min(box.x for box in mine) - 2
    return Zone(question, left, top, 192 - left, bottom - top)
