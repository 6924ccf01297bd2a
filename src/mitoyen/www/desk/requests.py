"""Requests at the desk: what is mine to read and to answer, and one request's story with every act."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.models import Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.services import appointments, codes, contacts, nearby, perms, timeline, wording
from mitoyen.services.answers import clean
from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.services.models import Contact, Fact, Request
from mitoyen.services.parity import keeping
from mitoyen.services.parity import wording as parity_wording
from mitoyen.services.plain.check import check
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Person
from mitoyen.www.desk import alerts, erasing, rules
from mitoyen.www.desk.page import email_of, page, say_refusal, to
from mitoyen.www.portal.public_requests import PHOTO

A_PAGE = 50
REREAD = "reread"
STATES: tuple[tuple[str, object, Callable[[], Q]], ...] = (
    ("repondre", gettext_lazy("To answer"), lambda: Q(state=State.OPEN)),
    ("rendez-vous", gettext_lazy("Appointment to give"), appointments.to_give),
    ("lire", gettext_lazy("To read first"), lambda: Q(state=State.HELD)),
    ("conteste", gettext_lazy("Contested"), lambda: timeline.CONTESTED),
    ("repondu", gettext_lazy("Answered"), lambda: Q(state=State.ANSWERED)),
    ("fini", gettext_lazy("Ended"), lambda: Q(state__in=(State.CLOSED, State.REFUSED))),
)
TIMES = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One request in the list."""

    request: Request
    title: str
    where: str
    late: bool
    days: int
    """Days until the promised day; below zero when it is past."""
    to_give: bool
    """It waits for an appointment."""

    @property
    def overdue(self) -> int:
        """Days since the promised day."""
        return -self.days


