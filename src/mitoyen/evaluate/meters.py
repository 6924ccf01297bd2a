"""Which datastreams are meters, what they belong to, and what is stated of them."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from mitoyen.evaluate.enums import Measure
from mitoyen.history.enums import Kind
from mitoyen.history.models import Datastream
from mitoyen.history.units import amount_unit
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Thing

WEATHER_STATION = "weather_station"
ENERGIES = ("electricity", "gas", "heat", "water")


@dataclass(frozen=True, slots=True)
class Site:
    """What a meter counts for: a building, or the thing itself where it is part of none, and its commune."""

    thing: Thing
    commune: Commune | None


def meters() -> QuerySet[Datastream]:
    """The datastreams whose amounts can be summed (energy, water), with their things, by name."""
    found = Datastream.objects.exclude(kind=Kind.GAUGE).exclude(thing__kind=WEATHER_STATION)
    return found.select_related("thing", "thing__commune", "thing__part_of", "thing__part_of__commune").order_by(
        "thing__slug", "observed_property"
    )


def meters_of(thing: Thing) -> list[Datastream]:
    """The meters of a thing and of its parts, by name."""
    return [one for one in meters().filter(Q(thing=thing) | Q(thing__part_of=thing)) if unit_of(one) is not None]


def unit_of(datastream: Datastream) -> str | None:
    """kWh or m3, the unit in which a meter's amounts are given; None when it counts something else."""
    unit = amount_unit(datastream.unit)[1]
    return unit if unit in ("kWh", "m3") else None


def measure_of(datastream: Datastream) -> Measure:
    """Water is what is called so; every other meter counts energy (gas in m3 included, which is never added up)."""
    return Measure.WATER_SAVED if datastream.observed_property.startswith("water") else Measure.ENERGY_SAVED


def energy_of(observed_property: str) -> str | None:
    """The energy, as the factors' tables call it, of a property such as `electricity` or `electricity_kitchen`."""
    first = observed_property.split("_", 1)[0]
    return first if first in ENERGIES else None


def site_of(thing: Thing) -> Site:
    whole = thing.part_of or thing
    return Site(whole, thing.commune or whole.commune)


def is_generated(*things: Thing | None) -> bool:
    return any(thing is not None and thing.origin == Origin.GENERATED for thing in things)
