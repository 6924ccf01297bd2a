"""Requests that may be about the same thing: same service and category, close by, still under way."""

import datetime as dt
import math

from django.db.models import QuerySet
from django.utils import timezone

from mitoyen.services.models import Request
from mitoyen.services.timeline import LIVE

NEAR_M = 60.0
RECENT = dt.timedelta(days=60)
MOST = 5


def likely_same(
    service: str, category: str, longitude: float | None, latitude: float | None, thing: str = ""
) -> list[Request]:
    """Open requests about the same thing, or within 60 m of the point (degrees), nearest first, five at most."""
    if not thing and (longitude is None or latitude is None):
        return []
    wanted = Request.objects.filter(
        service=service, category=category, state__in=LIVE, joined_to=None, received_at__gte=timezone.now() - RECENT
    )
    if thing:
        same = list(wanted.filter(thing__slug=thing)[:MOST])
        if same:
            return same
    if longitude is None or latitude is None:
        return []
    box = _box(wanted, longitude, latitude)
    near = [(metres(longitude, latitude, r.longitude or 0.0, r.latitude or 0.0), r) for r in box[:200]]
    return [r for metres, r in sorted(near, key=lambda pair: pair[0]) if metres <= NEAR_M][:MOST]


def _box(wanted: QuerySet[Request], longitude: float, latitude: float) -> QuerySet[Request]:
    high = NEAR_M / 111_320
    wide = high / max(math.cos(math.radians(latitude)), 0.01)
    return wanted.filter(
        longitude__range=(longitude - wide, longitude + wide), latitude__range=(latitude - high, latitude + high)
    )


def metres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Equirectangular: exact to centimetres at this distance."""
    x = (other_lon - lon) * math.cos(math.radians(lat))
    return 111_320 * math.hypot(x, other_lat - lat)
