"""Paper at the desk: forms to print, scans dropped, what was read in them, and the clerk's yes to each form."""

import datetime as dt
import io
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mitoyen.channels.paper import confirming, forms, intake, perms, posters
from mitoyen.channels.paper.confirming import Answered, Paper
from mitoyen.channels.paper.enums import FormState
from mitoyen.channels.paper.layout import CONTACT
from mitoyen.channels.paper.models import PaperForm, Scan, Sheet
from mitoyen.channels.paper.tasks import READ
from mitoyen.ledger import audit
from mitoyen.ledger.enums import JobState
from mitoyen.ledger.jobs import enqueue
from mitoyen.manifests.load import LANGUAGES, Service
from mitoyen.services import codes, wording
from mitoyen.services import perms as request_perms
from mitoyen.services.enums import Channel, Way
from mitoyen.services.order import in_order
from mitoyen.territory.models import Commune, Person
from mitoyen.territory.perms import scope
from mitoyen.www import submitting
from mitoyen.www.desk import rules
from mitoyen.www.desk import scope as desk_scope
from mitoyen.www.desk.fields import Day, DeskForm, Reason
from mitoyen.www.desk.page import email_of, page, to
from mitoyen.www.desk.receiving import ReceivedFile, Receiver, upload_limit
from mitoyen.www.desk.words import COLON, size_word

SHOWN = 50
LARGEST = 200_000_000
OLDEST = dt.timedelta(days=120)
MOST_COPIES = 200


class ArrivedForm(DeskForm):
    """The day on which the sheet arrived."""

    arrived = Day(label=gettext_lazy("Day on which the sheet arrived"))


class AsideForm(DeskForm):
    """Why a sheet becomes no request."""

    why = Reason(label=gettext_lazy("Why does this sheet become no request?"))


@dataclass(frozen=True, slots=True)
class Row:
    """One form in the list."""

    form: PaperForm
    title: str
    number: str


def receiver(request: HttpRequest) -> Receiver:
    """Takes scans in, 200 MB at once at most."""
    return Receiver(request, min(LARGEST, upload_limit()))


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Scans dropped and forms that wait; on POST the files are taken in and read behind the page."""
    if request.method == "POST":
        files = [one for one in request.FILES.getlist("scans") if isinstance(one, ReceivedFile)]
        handler = request.upload_handlers[0]
        assert isinstance(handler, Receiver)
        faults = [f"{fault.name}{COLON}{fault.reason}" for fault in handler.faults]
        for one in files:
            _keep(one, rules.person_of(request))
        if files and not faults:
            return to(request, "paper", said=_("The sheets are being read. Nothing is handed in before you confirm."))
        return _list_page(request, faults or [_("Choose a file first, or drop one here.")], status=422)
    return _list_page(request, [])


def waiting(person: Person) -> list[Row]:
    """The forms that someone may confirm, newest first."""
    return [_row(one) for one in perms.forms_of(person).filter(state=FormState.WAITING)[:SHOWN]]


def printed(request: HttpRequest, service: Service) -> HttpResponse:
    """The form as a PDF, each copy with its number."""
    language = request.POST.get("langue", "fr")
    copies = request.POST.get("exemplaires", "1")
    count = min(max(int(copies), 1), MOST_COPIES) if copies.isdecimal() and len(copies) < 6 else 1
    large = request.POST.get("grand") == "1"
    content = forms.printed(service, language if language in LANGUAGES else "fr", large=large, copies=count)
    return _pdf(content, f"{service.manifest.name}.pdf")


def poster(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The week's poster of one of one's communes; back to the choice for any other."""
    wanted = Commune.objects.filter(insee=request.GET.get("commune", "")[:5]).first()
    if wanted is None or wanted not in _communes(rules.person_of(request)):
        return to(request, "paper")
    language = wording.language()
    return _pdf(posters.poster(wanted, posters.last_week(), language), f"affiche-{wanted.slug}.pdf")


