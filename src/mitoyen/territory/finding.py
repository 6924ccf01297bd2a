"""From the words that people use for a place to the places that they may mean. Several is an answer: then one asks."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from mitoyen.territory import spelling
from mitoyen.territory.models import Address, Street

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
    written = (typed, typed.upper(), typed.lower(), typed.capitalize())
    where, given = _within("t.commune_id", frozenset({commune}) if commune else _EVERYWHERE)
    sql = f"""
        SELECT t.name, c.name, c.insee, t.longitude, t.latitude, t.slug
        FROM territory_thing t JOIN territory_commune c ON c.insee = t.commune_id
        WHERE (t.slug = %s OR t.source_key IN ({_marks(written)}) OR t.name IN ({_marks(written)}))
            AND t.kind IN ({_marks(kinds)}) AND {where}
        ORDER BY c.slug, t.slug LIMIT {MOST}"""  # noqa: S608 - every value is a parameter
    for name, town, insee, longitude, latitude, slug in _rows(sql, typed.lower(), *written, *written, *kinds, *given):
        yield Spot(f"{name}, {town}", insee, longitude, latitude, slug)


def _rows(sql: str, *values: str) -> list[Any]:
    """Several of these are asked for each request: as SQL, since the ORM takes ten times longer to put such a question
    together than the database to answer it."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[Any] = cursor.fetchall()
    return found


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _within(column: str, communes: frozenset[str] | None) -> tuple[str, list[str]]:
    """The condition that a column lies in these communes, and its values."""
    if communes is None:
        return "TRUE", []
    return (f"{column} IN ({_marks(communes)})" if communes else "FALSE"), sorted(communes)


def _readings(text: str, chosen: str) -> tuple[list[_Reading], _Town | None]:
    """What the words may mean, and the commune that they name as a whole.

    A commune's name at the end may say where ("rue de la Gare, Trélazé") or belong to the street ("route d'Angers"):
    both are looked at.
    """
    communes = _towns()
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


def _towns() -> list[_Town]:
    rows = _rows("SELECT insee, name, postcodes FROM territory_commune ORDER BY slug")
    return [_Town(insee, name, json.loads(postcodes)) for insee, name, postcodes in rows]


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
    where, given = _within("s.commune_id", reading.where)
    # Words are letters and figures: nothing in them means something to LIKE.
    called = "".join(" AND s.key LIKE %s" for _word in reading.words)
    sql = f"""
        SELECT s.id, s.name, s.key, s.postcode, c.insee, c.name, s.longitude, s.latitude
        FROM territory_street s JOIN territory_commune c ON c.insee = s.commune_id
        WHERE {where}{called} ORDER BY LENGTH(s.key), s.key, c.slug LIMIT 50"""  # noqa: S608 - as above
    shown = _rows(sql, *given, *(f"%{word}%" for word in reading.words))
    points = {}
    if number and shown:
        there = Address.objects.filter(street__in=[row[0] for row in shown], number=number)
        points = {street: (lon, lat) for street, lon, lat in there.values_list("street", "longitude", "latitude")}
    wanted = " ".join(reading.words)
    for pk, name, key, postcode, insee, commune, longitude, latitude in shown:
        at = points.get(pk)
        lon, lat = at or (longitude, latitude)
        town = f"{postcode} {commune}".strip()
        told = f"{number} {name}, {town}" if at else f"{name}, {town}"
        called_so = wanted in (key, key.partition(WITHIN)[0], key.replace(WITHIN, " "))
        exact = called_so and (bool(at) or not number)
        yield called_so, Spot(told, insee, lon, lat, exact=exact)


def _places(number: str, reading: _Reading) -> Iterator[tuple[bool, Spot]]:
    where, given = _within("p.commune_id", reading.where)
    sql = f"""
        SELECT p.name, c.insee, c.name, p.longitude, p.latitude
        FROM territory_place p JOIN territory_commune c ON c.insee = p.commune_id
        WHERE {where} ORDER BY c.slug, p.slug"""  # noqa: S608 - as above
    wanted = set(reading.words)
    for name, insee, commune, longitude, latitude in _rows(sql, *given):
        words = set(spelling.words(name))
        if wanted <= words:
            called_so = wanted == words
            spot = Spot(f"{name}, {commune}", insee, longitude, latitude, exact=called_so and not number)
            yield called_so, spot
