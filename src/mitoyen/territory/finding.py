"""From the words that people use for a place to the places that they may mean. Several is an answer: then one asks."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from mitoyen.territory import spelling
from mitoyen.territory.models import Address, Commune, Place, Street, Thing

MOST = 8


@dataclass(frozen=True, slots=True)
class Spot:
    """One place that someone may mean. `exact`: nothing was left aside of what was typed (a number that the street
    lacks, for example). A point is in degrees; none for a commune as a whole."""

    label: str
    commune: str
    longitude: float | None = None
    latitude: float | None = None
    thing: str = ""
    exact: bool = True


def spots(text: str, commune: str = "", kinds: tuple[str, ...] = ()) -> list[Spot]:
    """What `text` may mean, best first, eight at most; in one commune (INSEE code) when it is known.

    `kinds`: kinds of thing that it may name by the number written on them.
    """
    things = list(_things(text, commune, kinds))
    if things:
        return things[:MOST]
    number, rest = spelling.number_and_rest(text)
    where, rest = _commune_in(rest, commune)
    found = [*_streets(number, rest, where), *_places(rest, where)]
    if not found and where and not spelling.words(rest):
        found = [Spot(where.name, where.insee)]
    return found[:MOST]


def _things(text: str, commune: str, kinds: tuple[str, ...]) -> Iterator[Spot]:
    if not kinds or not text.strip():
        return
    named = Q(source_key__iexact=text.strip()) | Q(slug__iexact=text.strip()) | Q(name__iexact=text.strip())
    things = Thing.objects.filter(named, kind__in=kinds).exclude(commune=None).select_related("commune")
    if commune:
        things = things.filter(commune=commune)
    for thing in things[:MOST]:
        told = f"{thing.name}, {thing.commune.name}" if thing.commune else thing.name
        yield Spot(told, thing.commune_id or "", thing.longitude, thing.latitude, thing.slug)


def _commune_in(text: str, insee: str) -> tuple[Commune | None, str]:
    """The commune that the text names, by name or postcode, at its end; and the text without it."""
    chosen = Commune.objects.filter(insee=insee).first() if insee else None
    flat = spelling.bare(text)
    postcode = spelling.POSTCODE.search(flat)
    if postcode:
        flat = " ".join((flat[: postcode.start()] + flat[postcode.end() :]).split())
    best: Commune | None = None
    for commune in Commune.objects.only("insee", "name", "postcodes"):
        name = spelling.bare(commune.name)
        if (flat == name or flat.endswith(f" {name}")) and (best is None or len(name) > len(spelling.bare(best.name))):
            best = commune
    if best is not None:
        return chosen or best, flat[: -len(spelling.bare(best.name))].strip()
    if postcode and chosen is None:
        served = [commune for commune in Commune.objects.all() if postcode[1] in commune.postcodes]
        chosen = served[0] if len(served) == 1 else None
    return chosen, flat


def _streets(number: str, text: str, where: Commune | None) -> Iterator[Spot]:
    wanted = spelling.words(text)
    if not wanted:
        return
    streets = Street.objects.select_related("commune")
    if where is not None:
        streets = streets.filter(commune=where)
    for word in wanted:
        streets = streets.filter(key__contains=word)
    # The whole name before names that only contain it.
    ranked = sorted(streets[:200], key=lambda street: (street.key != " ".join(wanted), len(street.key), street.key))
    shown = ranked[:MOST]
    points = {
        address.street_id: address for address in Address.objects.filter(street__in=shown, number=number) if number
    }
    for street in shown:
        at = points.get(street.pk)
        town = f"{street.postcode} {street.commune.name}".strip()
        told = f"{number} {street.name}, {town}" if at else f"{street.name}, {town}"
        point = at or street
        yield Spot(told, street.commune_id, point.longitude, point.latitude, exact=bool(at) or not number)


def _places(text: str, where: Commune | None) -> Iterator[Spot]:
    wanted = spelling.words(text)
    if not wanted:
        return
    places = Place.objects.select_related("commune")
    if where is not None:
        places = places.filter(commune=where)
    for place in places.iterator():
        if set(wanted) <= set(spelling.words(place.name)):
            yield Spot(f"{place.name}, {place.commune.name}", place.commune_id, place.longitude, place.latitude)
