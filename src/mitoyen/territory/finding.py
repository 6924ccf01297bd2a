"""From the words that people use for a place to the places that they may mean. Several is an answer: then one asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q
from django.db.models.functions import Length

from mitoyen.territory import spelling
from mitoyen.territory.models import Address, Commune, Place, Street, Thing

MOST = 8
# What a street's key puts between its own words and those of the delegated commune that it lies in.
WITHIN = " | "
_EVERYWHERE: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """One place that someone may mean. `exact`: it is called so, and nothing was left aside of what was typed (a number
    that the street lacks, for example). A point is in degrees; none for a commune as a whole."""

    label: str
    commune: str
    longitude: float | None = None
    latitude: float | None = None
    thing: str = ""
    exact: bool = True


class _Town(NamedTuple):
    """What is needed of a commune here, without its polygon."""

    insee: str
    name: str
    postcodes: list[str]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to understand the words: those of a street or a place, and the communes that it may lie in."""

    words: list[str]
    where: frozenset[str] | None


def spots(text: str, commune: str = "", kinds: tuple[str, ...] = ()) -> list[Spot]:
    """What `text` may mean, best first, eight at most; in one commune (INSEE code) when it is known.

    What is called exactly so comes alone; only where nothing is, what contains the words. `kinds`: kinds of thing that
    it may name by the number written on them. A commune that the text names is looked at beside the one given.
    """
    things = list(_things(text, commune, kinds))
    if things:
        return things[:MOST]
    number, rest = spelling.number_and_rest(text)
    readings, whole = _readings(rest, commune)
    found = [Spot(whole.name, whole.insee, exact=not number)] if whole else []
    near: list[Spot] = []
    for reading in readings:
        for called_so, spot in (*_streets(number, reading), *_places(number, reading)):
            (found if called_so else near).append(spot)
    return list(dict.fromkeys(found or near))[:MOST]


def _things(text: str, commune: str, kinds: tuple[str, ...]) -> Iterator[Spot]:
    if not kinds or not text.strip():
        return
    # As written on it or in another case: exact values, so that 30,000 lamps are not read for each request.
    typed = text.strip()
    written = {typed, typed.upper(), typed.lower(), typed.capitalize()}
    named = Q(source_key__in=written) | Q(slug=typed.lower()) | Q(name__in=written)
    things = Thing.objects.filter(named, kind__in=kinds, commune__isnull=False)
    if commune:
        things = things.filter(commune=commune)
    found = things.order_by("commune__slug", "slug").values_list(
        "name", "commune__name", "commune", "longitude", "latitude", "slug"
    )
    for name, town, insee, longitude, latitude, slug in found[:MOST]:
        yield Spot(f"{name}, {town}", insee, longitude, latitude, slug)


def _readings(text: str, chosen: str) -> tuple[list[_Reading], _Town | None]:
    """What the words may mean, and the commune that they name as a whole.

    A commune's name at the end may say where ("rue de la Gare, Trélazé") or belong to the street ("route d'Angers"):
    both are looked at.
    """
    communes = [_Town(*row) for row in Commune.objects.values_list("insee", "name", "postcodes")]
    flat = spelling.CEDEX.sub("", spelling.bare(text))
    postcode = spelling.POSTCODE.search(flat)
    area = _EVERYWHERE
    if postcode:
        flat = flat[: postcode.start()] + flat[postcode.end() :]
        area = _served(postcode[1], communes)
    if any(one.insee == chosen for one in communes):
        area = frozenset({chosen})
    wanted = spelling.words(flat)
    named = _named_at_the_end(wanted, communes)
    if not wanted:
        only = [one for one in communes if area is not None and one.insee in area]
        return [], only[0] if len(only) == 1 else None
    whole = _Reading(wanted, area)
    if named is None:
        return [whole], None
    before = wanted[: -len(spelling.words(named.name))]
    if not before:
        return [whole], named
    if set(before) <= spelling.STREET_TYPES:
        return [whole], None
    # Chosen in the list and named in the words: when they differ, both are looked at, and one asks.
    return [_Reading(before, frozenset({named.insee} | ({chosen} if chosen else set()))), whole], None


def _served(postcode: str, communes: list[_Town]) -> frozenset[str]:
    """The communes that a postcode serves; none for a postcode elsewhere."""
    streets = Street.objects.filter(postcode=postcode).values_list("commune", flat=True).distinct()
    return frozenset({one.insee for one in communes if postcode in one.postcodes} | set(streets))


def _named_at_the_end(wanted: list[str], communes: list[_Town]) -> _Town | None:
    """The commune with the longest name that the words end in."""
    named = [one for one in communes if wanted[-len(spelling.words(one.name)) :] == spelling.words(one.name)]
    return max(named, key=lambda one: len(spelling.words(one.name)), default=None)


def _streets(number: str, reading: _Reading) -> Iterator[tuple[bool, Spot]]:
    """Streets whose name has all the words, the shortest first; whether they are called exactly so."""
    streets = Street.objects.all()
    if reading.where is not None:
        streets = streets.filter(commune__in=reading.where)
    for word in reading.words:
        streets = streets.filter(key__contains=word)
    ranked = streets.order_by(Length("key"), "key", "commune__slug")
    shown = list(
        ranked.values_list("pk", "name", "key", "postcode", "commune", "commune__name", "longitude", "latitude")[:50]
    )
    points = {}
    if number and shown:
        there = Address.objects.filter(street__in=[row[0] for row in shown], number=number)
        points = {street: (lon, lat) for street, lon, lat in there.values_list("street", "longitude", "latitude")}
    wanted = " ".join(reading.words)
    for pk, name, key, postcode, insee, commune, longitude, latitude in shown:
        at = points.get(pk)
        town = f"{postcode} {commune}".strip()
        told = f"{number} {name}, {town}" if at else f"{name}, {town}"
        called_so = wanted in (key, key.partition(WITHIN)[0], key.replace(WITHIN, " "))
        exact = called_so and (bool(at) or not number)
        yield called_so, Spot(told, insee, *(at or (longitude, latitude)), exact=exact)


def _places(number: str, reading: _Reading) -> Iterator[tuple[bool, Spot]]:
    places = Place.objects.order_by("commune__slug", "slug")
    if reading.where is not None:
        places = places.filter(commune__in=reading.where)
    wanted = set(reading.words)
    found = places.values_list("name", "commune", "commune__name", "longitude", "latitude")
    for name, insee, commune, longitude, latitude in found.iterator():
        words = set(spelling.words(name))
        if wanted <= words:
            called_so = wanted == words
            spot = Spot(f"{name}, {commune}", insee, longitude, latitude, exact=called_so and not number)
            yield called_so, spot
