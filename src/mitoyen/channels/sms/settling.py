"""What becomes of a notice once its parts have: handed over, arrived, given up."""

from collections import defaultdict
from collections.abc import Iterable

from django.utils.translation import gettext as _

from mitoyen.channels.sms.enums import SegmentState
from mitoyen.channels.sms.models import Segment
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeState
from mitoyen.ledger.models import Notice
from mitoyen.services import unreached as unreached_contacts
from mitoyen.services.enums import Channel, Way

TAKEN = {SegmentState.HANDED, SegmentState.ARRIVED}


def settle(notices: Iterable[int]) -> None:
    """Notices of which every part was handed over, or arrived, are so as a whole."""
    parts: dict[int, list[tuple[str, str]]] = defaultdict(list)
    wanted = set(notices)
    if not wanted:
        return
    rows = Segment.objects.filter(notice__in=wanted).order_by("part").values_list("notice", "state", "message_id")
    for number, state, message_id in rows:
        parts[number].append((state, message_id))
    arrived = []
    for notice in Notice.objects.filter(pk__in=wanted).exclude(state=NoticeState.FAILED):
        states = {state for state, _name in parts[notice.pk]}
        if states <= TAKEN and notice.state in (NoticeState.HANDING, NoticeState.QUEUED):
            outbox.handed(notice, parts[notice.pk][0][1])
        if states == {SegmentState.ARRIVED}:
            arrived.append(notice)
        if SegmentState.FAILED in states and states <= {SegmentState.FAILED, *TAKEN}:
            outbox.failed(notice, _("Only a part of it went out."))
    if arrived:
        outbox.arrived(*arrived)
        unreached_contacts.clear(Way.SMS, *(notice.to for notice in arrived))


def give_up(segment: int, error: str, *, unreached: bool) -> None:
    """A part can't arrive: the notice is given up, what is left of it is not sent. `unreached`: the number is at
    fault, and whoever follows the request sees it."""
    notice = Notice.objects.get(segments=segment)
    unsent = Segment.objects.filter(notice=notice, state=SegmentState.READY)
    Segment.objects.filter(pk=segment).update(state=SegmentState.FAILED)
    unsent.update(state=SegmentState.FAILED)
    if notice.state == NoticeState.FAILED:
        return
    outbox.failed(notice, error)
    if unreached:
        unreached_contacts.flag(notice.about, Way.SMS, notice.to, Channel.SMS)
