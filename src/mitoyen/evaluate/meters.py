"""Which datastreams are meters, what they belong to, and what is stated of them."""

import difflib
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import Measure
from mitoyen.history.enums import Kind
from mitoyen.history.models import Datastream
from mitoyen.history.units import amount_unit
from mitoyen.ledger.refusal import Refused
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


def thing_named(slug: str) -> Thing:
    """Raises Refused when there is no thing of that name; names those that are like it."""
    found = Thing.objects.select_related("commune", "part_of__commune").filter(slug=slug).first()
    if found is None:
        known = list(Thing.objects.values_list("slug", flat=True)[:5000])
        near = difflib.get_close_matches(slug, known, 3)
        raise Refused(
            _("There is no thing “%(thing)s”.") % {"thing": slug[:120]},
            _("Did you mean %(near)s?") % {"near": ", ".join(near)}
            if near
            else _("Import its file first: mitoyen import FILE --thing %(thing)s --property electricity.")
            % {"thing": slug[:120]},
            code="no_such_thing",
        )
    return found