@dataclass(frozen=True, slots=True)
class Act:
    """What a button does: `do(request, form, by)`, open to those whom `may` lets."""

    do: Callable[[Request, dict[str, str], str], object]
    may: Callable[[Person, Request], bool]
    said: object


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The requests of one's communes, the most urgent first; a code typed in the box opens its request."""
    person = rules.person_of(request)
    scope = perms.seen(person)
    typed = request.GET.get("code", "").strip()
    if typed:
        code = codes.read(typed)
        found = Request.objects.filter(code=code).first() if code else None
        if found is not None and perms.can_see_request(person, found):
            return to(request, "request", found.pk)
    wanted = next((entry for entry in STATES if entry[0] == request.GET.get("etat")), STATES[0])
    requests = scope.restrict(Request.objects.filter(wanted[2]()), "commune").select_related("commune").distinct()
    order = ("promised_for", "received_at") if wanted[0] in ("repondre", "lire") else ("-received_at",)
    shown = Paginator(requests.order_by(*order), A_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    to_give = set(
        Request.objects.filter(appointments.to_give(), pk__in=[one.pk for one in shown]).values_list("pk", flat=True)
    )
    context = {
        "lines": [_line(one, today, to_give=one.pk in to_give) for one in shown],
        "page": shown,
        "states": [(code, label, code == wanted[0]) for code, label, _q in STATES],
        "state": wanted[0],
        "typed": typed,
        "made_up": any(one.origin == Origin.GENERATED for one in shown),
        "worse": parity_wording.alerts(keeping.last()),
        "counts": _counts(scope.restrict(Request.objects.all(), "commune"), today),
    }
    return page(request, "requests.html", "requests", context)


def story(request: HttpRequest, one: Request) -> HttpResponse:
    """One request: what was asked, its timeline, who is told how, and what can be done now."""
    return page(request, "request.html", "requests", _context(request, one, {}))


def act(request: HttpRequest, one: Request) -> HttpResponse:
    """Do one act; what was typed stays when it is refused."""
    name = request.POST.get("act", "")
    form = {key: clean(str(value)) for key, value in request.POST.items()}
    if name == REREAD and perms.can_handle(rules.person_of(request), one):
        checked = check(form.get("words", ""), one.language)
        return page(request, "request.html", "requests", _context(request, one, form) | {"checked": checked})
    chosen = ACTS.get(name)
    if chosen is not None and not chosen.may(rules.person_of(request), one):
        raise PermissionDenied
    try:
        if chosen is None:
            raise Refused(_("Choose what to do."))
        chosen.do(one, form, email_of(request))
    except Refused as refusal:
        say_refusal(request, refusal)
        return page(request, "request.html", "requests", _context(request, one, form), status=422)
    return to(request, "request", one.pk, said=str(chosen.said))


def _answer(one: Request, form: dict[str, str], by: str) -> None:
    timeline.answer(one, form.get("words", ""), by)


def _close(one: Request, form: dict[str, str], by: str) -> None:
    timeline.close(one, form.get("words", ""), by)


def _reopen(one: Request, form: dict[str, str], by: str) -> None:
    timeline.reopen(one, form.get("words", ""), by)


def _note(one: Request, form: dict[str, str], by: str) -> None:
    timeline.note_between_agents(one, form.get("words", ""), by)


def _pass_on(one: Request, form: dict[str, str], by: str) -> None:
    timeline.pass_on(one, form.get("team", ""), form.get("words", ""), by)


def _move(one: Request, form: dict[str, str], by: str) -> None:
    commune = Commune.objects.filter(insee=form.get("commune", "")).first()
    if commune is None:
        raise Refused(_("Choose the commune."))
    timeline.move(one, commune, form.get("words", ""), by)


def _join(one: Request, form: dict[str, str], by: str) -> None:
    code = codes.read(form.get("code", ""))
    head = Request.objects.filter(code=code).first() if code else None
    if head is None:
        raise Refused(_("No request has this code."))
    timeline.join(one, head, by)


def _give_time(one: Request, form: dict[str, str], by: str) -> None:
    slot = appointments.slot_of(one.service, form.get("time", "")) if form.get("time") else None
    if slot is None:
        raise Refused(_("Choose a time: this one is no longer offered.") if form.get("time") else _("Choose a time."))
    timeline.give_time(one, slot, by)


def _release(one: Request, form: dict[str, str], by: str) -> None:
    timeline.release(one, by)


def _refuse(one: Request, form: dict[str, str], by: str) -> None:
    timeline.refuse(one, form.get("reason", ""), form.get("words", ""), by)


def _may_release(person: Person, one: Request) -> bool:
    """A held request: whoever moderates. One that was set aside: whoever didn't set it aside."""
    return perms.can_decide_appeal(person, one) if one.state == State.REFUSED else perms.can_moderate(person, one)


ACTS: dict[str, Act] = {
    "answer": Act(_answer, perms.can_handle, gettext_lazy("The answer is on its way.")),
    "close": Act(_close, perms.can_handle, gettext_lazy("The request is closed and the person is told.")),
    "reopen": Act(_reopen, perms.can_handle, gettext_lazy("The request is open again.")),
    "note": Act(_note, perms.can_see_request, gettext_lazy("The note is kept; only agents read it.")),
    "pass_on": Act(_pass_on, perms.can_handle, gettext_lazy("The request is passed on and the person is told.")),
    "move": Act(_move, perms.can_handle, gettext_lazy("The request is moved, under the same code.")),
    "join": Act(_join, perms.can_handle, gettext_lazy("The requests are joined; each keeps its code.")),
    "time": Act(_give_time, perms.can_handle, gettext_lazy("The time is kept and the person is told.")),
    "release": Act(_release, _may_release, gettext_lazy("The request goes on and the person is told.")),
    "erase": Act(
        erasing.erase, perms.can_erase, gettext_lazy("It is erased, and the list of what was erased says so.")
    ),
    "refuse": Act(_refuse, _may_release, gettext_lazy("The request is set aside and the person may contest it.")),
}


def _context(request: HttpRequest, one: Request, form: dict[str, str]) -> dict[str, object]:
    one.refresh_from_db()
    person = rules.person_of(request)
    service = wording.service_of(one)
    contact = Contact.objects.filter(request=one).first() if perms.can_see_contact(person, one) else None
    live = one.state in timeline.LIVE
    handles, contested = perms.can_handle(person, one), timeline.is_contested(one)
    about, near = alerts.about_request(person, one)
    return {
        "one": one,
        "code": codes.shown(one.code),
        "title": wording.title(one),
        "team": wording.team(one),
        "state": State(one.state).label,
        "channel": Channel(one.channel).label,
        "answers": wording.answers(one),
        "contact": contact,
        "reach": _reach(contact),
        "facts": [_fact(fact, one) for fact in one.facts.all()],
        "photos": [_photo(photo.digest) for photo in one.photos.all()],
        "notices": Notice.objects.filter(about=f"request:{one.code}").order_by("pk"),
        "times": _times(one)
        if handles and Request.objects.filter(appointments.to_give(), pk=one.pk).exists()
        else None,
        "near": _near(one) if handles and live else [],
        "alerts": about,
        "alerts_near": near,
        "may_order": one.thing is not None and live and rules.opens_order(person, one.thing),
        "joined": list(one.joined.all()[:20]),
        "teams": [(team.name, wording.team(one, team.name)) for team in service.manifest.teams] if service else [],
        "communes": Commune.objects.order_by("slug").only("insee", "name"),
        "reasons": [(code, wording.reason(code)) for code in timeline.REASONS],
        "may_handle": handles and live,
        "may_reopen": handles and one.state in (State.CLOSED, State.ANSWERED),
        "may_release": one.state in (State.HELD, State.REFUSED) and _may_release(person, one),
        "may_refuse": (live or one.state == State.HELD or contested) and _may_release(person, one),
        "to_erase": erasing.mine(one, person) if perms.can_erase(person, one) else None,
        "asks_own_data": one.service == perms.MY_DATA,
        "sees_contact": perms.can_see_contact(person, one),
        "form": form,
        "made_up": one.origin == Origin.GENERATED,
    }


def _reach(contact: Contact | None) -> str:
    if contact is None:
        return ""
    if contact.way in (Way.SMS, Way.PHONE):
        return contacts.phone_shown(contact.value)
    return contact.value


def _fact(fact: Fact, one: Request) -> tuple[Fact, str, str]:
    return fact, str(FactKind(fact.kind).label), wording.sentence(fact, one)


def _photo(digest: str) -> tuple[str, str]:
    """Signed addresses of the whole photo and of its thumbnail."""
    return signing.dumps([digest, False], salt=PHOTO), signing.dumps([digest, True], salt=PHOTO)


@dataclass(frozen=True, slots=True)
class Times:
    """Free times for a request that waits for one: in its commune, and in each of the others."""

    near: list[appointments.Slot]
    elsewhere: list[tuple[str, list[appointments.Slot]]]


def _times(one: Request) -> Times:
    near = appointments.free(one.service, one.commune_id, TIMES) if one.commune_id else []
    here = one.commune.name if one.commune else ""
    return Times(near, [found for found in appointments.by_commune(one.service) if found[0] != here])


def _near(one: Request) -> list[Request]:
    thing = one.thing.slug if one.thing else ""
    found = nearby.likely_same(one.service, one.category, one.longitude, one.latitude, thing)
    return [other for other in found if other.pk not in (one.pk, one.joined_to_id)]


def _line(one: Request, today: date, *, to_give: bool) -> Line:
    place = next((value["label"] for value in one.answers.values() if isinstance(value, dict)), "")
    where = place or (one.commune.name if one.commune else "")
    days = (one.promised_for - today).days
    return Line(one, wording.title(one), where, one.state == State.OPEN and days < 0, days, to_give)


def _counts(requests: QuerySet[Request], today: date) -> dict[str, int]:
    waiting = requests.filter(state=State.OPEN)
    return {"open": waiting.count(), "late": waiting.filter(promised_for__lt=today).count()}
