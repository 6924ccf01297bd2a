"""Messages that can't be read, kept with the reason until they can be."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db.models import F
from django.utils import timezone

from mitoyen.connect.devices.enums import QuarantineState
from mitoyen.connect.devices.models import Quarantined
from mitoyen.connect.uplinks.messages import Message, Unreadable

LARGEST_KEPT = 64 * 1024


def put(aside: Iterable[tuple[Message, Unreadable]]) -> None:
    """Keep each message once a reason; the same again is counted."""
    for message, fault in aside:
        now = timezone.now()
        _found, made = Quarantined.objects.get_or_create(
            sha256=hashlib.sha256(message.content).hexdigest(),
            reason=fault.reason,
            defaults={
                "door": message.door,
                "format": message.format,
                "source": _storable(message.source)[-300:],
                "detail": _storable(fault.detail),
                "content": message.content[:LARGEST_KEPT],
                "last_at": now,
            },
        )
        if not made:
            Quarantined.objects.filter(pk=_found.pk).update(count=F("count") + 1, last_at=now)


def waiting() -> int:
    """How many wait."""
    return Quarantined.objects.filter(state=QuarantineState.WAITING).count()


def messages() -> list[tuple[Quarantined, Message]]:
    """The waiting ones that were kept whole, as they came."""
    held = Quarantined.objects.filter(state=QuarantineState.WAITING).order_by("pk")
    return [
        (one, Message(one.format, bytes(one.content), _micros(one.first_at), one.door, one.source))
        for one in held.iterator()
        if hashlib.sha256(bytes(one.content)).hexdigest() == one.sha256
    ]


def read_again(numbers: Sequence[int]) -> None:
    """Say that these could be read."""
    Quarantined.objects.filter(pk__in=numbers).update(state=QuarantineState.READ_AGAIN)


def forget(before: datetime) -> int:
    """Remove those that came last before this time."""
    return Quarantined.objects.filter(last_at__lt=before).delete()[0]


def _storable(text: str) -> str:
    """Without what a database can't hold: U+0000, halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _micros(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