def form(request: HttpRequest, one: PaperForm) -> HttpResponse:
    """One form: what was read, what must be decided; on POST it is handed in, or what is missing is said."""
    service = confirming.service_of(one)
    if service is None or one.state != FormState.WAITING:
        return page(request, "paper_ended.html", "paper", {"one": one, "number": codes.shown(one.number)})
    paper = confirming.paper_of(one)
    if request.method == "GET":
        draft = submitting.Draft(service, raw=paper.raw(), token=one.token, way=paper.way, by_agent=True)
        return _form_page(request, paper, draft, ArrivedForm({"arrived": timezone.localdate()}))
    # The same checks and the same record as on any other way in.
    draft = submitting.read(service, request, by_agent=True, handed_to=one.commune)
    draft.token = one.token
    arrived = ArrivedForm(request.POST)
    day = _arrived_on(arrived, draft)
    for name, fault in undecided(paper, draft, request).items():
        draft.faults.setdefault(name, fault)
    if not draft.is_sure or day is None:
        return _form_page(request, paper, draft, arrived)
    with transaction.atomic(), translation.override(one.language):
        kept = submitting.hand_in(
            draft, Channel.PAPER, email_of(request), received_at=day, code=one.number, language=one.language
        )
        if kept is not None:
            one.request, one.state, one.ended_at = kept, FormState.HANDED_IN, timezone.now()
            one.save(update_fields=["request", "state", "ended_at"])
    if kept is None:
        return _form_page(request, paper, draft, arrived)
    return to(request, "receipt", kept.pk, said=_("The request is in. Destroy the sheet."))


def set_aside(request: HttpRequest, one: PaperForm) -> HttpResponse:
    """This sheet becomes no request, with a reason; or it is taken up again."""
    if one.state == FormState.SET_ASIDE:
        intake.take_up_again(one, email_of(request))
        return to(request, "paper-form", one.pk)
    aside = AsideForm(request.POST)
    service = confirming.service_of(one)
    if one.state == FormState.HANDED_IN:
        return to(request, "paper-form", one.pk)
    if not aside.is_valid():
        if service is None:
            return to(request, "paper")
        paper = confirming.paper_of(one)
        draft = submitting.Draft(service, raw=paper.raw(), token=one.token, way=paper.way, by_agent=True)
        today = ArrivedForm({"arrived": timezone.localdate()})
        return _form_page(request, paper, draft, today, aside=aside, status=422)
    intake.set_aside(one, aside.cleaned_data["why"], email_of(request))
    return to(request, "paper", said=_("Set aside. You can take it up again from its page."))


def picture(request: HttpRequest, named: tuple[Sheet, str, int]) -> HttpResponse:
    """A crop of a sheet, or the sheet, as PNG."""
    found = confirming.picture(*named)
    if found is None:
        raise Http404
    out = io.BytesIO()
    found.reduce(2 if named[1] != "page" else 1).quantize(16).save(out, "PNG", optimize=True)
    response = HttpResponse(out.getvalue(), content_type="image/png")
    response["Cache-Control"] = "private, max-age=600"
    return response


def undecided(paper: Paper, draft: submitting.Draft, request: HttpRequest) -> dict[str, str]:
    """What the clerk has still to look at: unclear boxes, writing that nothing was typed from, pages that are missing,
    a number that came twice."""
    faults = {}
    for name, answer in paper.answers.items():
        if _seen(request, name):
            continue
        if answer.open or answer.unclear:
            faults[_fault_of(name)] = _("The sheet is not clear here. Look at it, choose, then tick “I have looked”.")
        elif answer.written and not _typed(draft, name):
            faults[_fault_of(name)] = _("Something is written here. Type it, or tick “I have looked”.")
    if paper.missing and not _seen(request, "pages"):
        faults["form"] = _("Pages are missing. Scan them, or tick that you go on without them.")
    elif (paper.twins or paper.code_is_taken) and not _seen(request, "twins"):
        faults["form"] = _("This number came in before. Look whether it is the same request, then tick it.")
    return faults


def _seen(request: HttpRequest, name: str) -> bool:
    return request.POST.get(f"seen-{name}") == "1"


def _fault_of(name: str) -> str:
    return "contact" if name == CONTACT else name


def _typed(draft: submitting.Draft, name: str) -> bool:
    """Whether anything was typed or chosen for a question."""
    if name == CONTACT:
        return bool(draft.value.strip() or draft.name.strip())
    question = draft.service.manifest.question(name) if name in _names(draft.service) else None
    if question is None:
        return False
    if question.type == "place":
        return bool(draft.place_text or draft.spot)
    if question.type == "venue":
        return draft.slot is not None or bool(draft.wish)
    return bool(draft.raw.get(name))


def _names(service: Service) -> set[str]:
    return {question.name for question in service.manifest.questions}


def _arrived_on(arrived: ArrivedForm, draft: submitting.Draft) -> dt.datetime | None:
    """The moment that counts as received: now for today, noon of an earlier day; None with the fault in the draft."""
    today = timezone.localdate()
    if not arrived.is_valid():
        return None
    day: dt.date = arrived.cleaned_data["arrived"]
    if not today - OLDEST <= day <= today:
        arrived.add_error("arrived", _("The day lies in the future, or too far back."))
        draft.faults.setdefault("form", _("Check the day on which the sheet arrived."))
        return None
    if day == today:
        return timezone.now()
    return dt.datetime.combine(day, dt.time(12), ZoneInfo(settings.TIME_ZONE))


