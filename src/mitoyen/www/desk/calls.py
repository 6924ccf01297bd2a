"""People to call: who, which number, what to say; reached or not, and then again later."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.channels.paper import perms
from mitoyen.ledger import audit, outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.services import contacts, unreached
from mitoyen.services.enums import Channel, Way
from mitoyen.services.models import Request
from mitoyen.territory.models import Person
from mitoyen.www.desk import rules
from mitoyen.www.desk.page import email_of, page, to

SHOWN = 50
AGAIN_AFTER = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make."""

    notice: Notice
    number: str
    request: Request | None


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Calls due now, oldest first, and how many are due later."""
    person = rules.person_of(request)
    later = Notice.objects.filter(way=NoticeWay.PHONE, state=NoticeState.QUEUED, due_at__gt=timezone.now())
    context = {
        "calls": _mine(person)[:SHOWN],
        "later": len(perms.handled(person, later[: SHOWN * 5])),
    }
    return page(request, "calls.html", "calls", context)


def act(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Reached: told. Not reached: three hours later again, six times at most."""
    by = email_of(request)
    reached = request.POST.get("act") == "reached"
    with transaction.atomic():
        if not outbox.claim(notice):
            return to(request, "calls", said=_("Someone else has made this call."))
        if reached:
            outbox.handed(notice, by)
            outbox.arrived(notice)
            unreached.clear(Way.PHONE, notice.to)
            audit.record(by, "call.reached", notice.about)
            said = _("Noted: the person knows.")
        elif outbox.try_later(notice, _("nobody answered"), AGAIN_AFTER):
            audit.record(by, "call.missed", notice.about)
            said = _("The call comes back in three hours.")
        else:
            unreached.flag(notice.about, Way.PHONE, notice.to, Channel.PHONE)
            audit.record(by, "call.given_up", notice.about)
            said = _("Nobody answered six times: the call is given up. Reach the person in another way.")
    return to(request, "calls", said=said)


def _mine(person: Person) -> list[Call]:
    due = perms.handled(person, outbox.due(NoticeWay.PHONE)[: SHOWN * 5])
    found = {one.code: one for one in Request.objects.filter(code__in=[_code(notice) for notice in due])}
    return [Call(notice, contacts.phone_shown(notice.to), found.get(_code(notice))) for notice in due]


def _code(notice: Notice) -> str:
    return notice.about.removeprefix("request:")
