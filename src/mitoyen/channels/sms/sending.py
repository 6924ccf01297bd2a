"""Notices handed to the SMSC, part by part, within its window and speed.

A part is written down as `handing` before it goes to the link, and as `handed` once the SMSC answered. What was
`handing` when the link or the process ended is in doubt: the SMSC may have it or not, and SMPP has no question to ask
without the name that the lost answer bore. It waits for its receipt (`receipts`), and is sent again only when the time
in which receipts come is over.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.channels.sms import numbers, pdu, receipts, settling, texts
from mitoyen.channels.sms.enums import SegmentState
from mitoyen.channels.sms.link import Link, LinkLost
from mitoyen.channels.sms.models import Segment, Stopped
from mitoyen.channels.sms.pdu import Pdu, Value
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import Notice

REPLY = "sms:reply"
RANKS = (REPLY, "request:", "")
AT_ONCE = 100
# The network is asked for a receipt of each message: it settles doubts, and tells whether it arrived.
WITH_RECEIPT = 1
LATER = frozenset({pdu.SYSTEM_ERROR, pdu.TEMPORARY})
SLOWER = frozenset({pdu.THROTTLED, pdu.QUEUE_FULL})
MOST_SENDINGS = 6
LONGEST_PAUSE_S = 60.0
LOOK_EVERY_S = 0.2

logger = logging.getLogger(__name__)


class Pace:
    """So many messages a second, a fifth of a second's worth at once; slower when the SMSC asks for it."""

    def __init__(self, per_second: int) -> None:
        self.per_second = float(max(1, per_second))
        self._saved, self._at = 1.0, monotonic()
        self._paused_until, self._pause = 0.0, 0.5

    def allowed(self) -> int:
        """How many may go now."""
        now = monotonic()
        self._saved = min(max(1.0, self.per_second / 5), self._saved + (now - self._at) * self.per_second)
        self._at = now
        return int(self._saved) if now >= self._paused_until else 0

    def spent(self, count: int) -> None:
        """So many went."""
        self._saved -= count

    def slow_down(self) -> None:
        """The SMSC has too much: wait, longer each time."""
        if monotonic() >= self._paused_until:
            self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
            self._paused_until = monotonic() + self._pause

    def went_well(self) -> None:
        """The SMSC takes them again."""
        self._pause = 0.5

    def wait(self) -> float:
        """Seconds until the next may go."""
        now = monotonic()
        return max(self._paused_until - now, (1 - self._saved) / self.per_second, 0.0)


@dataclass(frozen=True, slots=True)
class _Sent:
    segment: int
    notice: int
    at: float


