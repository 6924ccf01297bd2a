"""Messages that people write: put together from their parts, each taken once, and answered.

A message that comes again is one that the network could not know we had (the link ended before it surely heard us), or
one that equals the last while our reply to that one has not left yet: nobody answers what they have not received. The
same words later are a new answer, since "1" is a common one.
"""

import hashlib
import hmac
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mitoyen.channels.sms import numbers, stopping, talk, texts
from mitoyen.channels.sms.models import Incoming, Piece
from mitoyen.channels.sms.pdu import Pdu
from mitoyen.ledger import gsm7, outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.services import throttle, unreached
from mitoyen.services.enums import Way

LONGEST_TEXT = 4000
SURE_AFTER = timedelta(seconds=5)
# How long after a link is made the network gives back what it could not know we had.
GIVEN_BACK_WITHIN = timedelta(minutes=1)
COMES_AGAIN_WITHIN = timedelta(days=2)
PARTS_WITHIN = timedelta(days=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Via:
    """The link that a message came over, and since when it is there."""

    link: uuid.UUID
    since: datetime


def take(message: Pdu, via: Via) -> None:
    """Take a message in and queue what is answered, in one transaction."""
    number = numbers.number_of(message.text("source_addr"), message.number("source_addr_ton"))
    if number is None:
        logger.info("A message from what is no phone number is left aside.")
        return
    with transaction.atomic():
        octets, text = _read(number, message)
        if octets is None:
            return
        digest = _digest(number, octets)
        if _came_already(number, digest, via):
            return
        row = Incoming.objects.create(number=number, digest=digest, link=via.link, at=timezone.now())
        unreached.clear(Way.SMS, number)
        _answer(number, text, row)


def acknowledge(link: uuid.UUID, *, all_of_it: bool = False) -> None:
    """What came over this link won't come again: the link lived on for some seconds, or ended in good order."""
    sure = Incoming.objects.filter(link=link, acknowledged=False)
    if not all_of_it:
        sure = sure.filter(at__lt=timezone.now() - SURE_AFTER)
    sure.update(acknowledged=True)


def _answer(number: str, text: str | None, row: Incoming) -> None:
    """A machine that answers every answer is left alone after a while; so is a flood."""
    if throttle.is_over("sms_answer", number):
        if text is not None and talk.is_stop(text):
            stopping.stop(number)
        return
    throttle.count("sms_answer", number)
    replies = talk.unreadable(number) if text is None else talk.answer(number, text[:LONGEST_TEXT])
    for count, reply in enumerate(replies):
        outbox.put(
            NoticeWay.SMS,
            number,
            gsm7.plain(reply.text),
            key=f"sms:{row.pk}:{count}",
            about=talk.REPLY,
            language=reply.language,
        )


def _read(number: str, message: Pdu) -> tuple[bytes | None, str | None]:
    """Octets and text of a message; no octets while parts are missing, no text when it is none."""
    try:
        piece = texts.piece(message)
    except ValueError as error:
        logger.info("A message is no text: %s.", error)
        return message.octets("short_message"), None
    return _whole(number, piece) or (None, None)


def _whole(number: str, piece: texts.Piece) -> tuple[bytes, str] | None:
    """Octets and text of a message once every part is there, whatever their order; None until then."""
    if piece.total == 1:
        return piece.octets, texts.text(piece.octets, piece.coding)
    now = timezone.now()
    same = Piece.objects.filter(number=number, reference=piece.reference, total=piece.total)
    # References go round after 256 messages: parts of an old one that never was whole are not mixed with these.
    same.filter(at__lt=now - PARTS_WITHIN).delete()
    Piece.objects.update_or_create(
        number=number,
        reference=piece.reference,
        total=piece.total,
        part=piece.number,
        defaults={"coding": piece.coding, "octets": piece.octets, "at": now},
    )
    parts = list(same.order_by("part"))
    if len(parts) < piece.total:
        return None
    same.delete()
    octets = b"".join(bytes(part.octets) for part in parts)
    return octets, texts.text(octets, parts[0].coding)


def _came_already(number: str, digest: str, via: Via) -> bool:
    now = timezone.now()
    recent = Incoming.objects.filter(number=number, at__gt=now - COMES_AGAIN_WITHIN)
    if now - via.since < GIVEN_BACK_WITHIN:
        unsure = recent.filter(digest=digest, acknowledged=False).exclude(link=via.link).order_by("pk").first()
        if unsure is not None:
            # Once: the same words after that are a new message.
            Incoming.objects.filter(pk=unsure.pk).update(acknowledged=True)
            return True
    last = recent.order_by("-pk").first()
    if last is None or last.digest != digest:
        return False
    unsent = (NoticeState.QUEUED, NoticeState.HANDING)
    return Notice.objects.filter(key__startswith=f"sms:{last.pk}:", state__in=unsent).exists()


def _digest(number: str, octets: bytes) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), number.encode() + b"|" + octets, hashlib.sha256).hexdigest()
