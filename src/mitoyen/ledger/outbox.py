"""The outbox of notices: written in the transaction of what they tell, handed over later, each with its own state.

A notice is handed over at most `MOST_ATTEMPTS` times, later each time; nothing is "sent" because another one was.
Channels take what is due (`take`) and say what became of it (`handed`, `arrived`, `failed`, `try_later`).
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice

MOST_ATTEMPTS = 6
FIRST_WAIT = timedelta(minutes=1)


def put(way: NoticeWay, to: str, body: str, *, key: str, about: str = "", **more: object) -> Notice:
    """Queue a notice inside the caller's transaction; the same `key` again changes nothing.

    `more`: name, language, subject, due_at.
    """
    values = {"way": way, "to": to, "body": body, "about": about, "due_at": timezone.now(), **more}
    notice, _created = Notice.objects.get_or_create(key=key, defaults=values)
    return notice


def due(way: NoticeWay, now: datetime | None = None) -> QuerySet[Notice]:
    """What waits to be handed over by now, oldest first."""
    return Notice.objects.filter(state=NoticeState.QUEUED, way=way, due_at__lte=now or timezone.now()).order_by("pk")


def take(way: NoticeWay, most: int, about: str = "") -> list[Notice]:
    """Claim up to `most` notices for handing over, of those whose `about` starts so; of two takers, one gets each."""
    return [notice for notice in due(way).filter(about__startswith=about)[:most] if claim(notice)]


def claim(notice: Notice) -> bool:
    """Take one notice for handing over; False when someone else has it."""
    # The attempt that was seen fences off one that was taken, and put off, in between.
    mine = Notice.objects.filter(pk=notice.pk, state=NoticeState.QUEUED, attempts=notice.attempts)
    if not mine.update(state=NoticeState.HANDING, attempts=notice.attempts + 1):
        return False
    notice.state, notice.attempts = NoticeState.HANDING, notice.attempts + 1
    return True


def handed(notice: Notice, reference: str = "") -> None:
    """The carrier took it, and calls it `reference`. Its word that it arrived may have come before."""
    now, mine = timezone.now(), Notice.objects.filter(pk=notice.pk)
    mine.update(handed_at=now, reference=reference[:200])
    mine.exclude(state=NoticeState.ARRIVED).update(state=NoticeState.HANDED, error="")


def arrived(*notices: Notice) -> None:
    """The carrier says that they reached the person."""
    pks = [notice.pk for notice in notices]
    Notice.objects.filter(pk__in=pks).update(state=NoticeState.ARRIVED, ended_at=timezone.now(), error="")


def failed(notice: Notice, error: str) -> None:
    """It can't arrive: trying again would not help."""
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.FAILED, ended_at=timezone.now(), error=error[:300])


def try_later(notice: Notice, error: str, wait: timedelta | None = None) -> bool:
    """It was not handed over this time; False when it is given up. `wait`: until the next; else longer each time."""
    if notice.attempts >= MOST_ATTEMPTS:
        failed(notice, error)
        return False
    wait = wait or FIRST_WAIT * 4 ** (notice.attempts - 1)
    Notice.objects.filter(pk=notice.pk).update(
        state=NoticeState.QUEUED, due_at=timezone.now() + wait, error=error[:300]
    )
    return True


def take_back(way: NoticeWay) -> int:
    """Queue again what a process that died was handing over; how many. Only its one successor calls this: what the
    carrier took a moment before is handed over twice, so the carrier must know it by the same reference."""
    return Notice.objects.filter(way=way, state=NoticeState.HANDING).update(
        state=NoticeState.QUEUED, due_at=timezone.now()
    )
