"""STOP: at once, for everything that goes to the number."""

from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.channels.sms import dialogue
from mitoyen.channels.sms.enums import SegmentState
from mitoyen.channels.sms.models import Dialogue, Piece, Segment, Stopped
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.services import subscriptions
from mitoyen.services.enums import Way


def stop(number: str) -> None:
    """End the dialogue and the subscriptions, give up what waits to go out, and remember it, inside the caller's
    transaction. A part that is on its way already can't be called back."""
    dialogue.forget(Dialogue.objects.filter(number=number))
    Piece.objects.filter(number=number).delete()
    subscriptions.stop(Way.SMS, number)
    Stopped.objects.get_or_create(number=number, defaults={"since": timezone.now()})
    Segment.objects.filter(notice__to=number, state=SegmentState.READY).update(state=SegmentState.FAILED)
    waiting = Notice.objects.filter(way=NoticeWay.SMS, to=number, state__in=(NoticeState.QUEUED, NoticeState.HANDING))
    for notice in waiting:
        if not Segment.objects.filter(notice=notice).exclude(state=SegmentState.FAILED).exists():
            outbox.failed(notice, _("This number wrote STOP."))


def start_again(number: str) -> None:
    """They handed something in: what concerns it is told again."""
    Stopped.objects.filter(number=number).delete()
