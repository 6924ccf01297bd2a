"""From the words that people use for a place to the places that they may mean. Several is an answer: then one asks."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    named = Q(source_key__iexact=text.strip()) | Q(slug__iexact=text.strip()) | Q(name__iexact=text.strip())
    things = Thing.objects.filter(named, kind__in=kinds).exclude(commune=None).select_related("commune")
    if commune:
        things = things.filter(commune=commune)
    for thing in things.defer("commune__geometry").order_by("commune__slug", "slug")[:MOST]:
        told = f"{thing.name}, {thing.commune.name}" if thing.commune else thing.name
        yield Spot(told, thing.commune_id or "", thing.longitude, thing.latitude, thing.slug)


def _readings(text: str, chosen: str) -> tuple[list[_Reading], Commune | None]:
    """What the words may mean, and the commune that they name as a whole.

    A commune's name at the end may say where ("rue de la Gare, Trélazé") or belong to the street ("route d'Angers"):
    both are looked at.
    """
    communes = list(Commune.objects.only("insee", "name", "postcodes"))
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


def _served(postcode: str, communes: list[Commune]) -> frozenset[str]:
    """The communes that a postcode serves; none for a postcode elsewhere."""
    streets = Street.objects.filter(postcode=postcode).values_list("commune", flat=True).distinct()
    return frozenset({one.insee for one in communes if postcode in one.postcodes} | set(streets))


def _named_at_the_end(wanted: list[str], communes: list[Commune]) -> Commune | None:
    """The commune with the longest name that the words end in."""
    named = [one for one in communes if wanted[-len(spelling.words(one.name)) :] == spelling.words(one.name)]
    return max(named, key=lambda one: len(spelling.words(one.name)), default=None)


def _streets(number: str, reading: _Reading) -> Iterator[tuple[bool, Spot]]:
    """Streets whose name has all the words, the shortest first; whether they are called exactly so."""
    streets = Street.objects.select_related("commune").defer("commune__geometry")
    if reading.where is not None:
        streets = streets.filter(commune__in=reading.where)
    for word in reading.words:
        streets = streets.filter(key__contains=word)
    shown = list(streets.order_by(Length("key"), "key", "commune__slug")[:50])
    points = {
        address.street_id: address for address in Address.objects.filter(street__in=shown, number=number) if number
    }
    wanted = " ".join(reading.words)
    for street in shown:
        at = points.get(street.pk)
        town = f"{street.postcode} {street.commune.name}".strip()
        told = f"{number} {street.name}, {town}" if at else f"{street.name}, {town}"
        called_so = wanted in (street.key, street.key.partition(WITHIN)[0], street.key.replace(WITHIN, " "))
        point, exact = at or street, called_so and (bool(at) or not number)
        yield called_so, Spot(told, street.commune_id, point.longitude, point.latitude, exact=exact)


def _places(number: str, reading: _Reading) -> Iterator[tuple[bool, Spot]]:
    places = Place.objects.select_related("commune").defer("commune__geometry").order_by("commune__slug", "slug")
    if reading.where is not None:
        places = places.filter(commune__in=reading.where)
    wanted = set(reading.words)
    for place in places.iterator():
        words = set(spelling.words(place.name))
        if wanted <= words:
            told = f"{place.name}, {place.commune.name}"
            called_so = wanted == words
            point = place.longitude, place.latitude
            yield called_so, Spot(told, place.commune_id, *point, exact=called_so and not number)
