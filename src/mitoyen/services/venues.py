"""The register of places where people are received for a service: where, when, how many at once."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.registry import services
from mitoyen.services.models import Opening, Venue
from mitoyen.territory.models import Place

SHORTEST, LONGEST = 5, 240


def receiving() -> list[str]:
    """The installed services that receive people."""
    return [
        name
        for name, service in services.installed().items()
        if any(question.type == "venue" for question in service.manifest.questions)
    ]


def open_venue(place: Place, service: str, by: str) -> Venue:
    """Receive people at a place, or again after it was closed. Raises Refused."""
    if service not in receiving():
        raise Refused(_("This service receives nobody."))
    with transaction.atomic():
        venue, _created = Venue.objects.update_or_create(place=place, service=service, defaults={"closed": False})
        audit.record(by, "venue.opened", place.slug, service=service)
    return venue


def close_venue(venue: Venue, by: str) -> None:
    """Offer no more times there; the appointments already made stand."""
    with transaction.atomic():
        Venue.objects.filter(pk=venue.pk).update(closed=True)
        audit.record(by, "venue.closed", venue.place.slug, service=venue.service)


def add_opening(
    venue: Venue, weekday: int, starts: dt.time, ends: dt.time, *, minutes: int, seats: int, by: str
) -> Opening:
    """Hours of the week when the venue receives. Raises Refused when they make no sense or overlap others."""
    if ends <= starts:
        raise Refused(_("The end comes before the start."))
    if not SHORTEST <= minutes <= LONGEST or not 1 <= seats <= 50 or not 0 <= weekday <= 6:
        raise Refused(_("Give a length from 5 to 240 minutes, and from 1 to 50 people at once."))
    with transaction.atomic():
        same_day = Opening.objects.select_for_update().filter(venue=venue, weekday=weekday)
        if any(one.starts < ends and starts < one.ends for one in same_day):
            raise Refused(_("These hours overlap others of the same day."))
        made = Opening.objects.create(
            venue=venue, weekday=weekday, starts=starts, ends=ends, minutes=minutes, seats=seats
        )
        hours = {"weekday": weekday, "starts": starts, "ends": ends, "minutes": minutes, "seats": seats}
        audit.record(by, "venue.hours_added", venue.place.slug, service=venue.service, **hours)
    return made


def remove_opening(opening: Opening, by: str) -> None:
    """Offer these hours no more; the appointments already made stand."""
    with transaction.atomic():
        hours = {"weekday": opening.weekday, "starts": opening.starts, "ends": opening.ends}
        audit.record(by, "venue.hours_removed", opening.venue.place.slug, service=opening.venue.service, **hours)
        opening.delete()
