"""Telling those who asked to be told: one announcement, a notice for each subscription, in the way each chose."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.ledger import audit, gsm7
from mitoyen.ledger.models import Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.registry import services
from mitoyen.services.enums import Way
from mitoyen.services.models import Announcement, Subscription
from mitoyen.services.telling import WAYS
from mitoyen.services.wording import language

AT_ONCE = 500
MOST_SMS_PARTS = 3


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom an announcement would reach: people by way, and what its SMS costs in parts each."""

    ways: dict[str, int]
    parts: int

    @property
    def people(self) -> int:
        """How many, however they are told."""
        return sum(self.ways.values())


def topics() -> list[tuple[str, str]]:
    """Every topic that an installed service tells about, with its name."""
    return [
        (topic, service.text(f"told_about.{topic}", language()))
        for service in services.installed().values()
        for topic in service.manifest.told_about
    ]


def reach(topic: str, communes: Iterable[str], short: str) -> Reached:
    """Whom it would reach, before anything is sent."""
    ways = Counter(_subscriptions(topic, communes).values_list("way", flat=True))
    return Reached(dict(ways), gsm7.cost(gsm7.plain(short)).parts)


def announce(topic: str, communes: Iterable[str], short: str, words: str, *, by: str, key: str) -> Announcement:
    """Keep the announcement and queue its notices, all or none; the same `key` again changes nothing.

    `short` goes by SMS, `words` by every other way; `communes` are INSEE codes, told in this order. Raises Refused.
    """
    codes = list(dict.fromkeys(communes))
    short, words = gsm7.plain(short.strip()), words.strip()
    if topic not in dict(topics()):
        raise Refused(_("Nobody can be told about this topic."))
    if not codes or not short or not words:
        raise Refused(_("Choose the communes, and write both texts."))
    if gsm7.cost(short).parts > MOST_SMS_PARTS:
        raise Refused(_("The text for SMS takes more than %(most)d messages; shorten it.") % {"most": MOST_SMS_PARTS})
    with transaction.atomic():
        made, created = Announcement.objects.get_or_create(
            key=key,
            defaults={
                "topic": topic,
                "communes": codes,
                "short": short,
                "words": words,
                "by": by,
                "at": timezone.now(),
            },
        )
        if created:
            made.people = _queue(made)
            made.save(update_fields=["people"])
            audit.record(by, "announcement.made", topic, communes=codes, people=made.people)
    return made


def _subscriptions(topic: str, communes: Iterable[str]) -> QuerySet[Subscription]:
    return Subscription.objects.filter(topic=topic, commune__in=list(communes), ended_at=None).exclude(way=Way.NONE)


def _queue(made: Announcement) -> int:
    """One notice a number or address, however often it subscribed; by commune in the order asked for: channels that
    can't hand over all at once take the oldest first."""
    found = list(_subscriptions(made.topic, made.communes).select_related("request").order_by("pk"))
    found.sort(key=lambda one: made.communes.index(one.commune_id))
    once = list({(one.way, one.value): one for one in found}.values())
    now = timezone.now()
    title = dict(topics())[made.topic].capitalize()
    Notice.objects.bulk_create(
        [
            Notice(
                key=f"announcement:{made.pk}:{one.pk}",
                way=WAYS[Way(one.way)],
                to=one.value,
                language=one.request.language,
                subject=title,
                body=made.short if one.way == Way.SMS else made.words,
                about=f"announcement:{made.pk}",
                due_at=now,
            )
            for one in once
        ],
        batch_size=AT_ONCE,
    )
    return len(once)
