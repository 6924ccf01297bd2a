"""Seats at a venue: which are free, and keeping one. Two people never get the same."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused
from mitoyen.services.enums import FactKind, State
from mitoyen.services.models import Appointment, Fact, Opening, Request, Venue
from mitoyen.services.telling import tell
from mitoyen.services.venues import receiving
from mitoyen.territory.spelling import bare

SOONEST = dt.timedelta(hours=20)
FARTHEST = dt.timedelta(days=21)
MOST_TIMES = 20_000
SHORTEST = 5  # Minutes; an opening that says 0 would never end.


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at a venue; `starts` in UTC."""

    venue: Venue
    starts: dt.datetime

    @property
    def key(self) -> str:
        """What a form posts: the venue and the minute in UTC."""
        return _key(self.venue.pk, self.starts)

    def when(self) -> str:
        """Day and hour as people say them, in local time."""
        local = self.starts.astimezone(ZoneInfo(settings.TIME_ZONE))
        told = {"weekday": formats.date_format(local, "l"), "month": formats.date_format(local, "F"), "day": local.day}
        day = _("%(weekday)s %(day)d %(month)s") if local.day > 1 else _("%(weekday)s the first of %(month)s")
        hour = _("%(hour)d:%(minutes)02d") % {"hour": local.hour, "minutes": local.minute}
        return _("%(day)s at %(hour)s") % {"day": day % told, "hour": hour}

    def where(self) -> str:
        """The place and its commune."""
        place = self.venue.place
        return ", ".join(part for part in (place.name, place.address, place.commune.name) if part)

    def as_answer(self) -> dict[str, Any]:
        """What is kept among the answers."""
        return {"label": f"{self.when()}, {self.where()}", "venue": self.venue.pk, "starts": self.starts.isoformat()}


def free(service: str, commune: str = "", most: int = 9) -> list[Slot]:
    """The next free times for a service, soonest first; in one commune (INSEE code) when given, else everywhere."""
    venues = Venue.objects.filter(service=service, closed=False).select_related("place__commune")
    if commune:
        venues = venues.filter(place__commune=commune)
    now = timezone.now()
    taken = Counter(Appointment.objects.filter(venue__in=venues, starts__gt=now).values_list("venue_id", "starts"))
    slots = [
        Slot(venue, starts)
        for venue in venues.prefetch_related("openings")
        for starts, seats in _offered(venue, now).items()
        if taken[(venue.pk, starts)] < seats
    ]
    return sorted(slots, key=lambda slot: (slot.starts, slot.venue.place.slug))[:most]


def by_commune(service: str, each: int = 4) -> list[tuple[str, list[Slot]]]:
    """The next free times of each commune that receives, by its name: everyone finds one near home."""
    found: dict[str, list[Slot]] = {}
    for slot in free(service, most=MOST_TIMES):
        slots = found.setdefault(slot.venue.place.commune.name, [])
        if len(slots) < each:
            slots.append(slot)
    return sorted(found.items(), key=lambda pair: bare(pair[0]))


def slot_of(service: str, key: str) -> Slot | None:
    """The slot that a form posted, when the venue still offers it."""
    number, _sep, minute = key.partition(":")
    try:
        starts = dt.datetime.strptime(minute, "%Y%m%dT%H%M").replace(tzinfo=dt.UTC)
        venue = Venue.objects.select_related("place__commune").get(pk=int(number), service=service, closed=False)
    except (ValueError, OverflowError, Venue.DoesNotExist):
        return None
    offered = _offered(venue, timezone.now())
    return Slot(venue, starts) if starts in offered else None


def key_of(answer: dict[str, Any]) -> str:
    """The key of the slot that `Slot.as_answer` kept."""
    return _key(int(answer["venue"]), dt.datetime.fromisoformat(str(answer["starts"])).astimezone(dt.UTC))


def to_give() -> Q:
    """Requests under way that wait for an appointment: nobody could choose a time, or it was lost."""
    return Q(service__in=receiving(), appointment=None, state=State.OPEN)


def book(request: Request, slot: Slot) -> Appointment:
    """Keep a seat, inside the caller's transaction, and tell the person. Raises Refused when all are taken."""
    seats = _offered(slot.venue, timezone.now())[slot.starts]
    for seat in range(seats):
        try:
            with transaction.atomic():
                kept = Appointment.objects.create(request=request, venue=slot.venue, starts=slot.starts, seat=seat)
        except IntegrityError:
            continue
        detail = {"when": slot.when(), "where": slot.where()}
        fact = Fact.objects.create(request=request, kind=FactKind.APPOINTMENT, at=timezone.now(), detail=detail)
        tell(request, fact)
        return kept
    raise Refused(_("This time was taken meanwhile."), _("Choose another one."), code="taken")


def _key(venue: int, starts: dt.datetime) -> str:
    return f"{venue}:{starts:%Y%m%dT%H%M}"


def _offered(venue: Venue, now: dt.datetime) -> Counter[dt.datetime]:
    """Seats by start; two openings at the same hour receive side by side."""
    seats: Counter[dt.datetime] = Counter()
    for starts, more in _times(venue, now):
        seats[starts] += more
    return seats


def _times(venue: Venue, now: dt.datetime) -> Iterator[tuple[dt.datetime, int]]:
    """Starts in UTC with the number of seats, from 20 hours ahead to three weeks; local hours, whatever the season."""
    zone = ZoneInfo(settings.TIME_ZONE)
    first = (now + SOONEST).astimezone(zone).date()
    openings = list(venue.openings.all())
    for ahead in range(FARTHEST.days + 1):
        day = first + dt.timedelta(days=ahead)
        for opening in openings:
            if opening.weekday == day.weekday():
                yield from ((at, opening.seats) for at in _starts(opening, day, zone) if at >= now + SOONEST)


def _starts(opening: Opening, day: dt.date, zone: ZoneInfo) -> Iterator[dt.datetime]:
    at, end = dt.datetime.combine(day, opening.starts), dt.datetime.combine(day, opening.ends)
    step = dt.timedelta(minutes=max(opening.minutes, SHORTEST))
    while at + step <= end:
        yield at.replace(tzinfo=zone).astimezone(dt.UTC)
        at += step
