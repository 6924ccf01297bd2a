"""Delivery receipts (Appendix B, 5.3.2.12): which part they are about, and what became of it.

A receipt names the message as the SMSC calls it. When the answer with that name was lost, the receipt is found by the
`user_message_reference` that we gave, or else by its number, among what is in doubt.
"""

import re
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.channels.sms import numbers, pdu, settling
from mitoyen.channels.sms.enums import SegmentState
from mitoyen.channels.sms.models import Receipt, Segment
from mitoyen.channels.sms.pdu import Pdu

NAMED = re.compile(r"\bid:(\S+)", re.IGNORECASE)
STATED = re.compile(r"\bstat:([A-Z]+)", re.IGNORECASE)
# message_state (5.2.28): those that are the end. Enroute and accepted are none.
DELIVERED, ENDS = 2, {3, 4, 5, 7, 8}
ENDED = (SegmentState.ARRIVED, SegmentState.FAILED)
WORDS = {"DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "UNKNOWN": 7, "REJECTD": 8}


@dataclass(frozen=True, slots=True)
class Told:
    """What a receipt tells. `reference` is None where the SMSC does not repeat it."""

    message_id: str
    number: str
    reference: int | None
    arrived: bool


def is_receipt(message: Pdu) -> bool:
    """Whether a deliver_sm is a receipt instead of a person's words."""
    return message.number("esm_class") & pdu.KIND_OF_MESSAGE == pdu.IS_RECEIPT


def read(message: Pdu) -> Told | None:
    """None when it tells of no end, or can't be read."""
    words = message.octets("short_message").decode("latin-1")
    named, stated = NAMED.search(words), STATED.search(words)
    state = message.more_number(pdu.MESSAGE_STATE) or WORDS.get(stated[1].upper() if stated else "", 0)
    name = message.more_text(pdu.RECEIPTED_MESSAGE_ID) or (named[1] if named else "")
    number = numbers.number_of(message.text("source_addr"), message.number("source_addr_ton"))
    if not name or number is None or (state != DELIVERED and state not in ENDS):
        return None
    return Told(name[:64], number, message.more_number(pdu.USER_MESSAGE_REFERENCE), state == DELIVERED)


def take(messages: list[Pdu]) -> None:
    """Write down what receipts tell, inside the caller's transaction. The same ones again change nothing."""
    told = [one for one in map(read, messages) if one is not None]
    if not told:
        return
    named = _named(told)
    _arrive([(named[one], one) for one in told if one in named and one.arrived])
    for one in told:
        segment = named.get(one) or _in_doubt(one)
        if segment is None:
            _keep(one)
        elif one not in named or not one.arrived:
            # One after the other: two receipts for one number are about two parts.
            _end(segment, one)


def came_before(named: dict[int, str]) -> None:
    """Receipts that overtook the answers which name their messages: `named` tells the name of each part."""
    spelled = {spelling: segment for segment, name in named.items() for spelling in _spellings(name)}
    for early in Receipt.objects.filter(message_id__in=spelled):
        segment = Segment.objects.select_related("notice").get(pk=spelled[early.message_id])
        early.delete()
        if segment.notice.to == early.number:
            _end(segment, Told(segment.message_id, early.number, early.user_message_reference, early.arrived))


def look_back() -> None:
    """Receipts kept for messages that only now are known to be in doubt."""
    doubted = Segment.objects.filter(state=SegmentState.DOUBT).select_related("notice").order_by("pk")
    for segment in doubted:
        for early in Receipt.objects.filter(number=segment.notice.to):
            if early.user_message_reference in (None, segment.user_message_reference):
                told = Told(early.message_id, early.number, early.user_message_reference, early.arrived)
                early.delete()
                _end(segment, told)
                break


def _keep(told: Told) -> None:
    values = {"user_message_reference": told.reference, "arrived": told.arrived, "at": timezone.now()}
    Receipt.objects.get_or_create(message_id=told.message_id, number=told.number, defaults=values)


def _end(segment: Segment, told: Told) -> None:
    if told.arrived:
        _arrive([(segment, told)])
    else:
        _fail(segment, told)


def _arrive(told: list[tuple[Segment, Told]]) -> None:
    live = [(segment, one) for segment, one in told if segment.state not in ENDED]
    for segment, one in live:
        if not segment.message_id:
            Segment.objects.filter(pk=segment.pk).update(message_id=one.message_id)
    pks = [segment.pk for segment, _one in live]
    Segment.objects.filter(pk__in=pks).update(state=SegmentState.ARRIVED)
    settling.settle(segment.notice_id for segment, _one in live)


def _fail(segment: Segment, told: Told) -> None:
    if segment.state not in ENDED:
        Segment.objects.filter(pk=segment.pk).update(message_id=segment.message_id or told.message_id)
        settling.give_up(segment.pk, _("The network could not deliver it."), unreached=True)


def _named(told: list[Told]) -> dict[Told, Segment]:
    """Those about a message whose name we know, in one query."""
    spelled = {spelling: one for one in told for spelling in _spellings(one.message_id)}
    found = Segment.objects.filter(message_id__in=spelled).select_related("notice")
    return {one: segment for segment in found if (one := spelled[segment.message_id]).number == segment.notice.to}


def _in_doubt(told: Told) -> Segment | None:
    """Parts whose answer is lost, or not there yet. Without the reference only what is in doubt surely can be meant."""
    candidates = _nameless(told.number)
    if told.reference is not None:
        return next((one for one in candidates if one.user_message_reference == told.reference), None)
    return candidates.exclude(state=SegmentState.HANDING).first()


def _nameless(number: str) -> QuerySet[Segment]:
    states = (SegmentState.HANDING, SegmentState.DOUBT, SegmentState.READY)
    found = Segment.objects.filter(state__in=states, message_id="", sent__gt=0, notice__to=number)
    return found.select_related("notice").order_by("pk")


def _spellings(name: str) -> list[str]:
    """Some SMSCs answer in hexadecimal and write receipts in decimal, or drop leading zeros."""
    spelled = {name, name.lstrip("0") or name}
    if re.fullmatch(r"\d{1,20}", name):
        spelled |= {f"{int(name):x}", f"{int(name):X}", f"{int(name):08x}", f"{int(name):08X}"}
    if re.fullmatch(r"[0-9a-fA-F]{1,16}", name):
        spelled.add(str(int(name, 16)))
    return sorted(spelled)
