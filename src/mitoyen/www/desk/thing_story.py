"""One thing's story: alerts, work orders, findings, people's requests and corrections about it, newest first."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.history import corrections, read
from mitoyen.history.models import Datastream
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.wording import UNITS, describe, moment_words, property_title
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import describe as describe_finding
from mitoyen.operate.work import perms as work_perms
from mitoyen.operate.work.models import WorkOrder
from mitoyen.services import perms as request_perms
from mitoyen.services import wording as request_wording
from mitoyen.services.enums import State
from mitoyen.services.models import Request
from mitoyen.services.nearby import NEAR_M, metres
from mitoyen.territory.models import Person, Thing
from mitoyen.www.charts_small import sparkline
from mitoyen.www.numbers import number

BACK = dt.timedelta(days=400)
READ = dt.timedelta(hours=48)
MOST, POINTS = 60, 96


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the story."""

    at: dt.datetime
    sort: str
    words: str
    href: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The last two days of a measure: a small drawing, its last value and when that was."""

    name: str
    spark: SafeString
    last: str
    when: str


def events(person: Person, thing: Thing) -> list[Event]:
    """What happened to a thing, its parts and what carries it, as far as the person may see it; newest first."""
    pks = around(thing)
    found = [*_alerts(pks), *_orders(person, pks), *_findings(pks), *_requests(person, thing), *_corrections(pks)]
    return sorted(found, key=lambda event: event.at, reverse=True)[:MOST]


def around(thing: Thing) -> list[int]:
    """Numbers of the thing and of its parts."""
    return [thing.pk, *Thing.objects.filter(part_of=thing).values_list("pk", flat=True)[:500]]


def readings(thing: Thing, first: Datastream | None = None) -> list[Reading]:
    """What is measured of a thing now; the measure that an alert is about first, a few at most."""
    streams = list(Datastream.objects.filter(thing=thing).order_by("observed_property")[:4])
    if first is not None:
        streams = [first, *(one for one in streams if one.pk != first.pk)]
    return [made for one in streams[:4] if (made := _reading(one)) is not None]


def _reading(stream: Datastream) -> Reading | None:
    now = timezone.now()
    found = read.readings(stream, now - READ, now + dt.timedelta(hours=1))
    if not len(found.time):
        return None
    bins = np.array_split(found.value, min(POINTS, len(found.value)))
    usage = _usage_of(stream)
    name = property_title(usage, stream.observed_property).capitalize()
    value, unit = float(found.value[-1]), UNITS.get(stream.unit, stream.unit)
    last = f"{number(value, 0 if abs(value) >= 100 else 1)} {unit}".strip()
    when = moment_words(found.time[-1].astype("M8[us]").astype(dt.datetime).replace(tzinfo=dt.UTC))
    says = _("%(name)s over the last two days; now %(last)s") % {"name": name, "last": last}
    return Reading(name, sparkline([float(one.mean()) for one in bins], says=says), last, when)


def _usage_of(stream: Datastream) -> str:
    from mitoyen.manifests.registry import usages

    for name, manifest in usages().items():
        if any(one.property == stream.observed_property for one in manifest.datastreams):
            return name
    return ""


def _alerts(pks: list[int]) -> Iterator[Event]:
    since = timezone.now() - BACK
    recent = Q(opened_at__gte=since) | Q(closed_at=None)
    found = Alert.objects.filter(recent, thing__in=pks).select_related("thing", "commune")
    for alert in found.defer("commune__geometry").prefetch_related("acts")[:MOST]:
        href, title = reverse("desk:alert", args=[alert.pk]), describe(alert).title
        yield Event(alert.opened_at, _("Alert"), title, href)
        for act in alert.acts.all():
            words = f"{title}, {act.get_act_display()}"
            yield Event(act.at, _("Alert"), f"{words}. {act.words}" if act.words else words, href, act.by)
        if alert.closed_at:
            yield Event(alert.closed_at, _("Alert"), _("%(title)s: the readings no longer show it.") % {"title": title})


def _orders(person: Person, pks: list[int]) -> Iterator[Event]:
    found = work_perms.visible(person, WorkOrder.objects.filter(thing__in=pks)).prefetch_related("facts")
    for order in found[:MOST]:
        href = reverse("desk:order", args=[order.pk])
        for fact in order.facts.all():
            state = str(fact.get_state_display() if fact.state else _("a note"))
            words = f"{order.title}, {state}"
            yield Event(fact.at, _("Work order"), f"{words}. {fact.words}" if fact.words else words, href, fact.by)


def _findings(pks: list[int]) -> Iterator[Event]:
    for one in Finding.objects.filter(thing__in=pks).select_related("thing__part_of", "datastream__thing")[:MOST]:
        yield Event(one.found_at, _("Finding"), describe_finding(one).title, reverse("desk:finding", args=[one.pk]))


def _requests(person: Person, thing: Thing) -> Iterator[Event]:
    for one in requests_about(person, thing):
        href, title = reverse("desk:request", args=[one.pk]), request_wording.title(one)
        yield Event(one.received_at, _("Request"), title, href)
        if one.closed_at:
            yield Event(one.closed_at, _("Request"), _("%(title)s: closed") % {"title": title}, href)


def _corrections(pks: list[int]) -> Iterator[Event]:
    now = timezone.now()
    if not corrections.files():
        return
    for stream in Datastream.objects.filter(thing__in=pks[:20]):
        made = corrections.corrections_of_rows(stream.pk, now - BACK, now)
        by_batch = {one.batch: one for one in made}
        for one in by_batch.values():
            count = sum(other.batch == one.batch for other in made)
            words = _("%(count)d readings of %(name)s. %(why)s")
            told = words % {"count": count, "name": stream.observed_property, "why": one.why}
            yield Event(one.at or now, _("Correction"), told, by=one.by)


def requests_about(person: Person, thing: Thing) -> list[Request]:
    """People's requests about the thing, its parts or what carries it, or reported right beside it; the open first."""
    held = request_perms.seen(person)
    if not held:
        return []
    near = Q(thing__in=[*around(thing), *([thing.part_of_id] if thing.part_of_id else [])])
    if thing.longitude is not None and thing.latitude is not None:
        high = NEAR_M / 111_320
        near |= Q(
            thing=None, longitude__range=(thing.longitude - 1.6 * high, thing.longitude + 1.6 * high),
            latitude__range=(thing.latitude - high, thing.latitude + high), state__in=(State.OPEN, State.ANSWERED),
        )  # fmt: skip
    rows = held.restrict(Request.objects.filter(near, received_at__gte=timezone.now() - BACK)).order_by("-received_at")
    ended = (State.CLOSED, State.REFUSED)
    return sorted((one for one in rows[:MOST] if _is_near(one, thing)), key=lambda one: one.state in ended)[:12]


