"""Requests that were begun and never handed in, counted by service, channel and day: a number, nobody in it.

Channels count here what they would keep anyway until its term: a dialogue by SMS that ends without a request, a mail
that is never completed, a scanned form that becomes none.
"""

import datetime as dt

from django.db.models import F, Sum
from django.utils import timezone

from mitoyen.services.enums import Channel
from mitoyen.services.models import GivenUp
from mitoyen.territory.enums import Origin

COUNTED = (Channel.SMS, Channel.MAIL, Channel.PAPER)
"""Of the others nobody knows: a page that is closed, a call that ends, someone who walks away from the counter."""


def left(service: str, channel: Channel, at: dt.datetime | None = None, times: int = 1) -> None:
    """One more request of this service was begun and left, `at` a moment (now); -1 takes one back. Inside the caller's
    transaction."""
    day = timezone.localdate(at) if at else timezone.localdate()
    row, _created = GivenUp.objects.get_or_create(service=service, channel=channel, day=day, origin=Origin.REAL)
    GivenUp.objects.filter(pk=row.pk).update(count=F("count") + times)


def counts(service: str, since: dt.datetime, until: dt.datetime, origin: Origin) -> dict[str, int]:
    """How many were left between two moments, by channel."""
    days = (timezone.localdate(since), timezone.localdate(until))
    rows = GivenUp.objects.filter(service=service, origin=origin, day__range=days)
    return {channel: max(total, 0) for channel, total in rows.values_list("channel").annotate(Sum("count"))}
