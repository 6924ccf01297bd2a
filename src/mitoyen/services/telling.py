"""Tells the person what happened to their request, in the way that they chose, and the team what becomes its own."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from mitoyen.ledger import gsm7, outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.services import codes, routing, wording
from mitoyen.services.enums import FactKind, State, Way
from mitoyen.services.models import Contact, Fact, Request

WAYS = {Way.SMS: NoticeWay.SMS, Way.MAIL: NoticeWay.MAIL, Way.PHONE: NoticeWay.PHONE, Way.LETTER: NoticeWay.LETTER}
# A held request tells nobody anything yet; what agents write to each other is never told.
TOLD = frozenset(
    {
        FactKind.RECEIVED,
        FactKind.RELEASED,
        FactKind.REFUSED,
        FactKind.PASSED_ON,
        FactKind.MOVED,
        FactKind.ANSWERED,
        FactKind.CLOSED,
        FactKind.JOINED,
        FactKind.APPOINTMENT,
    }
)


# What gives a team something to do. Who asked is never in it: the desk shows that to those who may see it.
HANDED = frozenset(
    {
        FactKind.RECEIVED,
        FactKind.RELEASED,
        FactKind.PASSED_ON,
        FactKind.MOVED,
        FactKind.REOPENED,
        FactKind.ADDED,
    }
)


def tell(request: Request, fact: Fact) -> None:
    """Queue the notices of this fact, inside the caller's transaction: to the person, to the team, each on its own.
    Nobody is told while the request is held: `timeline.release` does it then."""
    if fact.between_agents or request.state == State.HELD:
        return
    if fact.kind in TOLD:
        _tell_person(request, fact)
    if fact.kind in HANDED and not request.joined_to_id:
        _tell_team(request, fact)


def _tell_person(request: Request, fact: Fact) -> None:
    """Nothing when the person follows with the code."""
    contact = Contact.objects.filter(request=request).first()
    if contact is None:
        return
    way = WAYS.get(Way(contact.way))
    if way is None:
        return
    with translation.override(request.language):
        sentence = wording.sentence(fact, request)
        subject = _("Your request %(code)s") % {"code": codes.shown(request.code)}
        body = gsm7.plain(f"{subject}. {sentence}") if way == NoticeWay.SMS else sentence
    outbox.put(
        way,
        contact.value,
        body,
        key=f"fact:{fact.pk}",
        about=f"request:{request.code}",
        name=contact.name,
        language=request.language,
        subject=subject,
        due_at=timezone.now(),
    )


def _tell_team(request: Request, fact: Fact) -> None:
    """By mail, when this installation says how the team is reached."""
    handler = routing.handler_of(request.service, request.team, request.commune_id)
    if handler is None or not handler.email:
        return
    code = codes.shown(request.code)
    address = str(settings.MITOYEN["public_url"]).rstrip("/")
    lines = [
        wording.title(request),
        *(f"{label} {answer}" for label, answer in wording.answers(request)),
        _("Answer promised by %(day)s.") % {"day": f"{request.promised_for:%d/%m/%Y}"},
        f"{address}{reverse('desk:request', args=[request.pk])}",
    ]
    outbox.put(
        NoticeWay.MAIL,
        handler.email,
        "\n\n".join(lines),
        key=f"team:{fact.pk}",
        about=f"request:{request.code}",
        subject=_("To handle: %(code)s") % {"code": code},
        due_at=timezone.now(),
    )