def same_subject(request: Request, usages: Collection[str]) -> bool:
    """Whether a request found near a thing is about it: it names the thing, or its category has the name of one of
    these usages (lighting, water, waste; green_space for green_spaces)."""
    names = {*usages, *(name.removesuffix("s") for name in usages)}
    return request.thing_id is not None or request.category in names


def alerts_about(request: Request) -> list[Alert]:
    """The alerts that are open on what a request is about: its thing, what carries it, its parts, or what stands right
    beside the place that it names."""
    from mitoyen.operate.alerts.ranking import open_alerts

    if request.thing is not None:
        thing = request.thing
        pks = [*around(thing), *([thing.part_of_id] if thing.part_of_id else [])]
        return list(open_alerts().filter(thing__in=pks)[:6])
    if request.longitude is None or request.latitude is None:
        return []
    high = NEAR_M / 111_320
    found = open_alerts().filter(
        thing__longitude__range=(request.longitude - 1.6 * high, request.longitude + 1.6 * high),
        thing__latitude__range=(request.latitude - high, request.latitude + high),
    )
    return [alert for alert in found[:30] if _is_near(request, alert.thing)][:6]


def _is_near(request: Request, thing: Thing) -> bool:
    if request.thing_id is not None:
        return True
    places: Iterable[float | None] = (request.longitude, request.latitude, thing.longitude, thing.latitude)
    if any(one is None for one in places):
        return False
    return metres(*places) <= NEAR_M  # type: ignore[arg-type]