class Sending:
    """What goes out over one link. One at a time may run in an installation (`running` sees to it)."""

    def __init__(self, link: Link, source: str, window: int, pace: Pace, doubt: timedelta) -> None:
        self.link, self.window, self.pace, self.doubt = link, max(1, window), pace, doubt
        self._fixed: dict[str, Value] = {**numbers.source(source), "registered_delivery": WITH_RECEIPT}
        self._in_flight: dict[int, _Sent] = {}
        self._next_look = 0.0
        self._pressing = False

    def start(self) -> int:
        """What was on its way when the last link ended is in doubt; how many parts."""
        with transaction.atomic():
            lost = Segment.objects.filter(state=SegmentState.HANDING)
            count = lost.update(state=SegmentState.DOUBT, due_at=timezone.now() + self.doubt)
            if count:
                receipts.look_back()
        if count:
            logger.warning("%s messages are in doubt: the link ended before the network answered.", count)
        return count

    def _room(self, told: list[Pdu]) -> int:
        """How many may go now, by the window and the pace, once these answers are written down."""
        open_still = len(self._in_flight.keys() - {answer.sequence for answer in told})
        return max(0, min(self.window - open_still, self.pace.allowed()))

    def wait(self) -> float:
        """How long the link may be listened to before something can be sent."""
        if len(self._in_flight) >= self.window:
            return 1.0
        return min(0.5, self.pace.wait()) if self._pressing else 0.5

    def claim(self, answers: list[Pdu]) -> list[Segment]:
        """What goes next, written down as on its way, inside the caller's transaction; then `hand` it over. `answers`
        are those that make room in the window."""
        self._end_doubts()
        self._pressing = False
        room = self._room(answers)
        if monotonic() >= self._next_look:
            self._next_look = monotonic() + LOOK_EVERY_S
            fill(RANKS[0])
        if not room:
            self._pressing = True
            return []
        ready = _ready(room)
        if len(ready) < room and fill():
            ready = _ready(room)
        self._pressing = len(ready) == room
        Segment.objects.filter(pk__in=[segment.pk for segment in ready]).update(
            state=SegmentState.HANDING, sent=F("sent") + 1
        )
        return ready

    def hand(self, claimed: list[Segment], answers: list[Pdu]) -> None:
        """Send what is written down as on its way; `answers` are written down too, and open the window."""
        for answer in answers:
            self._in_flight.pop(answer.sequence, None)
        for at, segment in enumerate(claimed):
            try:
                sequence = self.link.send("submit_sm", *self._message(segment))
            except LinkLost:
                # This one may have gone; those after it surely have not.
                unsent = [other.pk for other in claimed[at + 1 :]]
                Segment.objects.filter(pk__in=unsent).update(state=SegmentState.READY, sent=F("sent") - 1)
                raise
            except ValueError as error:
                with transaction.atomic():
                    settling.give_up(segment.pk, str(error), unreached=True)
                continue
            self._in_flight[sequence] = _Sent(segment.pk, segment.notice_id, monotonic())
        self.pace.spent(len(claimed))

    def _message(self, segment: Segment) -> tuple[dict[str, Value], dict[int, bytes]]:
        notice = segment.notice
        part = texts.parts(notice.body, notice.pk)[segment.part - 1]
        fields = {
            **self._fixed,
            **numbers.target(notice.to),
            "esm_class": part.esm_class,
            "data_coding": part.coding,
            "short_message": part.octets,
        }
        return fields, {pdu.USER_MESSAGE_REFERENCE: segment.user_message_reference.to_bytes(2, "big")}

    def answered(self, answers: list[Pdu]) -> None:
        """Write down what the SMSC answered, inside the caller's transaction."""
        named: dict[int, str] = {}
        notices = set()
        for answer in answers:
            sent = self._in_flight.get(answer.sequence)
            if sent is None:
                continue
            if answer.status == pdu.OK:
                named[sent.segment] = answer.text("message_id")[:64]
                notices.add(sent.notice)
            else:
                self._refused(sent.segment, answer.status)
        if not named:
            return
        for segment, name in named.items():
            # Its receipt may have overtaken the answer.
            mine = Segment.objects.filter(pk=segment)
            taken = mine.filter(state=SegmentState.HANDING).update(state=SegmentState.HANDED, message_id=name)
            if not taken:
                mine.update(message_id=name)
        receipts.came_before(named)
        settling.settle(notices)
        self.pace.went_well()

    def _refused(self, pk: int, status: int) -> None:
        """The SMSC surely has not got it."""
        segment = Segment.objects.get(pk=pk)
        waits = None
        if status in SLOWER:
            self.pace.slow_down()
            waits = timedelta()
        elif status in LATER and segment.sent < MOST_SENDINGS:
            waits = outbox.FIRST_WAIT * 4 ** (segment.sent - 1)
        if waits is None:
            settling.give_up(pk, _("The network refused it (%(status)#x).") % {"status": status}, unreached=True)
        else:
            Segment.objects.filter(pk=pk).update(state=SegmentState.READY, due_at=timezone.now() + waits)

    def _end_doubts(self) -> None:
        over = Segment.objects.filter(state=SegmentState.DOUBT, due_at__lte=timezone.now())
        count = over.update(state=SegmentState.READY)
        if count:
            logger.warning("%s messages in doubt had no receipt: they are sent again.", count)

    def look_for_silence(self) -> None:
        """An answer that does not come leaves its place in the window for ever: the link is left instead."""
        oldest = next(iter(self._in_flight.values()), None)
        if oldest is not None and monotonic() - oldest.at > self.link.answer_s:
            self.link.drop()
            raise LinkLost("the SMSC does not answer a message")


def fill(about: str | None = None) -> int:
    """Take notices that are due and cut them into parts, inside the caller's transaction; how many parts. What answers
    a person goes before what tells of a request, and that before the rest."""
    ranks = RANKS if about is None else (about,)
    for prefix in ranks:
        taken = outbox.take(NoticeWay.SMS, AT_ONCE, about=prefix)
        if taken:
            return _cut(taken)
    return 0


def _cut(taken: list[Notice]) -> int:
    segments = []
    # One that was given up and is to be tried again starts anew.
    Segment.objects.filter(notice__in=taken).delete()
    for notice in taken:
        try:
            count = len(texts.parts(notice.body, notice.pk))
        except ValueError as error:
            outbox.failed(notice, str(error))
            continue
        segments += [
            Segment(notice=notice, part=part, rank=_rank(notice.about), due_at=notice.due_at)
            for part in range(1, count + 1)
        ]
    return len(Segment.objects.bulk_create(segments))


def _rank(about: str) -> int:
    return next(rank for rank, prefix in enumerate(RANKS) if about.startswith(prefix))


def _ready(most: int) -> list[Segment]:
    """What may go, first things first. What would go to a number that wrote STOP is given up here, whenever it was
    written; an answer to what was just asked goes."""
    found = Segment.objects.filter(state=SegmentState.READY, due_at__lte=timezone.now()).select_related("notice")
    ready = list(found.order_by("rank", "pk")[:most])
    numbers_of = {segment.notice.to for segment in ready if segment.rank}
    stopped = set(Stopped.objects.filter(number__in=numbers_of).values_list("number", flat=True))
    for segment in ready:
        if segment.rank and segment.notice.to in stopped:
            settling.give_up(segment.pk, _("This number wrote STOP."), unreached=False)
    return [segment for segment in ready if not segment.rank or segment.notice.to not in stopped]
