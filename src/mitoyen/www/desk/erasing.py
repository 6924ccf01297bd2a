"""What personal data is due, what was erased and its proof; erasing at once when someone asks for it."""

import datetime as dt
import json
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.registry import services
from mitoyen.services import perms, wording
from mitoyen.services.erasing import acts, terms
from mitoyen.services.models import Request
from mitoyen.territory.models import Person
from mitoyen.territory.perms import Scope
from mitoyen.www.desk import rules
from mitoyen.www.desk.page import page

A_PAGE = 25
SOON = dt.timedelta(days=30)
PARTS = {
    "contact": gettext_lazy("who asked, and how to reach them"),
    "answers": gettext_lazy("what was said, and where it was"),
    "photos": gettext_lazy("photos"),
}
ERASED = {
    "contacts": gettext_lazy("contacts"),
    "notices": gettext_lazy("messages sent"),
    "appointments": gettext_lazy("appointments"),
    "subscriptions": gettext_lazy("subscriptions"),
    "notes": gettext_lazy("notes"),
    "answers": gettext_lazy("answers"),
    "words": gettext_lazy("words of the timeline"),
    "supports": gettext_lazy("supports"),
    "points": gettext_lazy("points on the map"),
    "photos": gettext_lazy("photos"),
    "mails": gettext_lazy("mails that waited"),
    "dialogues": gettext_lazy("SMS dialogues"),
    "pieces": gettext_lazy("pieces of messages"),
    "sheets": gettext_lazy("scanned sheets"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """Requests of a service of which a part is due now, and within a month."""

    service: str
    part: object
    months: int
    now: int
    soon: int


@dataclass(frozen=True, slots=True)
class Lot:
    """What was erased together. `proven`: none before someone asks."""

    entry: AuditEntry
    requests: int
    asked: bool
    counts: list[tuple[object, int]]
    proof: str
    proven: bool | None


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """What is due in one's communes, and every lot that was erased; `?lot=` checks its proof."""
    scope = perms.erases(rules.person_of(request))
    entries = AuditEntry.objects.filter(action=acts.ACTION).order_by("-number")
    shown = Paginator(entries, A_PAGE).get_page(request.GET.get("page"))
    checked = request.GET.get("lot", "")
    context = {
        "due": [due for term in terms.terms() if (due := _due(term, scope)).now or due.soon],
        "lots": [_lot(entry, checked) for entry in shown],
        "page": shown,
        "open_months": terms.open_months(),
    }
    return page(request, "erasing.html", "erasing", context)


def erase(one: Request, form: dict[str, str], by: str) -> None:
    """At once: all of this request; or, on one that asks for one's own data, all of that person's."""
    if form.get("sure") != "yes":
        raise Refused(_("Tick the box first: what is erased can't be brought back."))
    found = mine(one, Person.objects.get(email=by))
    if not found:
        raise Refused(_("Nothing is kept under this contact or code."))
    acts.erase_now(found, by)


def mine(one: Request, person: Person) -> list[Request]:
    """What the button would erase, in the communes of the person's role."""
    found = acts.of_person(one) if one.service == perms.MY_DATA else [one]
    return [request for request in found if perms.can_erase(person, request)]


def _due(term: terms.Term, scope: Scope) -> Due:
    service = services.installed().get(term.service)
    title = service.text("service.title", wording.language()) if service else term.service
    now = scope.restrict(terms.due(term)).count()
    soon = scope.restrict(terms.due(term, timezone.localdate() + SOON)).count() - now
    return Due(title, PARTS[term.part], term.months, now, soon)


def _lot(entry: AuditEntry, checked: str) -> Lot:
    told = json.loads(entry.detail)
    counts: list[tuple[object, int]] = [(ERASED[name], int(told[name])) for name in ERASED if told.get(name)]
    proven = acts.is_proven(entry) if entry.subject == f"lot:{checked}" else None
    return Lot(entry, int(told["requests"]), bool(told["asked"]), counts, str(told["fingerprint"]), proven)
