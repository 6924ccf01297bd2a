"""What the channel forgets, every day: dialogues at their term, what told messages apart, its own side of sent ones."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from mitoyen.channels.sms import dialogue, incoming, talk
from mitoyen.channels.sms.enums import SegmentState
from mitoyen.channels.sms.models import Dialogue, Incoming, Piece, Receipt, Segment
from mitoyen.ledger import jobs
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Job, Notice

# What a dialogue said back holds the person's own words.
REPLIES_KEPT_FOR = timedelta(days=7)
SENT_KEPT_FOR = timedelta(days=30)


def forget(_job: Job) -> dict[str, Any]:
    """Remove what is over."""
    now = timezone.now()
    ended = (NoticeState.HANDED, NoticeState.ARRIVED, NoticeState.FAILED)
    replies = Notice.objects.filter(
        way=NoticeWay.SMS, about=talk.REPLY, state__in=ended, made_at__lt=now - REPLIES_KEPT_FOR
    )
    sent = Segment.objects.filter(
        state__in=(SegmentState.ARRIVED, SegmentState.FAILED, SegmentState.HANDED),
        due_at__lt=now - SENT_KEPT_FOR,
    )
    gone = {
        "messages": Incoming.objects.filter(at__lt=now - incoming.COMES_AGAIN_WITHIN),
        "pieces": Piece.objects.filter(at__lt=now - incoming.PARTS_WITHIN),
        "receipts": Receipt.objects.filter(at__lt=now - incoming.COMES_AGAIN_WITHIN),
        "replies": replies,
        "sent": sent,
    }
    left = dialogue.forget(Dialogue.objects.filter(expires_at__lte=now))
    return {"dialogues": left, **{name: found.delete()[0] for name, found in gone.items()}}


jobs.task("forget_sms")(forget)
jobs.daily("forget_sms", 3)
