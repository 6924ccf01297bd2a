"""Where things lie, for the rules: the communes a person works for, and those that a batch fell in."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from mitoyen.history.models import Batch, Datastream
from mitoyen.services import perms as request_perms
from mitoyen.territory import perms
from mitoyen.territory.models import Commune, Person, Thing

OUTSIDE = ""


def seen(person: Person) -> perms.Scope:
    """Where the person sees what the desk shows."""
    return perms.scope(person, perms.SEE)


def managed(person: Person) -> perms.Scope:
    """Where the person imports, corrects, decides and records."""
    return perms.scope(person, perms.MANAGE_ENERGY)


def communes(held: perms.Scope) -> list[Commune]:
    """The communes that a scope covers, by name."""
    return list(held.restrict(Commune.objects.defer("geometry"), "insee"))


def own_commune(person: Person) -> str:
    """INSEE code of the one commune where a clerk or operator works; empty for several, and for the whole territory."""
    held = perms.scope(person, request_perms.HANDLE)
    return next(iter(held.communes)) if len(held.communes) == 1 and not held.whole else ""


def restrict_things(held: perms.Scope, rows: QuerySet[Any], path: str) -> QuerySet[Any]:
    """The rows whose thing (at `path`) lies, or whose thing's building lies, where the scope holds."""
    if held.whole:
        return rows
    own, building = f"{path}__commune__in", f"{path}__part_of__commune__in"
    return rows.filter(Q(**{own: held.communes}) | Q(**{building: held.communes}))


def commune(code: str) -> Commune | None:
    """None for the empty code: outside the territory."""
    return Commune.objects.filter(insee=code).defer("geometry").first() if code else None


def commune_of(thing: Thing) -> Commune | None:
    """A meter lies where its building does."""
    return thing.commune or (thing.part_of.commune if thing.part_of else None)


def streams_of_batch(batch: Batch) -> list[str]:
    """Names (thing/property) of the datastreams that a batch wrote to, as its summary has them."""
    return [name for name in batch.summary.get("datastreams", []) if isinstance(name, str)]


def streams_named(names: Iterable[str]) -> dict[str, Datastream]:
    """The datastreams of these names, with their things. One query."""
    wanted = set(names)
    slugs = {name.rpartition("/")[0] for name in wanted}
    found = Datastream.objects.filter(thing__slug__in=slugs)
    related = found.select_related("thing__commune", "thing__part_of__commune")
    rows = related.defer("thing__commune__geometry", "thing__part_of__commune__geometry")
    return {stream.name: stream for stream in rows if stream.name in wanted}


def communes_of_batch(batch: Batch) -> set[str | None]:
    """INSEE codes of the communes that a batch fell in; None among them for what lies outside the territory.

    None too when a datastream that it names is gone: who speaks for one commune does not speak for what can't be
    placed.
    """
    names = set(streams_of_batch(batch))
    found = streams_named(names)
    places = of_things(stream.thing for stream in found.values())
    return places if len(found) == len(names) else {*places, None}


def of_things(things: Iterable[Thing]) -> set[str | None]:
    """INSEE codes of the communes of several things."""
    return {commune.insee if commune else None for commune in map(commune_of, things)}


def building_of(thing: Thing) -> Thing:
    """The building of a meter; a building is its own."""
    return thing.part_of or thing