def _keep(received: ReceivedFile, person: Person) -> None:
    """Note a dropped file and have it read."""
    scan = Scan.objects.create(
        name=str(received.name),
        path=received.path.name,
        sha256=received.sha256,
        size=received.size or 0,
        by=person.email,
        commune=desk_scope.own_commune(person),
    )
    audit.record(person.email, "paper.dropped", f"scan:{scan.pk}")
    scan.job = enqueue(READ, person.email, scan=scan.pk)
    scan.save(update_fields=["job"])


def _communes(person: Person) -> list[Commune]:
    return list(desk_scope.communes(scope(person, request_perms.HANDLE)))


def _list_page(request: HttpRequest, faults: list[str], status: int = 200) -> HttpResponse:
    person = rules.person_of(request)
    mine = perms.forms_of(person)
    scans = [one for one in Scan.objects.select_related("job")[: SHOWN * 2] if perms.can_handle_form(person, one)]
    spoken = wording.language()
    context = {
        "faults": faults,
        "limit": size_word(min(LARGEST, upload_limit())),
        "waiting": waiting(person),
        "ended": [_row(one) for one in mine.exclude(state=FormState.WAITING)[:20]],
        "scans": [(one, *_stage(one)) for one in scans[:20]],
        "moves": any(_moves(one) for one in scans[:20]),
        "services": [(s.manifest.name, s.text("service.title", spoken)) for s in in_order()],
        "communes": _communes(person),
    }
    return page(request, "paper.html", "paper", context, status=status)


def _row(one: PaperForm) -> Row:
    service = confirming.service_of(one)
    title = service.text("service.title", wording.language()) if service else one.service
    return Row(one, title, codes.shown(one.number))


def _moves(scan: Scan) -> bool:
    return scan.job is not None and scan.job.state in (JobState.QUEUED, JobState.RUNNING)


def _stage(scan: Scan) -> tuple[str, list[str]]:
    """Where a dropped file stands, and each page that could not be read with the reason."""
    if _moves(scan):
        return _("being read"), []
    if scan.path:
        return _("could not be read to its end; drop it again"), []
    named = _("Page %(page)d: %(why)s")
    unread = [named % one if one.get("page") else str(one["why"]) for one in scan.unread]
    read = ngettext("%(count)d page read", "%(count)d pages read", scan.pages)
    return read % {"count": scan.pages}, unread


def _form_page(
    request: HttpRequest,
    paper: Paper,
    draft: submitting.Draft,
    arrived: ArrivedForm,
    *,
    aside: AsideForm | None = None,
    status: int = 0,
) -> HttpResponse:
    service = draft.service
    posted = request.method == "POST"
    asked = [
        (field, _look(request, paper.answers.get(field.name), service))
        for field in draft.fields
        if field.question.type != "photo"
    ]
    contact = service.manifest.contact
    context = {
        "one": paper.form,
        "paper": paper,
        "number": codes.shown(paper.form.number),
        "title": service.text("service.title", wording.language()),
        "draft": draft,
        "asked": asked,
        "contact": contact,
        "contact_look": _look(request, paper.answers.get(CONTACT), service),
        "ways": [(way.value, way.label) for way in Way if way != Way.NONE or contact == "optional"],
        "sheets": list(paper.form.sheets.all()),
        "twins": [(twin, FormState(twin.state).label) for twin in paper.twins],
        "seen_pages": _seen(request, "pages"),
        "seen_twins": _seen(request, "twins"),
        "arrived": arrived,
        "aside": aside or AsideForm(),
    }
    return page(
        request, "paper_form.html", "paper", context, status=status or (422 if posted and draft.faults else 200)
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What stands beside a question: pictures, and whether and why the clerk must look."""

    answer: Answered
    unclear: list[str]
    needed: bool
    seen: bool

    @property
    def crops(self) -> list[confirming.Crop]:
        """Boxes are shown only where they are not clear; writing always."""
        return [crop for crop in self.answer.crops if crop.what == "zone" or self.needed]


def _look(request: HttpRequest, answer: Answered | None, service: Service) -> Look | None:
    if answer is None:
        return None
    unclear = [_choice(service, answer.question, choice) for choice in answer.unclear]
    needed = answer.open or bool(answer.unclear)
    return Look(answer, unclear, needed, _seen(request, answer.question))


def _choice(service: Service, question: str, choice: str) -> str:
    if question == CONTACT:
        return str(Way(choice).label) if choice in Way.values else choice
    try:
        return service.text(f"choices.{question}.{choice}", wording.language())
    except KeyError:
        return {"yes": _("Yes"), "no": _("No")}.get(choice, choice)


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
