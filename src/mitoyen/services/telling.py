"""Tells the person what happened to their request, in their language and in the way that they chose."""

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from mitoyen.ledger import gsm7, outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.services import codes, wording
from mitoyen.services.enums import FactKind, Way
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


def tell(request: Request, fact: Fact) -> None:
    """Queue a notice of this fact, inside the caller's transaction. Nothing when the person follows with the code."""
    contact = Contact.objects.filter(request=request).first()
    if contact is None or fact.kind not in TOLD or fact.between_agents:
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
