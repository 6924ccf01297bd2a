"""Which weather station serves a thing, and its temperature day by day."""

import math
from collections.abc import Iterable

from mitoyen.evaluate.meters import WEATHER_STATION
from mitoyen.history.models import Datastream
from mitoyen.territory.models import Thing

TEMPERATURE = "temperature"
NAMED_BY = "weather_station"
_EARTH_KM = 6371.0


def stations() -> list[Datastream]:
    """The outdoor temperatures of all weather stations, by name. One query."""
    found = Datastream.objects.filter(thing__kind=WEATHER_STATION, observed_property=TEMPERATURE)
    return list(found.select_related("thing", "thing__commune", "thing__place").order_by("thing__slug"))


def station_for(thing: Thing, among: Iterable[Datastream] | None = None) -> Datastream | None:
    """The outdoor temperature that serves a thing.

    The station that the thing (or what it is part of) names in its attribute `weather_station`; else a lone station;
    else the nearest one. None when there is none, or when there are several and nobody knows where the thing is.
    """
    known = list(stations() if among is None else among)
    named = named_for(thing)
    if named:
        return next((station for station in known if station.thing.slug == named), None)
    if len(known) == 1:
        return known[0]
    here = whereabouts(thing)
    placed = [(where, station) for station in known if (where := whereabouts(station.thing)) is not None]
    if here is None or not placed:
        return None
    return min(placed, key=lambda pair: (distance_km(here, pair[0]), pair[1].thing.slug))[1]


def named_for(thing: Thing) -> str:
    """The station that a thing, or what it is part of, names; empty when neither does."""
    whole = thing.part_of.attributes if thing.part_of else {}
    return str(thing.attributes.get(NAMED_BY) or whole.get(NAMED_BY) or "")


def whereabouts(thing: Thing) -> tuple[float, float] | None:
    """Longitude and latitude of a thing: its own, else its place's, else those of what it is part of, else the centre
    of its commune."""
    for holder in (thing, thing.place):
        if holder is not None and holder.longitude is not None and holder.latitude is not None:
            return holder.longitude, holder.latitude
    if thing.part_of is not None:
        return whereabouts(thing.part_of)
    return (thing.commune.longitude, thing.commune.latitude) if thing.commune else None


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance (haversine formula) between two points given as longitude and latitude in degrees."""
    (x1, y1), (x2, y2) = (tuple(math.radians(angle) for angle in point) for point in (here, there))
    half = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
