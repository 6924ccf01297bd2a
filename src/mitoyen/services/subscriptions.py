"""Who wants to be told about what, where and how; each is ended by the person, on any channel."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mitoyen.manifests.registry import services
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, Way
from mitoyen.services.models import Fact, Request, Subscription


def follow(request: Request, reach: Reach) -> None:
    """Subscribe to the topics that the request chose, when its service tells about topics. The same topic, commune and
    address again replaces the earlier subscription."""
    service = services.installed().get(request.service)
    if service is None or not service.manifest.told_about or reach.way == Way.NONE:
        return
    chosen = {value for answer in request.answers.values() if isinstance(answer, list) for value in answer}
    for topic in service.manifest.told_about:
        if topic in chosen:
            for earlier in _live(reach.way, reach.value).filter(topic=topic, commune=request.commune):
                # A letter may be taken in long after it was written.
                earlier.ended_at = max(earlier.since, request.received_at)
                earlier.save(update_fields=["ended_at"])
            Subscription.objects.create(
                request=request,
                topic=topic,
                commune=request.commune,
                way=reach.way,
                value=reach.value,
                since=request.received_at,
            )


def stop(way: Way, value: str) -> int:
    """End every subscription of a number or address; how many there were."""
    return _live(way, value).update(ended_at=timezone.now())


def _live(way: Way, value: str) -> QuerySet[Subscription]:
    """Of a number or address, however its capitals are written."""
    return Subscription.objects.filter(way=way, value__iexact=value, ended_at=None)


def end(request: Request, channel: Channel) -> int:
    """End the subscriptions that a request made, and say so in its timeline; how many there were."""
    with transaction.atomic():
        ended = request.subscriptions.filter(ended_at=None).update(ended_at=timezone.now())
        if ended:
            Fact.objects.create(request=request, kind=FactKind.STOPPED, at=timezone.now(), channel=channel)
    return ended
