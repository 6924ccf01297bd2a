"""What methods of code look at: things with their readings, in the groups that a rule wants to see at once.

Readings are gathered for some hundred datastreams at a time, so that the memory needed is that of the largest group.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.gather import gathered_of
from mitoyen.history.models import Datastream
from mitoyen.history.rules import Rule, rules_for
from mitoyen.history.times import micros
from mitoyen.history.units import converter
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts.watched import PER_HOUR
from mitoyen.operate.detect import Group, Subject, Window
from mitoyen.territory.models import Thing

STREAMS_AT_ONCE = 300
# What lies further back is not read, however long a fault lasts.
LONGEST_DAYS = 400
_THING = ("pk", "name", "kind", "part_of_id", "commune_id", "longitude", "latitude", "attributes")


@dataclass
class Lot:
    """Things of one group, before their readings: `parent` where they share one, and the commune that tunes it."""

    things: list[Thing]
    parent: Thing | None = None
    commune: str | None = None
    streams: list[Datastream] = field(default_factory=list)


def lots(rule: AlertRule, communes: set[str]) -> list[Lot]:
    """The groups of a rule in these communes, with the datastreams of the properties that it looks at."""
    streams = _streams(rule)
    chosen = [one for one in _things(rule, communes) if one.pk in streams]
    parents = Thing.objects.in_bulk({one.part_of_id for one in chosen if one.part_of_id})
    made: dict[Any, Lot] = {}
    for thing in chosen:
        parent = parents.get(thing.part_of_id) if thing.part_of_id else None
        insee = thing.commune_id or (parent.commune_id if parent else None)
        if insee not in communes:
            continue
        lot = made.setdefault(
            _key(rule, thing, insee), Lot([], commune=None if rule.together == "territory" else insee)
        )
        lot.things.append(thing)
        if rule.together in ("thing", "part_of"):
            lot.parent = parent
    for lot in made.values():
        for one in (*lot.things, *([lot.parent] if lot.parent else [])):
            lot.streams += streams.get(one.pk, [])
    return list(made.values())


def _things(rule: AlertRule, communes: set[str]) -> Iterable[Thing]:
    found = Thing.objects.only(*_THING).filter(datastreams__observed_property__in=rule.properties).distinct()
    return found.filter(kind__in=rule.kinds) if rule.kinds else found


def _streams(rule: AlertRule) -> dict[int, list[Datastream]]:
    found: dict[int, list[Datastream]] = defaultdict(list)
    for stream in Datastream.objects.filter(observed_property__in=rule.properties).order_by("pk"):
        found[stream.thing_id].append(stream)
    return found


def _key(rule: AlertRule, thing: Thing, commune: str | None) -> Any:
    if rule.together == "part_of" and thing.part_of_id:
        return ("part_of", thing.part_of_id)
    if rule.together == "commune":
        return ("commune", commune)
    return "territory" if rule.together == "territory" else ("thing", thing.pk)


def groups(
    rule: AlertRule,
    chosen: list[Lot],
    units: dict[str, str],
    now: dt.datetime,
    open_since: Mapping[int, dt.datetime] = MappingProxyType({}),
) -> Iterator[tuple[Lot, Group]]:
    """Each group with its readings of the last `days`; the units are those that the usage declares.

    Where a fault is open (things with when it began), `days` are those before it.
    """
    days = dt.timedelta(days=rule.days)
    for some in _in_chunks(chosen, open_since):
        since = min([now, *(open_since[one.pk] for lot in some for one in _all_of(lot) if one.pk in open_since)])
        start = min(now - days, max(since - days, now - dt.timedelta(days=LONGEST_DAYS)))
        windows = _windows([stream for lot in some for stream in lot.streams], units, start, now)
        for lot in some:
            subjects = tuple(_subject(one, windows, open_since) for one in lot.things)
            parent = _subject(lot.parent, windows, open_since) if lot.parent is not None else None
            yield lot, Group(subjects, start, now, parent)


def _all_of(lot: Lot) -> list[Thing]:
    return [*lot.things, *([lot.parent] if lot.parent is not None else [])]


def _in_chunks(chosen: list[Lot], open_since: Mapping[int, dt.datetime]) -> Iterator[list[Lot]]:
    """Some lots at a time; one by one those that are looked back on further."""
    apart = [lot for lot in chosen if any(one.pk in open_since for one in _all_of(lot))] if open_since else []
    alone = {id(lot) for lot in apart}
    yield from ([lot] for lot in apart)
    some: list[Lot] = []
    held = 0
    for lot in chosen:
        if id(lot) in alone:
            continue
        if some and held + len(lot.streams) > STREAMS_AT_ONCE:
            yield some
            some, held = [], 0
        some.append(lot)
        held += len(lot.streams)
    if some:
        yield some


def _subject(thing: Thing, windows: dict[int, dict[str, Window]], open_since: Mapping[int, dt.datetime]) -> Subject:
    return Subject(
        thing=thing.pk, name=thing.name, kind=thing.kind, parent=thing.part_of_id, commune=thing.commune_id,
        longitude=thing.longitude, latitude=thing.latitude, attributes=thing.attributes,
        windows=windows.get(thing.pk, {}), open_since=open_since.get(thing.pk),
    )  # fmt: skip


def _windows(
    streams: list[Datastream], units: dict[str, str], start: dt.datetime, now: dt.datetime
) -> dict[int, dict[str, Window]]:
    """Windows by thing and property, true values in the declared unit."""
    made: dict[int, dict[str, Window]] = defaultdict(dict)
    once = list({stream.pk: stream for stream in streams}.values())
    if not once:
        return made
    columns = gathered_of([stream.pk for stream in once], micros(start) + 1, micros(now))
    rules = rules_for(once)
    for stream in once:
        low, high = np.searchsorted(columns["datastream"], [stream.pk, stream.pk + 1])
        time = columns["time"][low:high]
        value = _true(rules[stream.pk], time, columns["value"][low:high])
        unit = units.get(stream.observed_property, stream.unit)
        try:
            scale, shift = converter(stream.unit, unit)
        except Refused:
            scale, shift, unit = 1.0, 0.0, stream.unit
        value = value * scale + (0.0 if stream.kind in PER_HOUR else shift)
        length = columns["length"][low:high].astype(np.int32)
        made[stream.thing_id][stream.observed_property] = Window(time, length, value, unit, stream.kind, stream.pk)
    return made


def _true(rule: Rule, time: NDArray[np.datetime64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stored values with the factor and offset of the deployment that served them."""
    made = value.copy()
    for one in rule.served:
        if one.factor != 1.0 or one.offset != 0.0:
            within = (time > one.starts) & (True if one.ends is None else time <= one.ends)
            made[within] = value[within] * one.factor + one.offset
    return made
