"""Rows of a file against the register: what is new, what changed, under which name; then written in bulk."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.mapping import Mapping
from mitoyen.territory.models import Thing
from mitoyen.territory.register import slug_from
from mitoyen.territory.rows import Row

_WRITTEN = ["name", "kind", "commune", "part_of", "longitude", "latitude", "attributes", "source", "source_key"]
_AT_ONCE = 2000


@dataclass
class Plan:
    """What writing will do: `new` and `changed` things not yet saved, and a result for each row."""

    new: list[Thing] = field(default_factory=list)
    changed: list[Thing] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Ground] = field(default_factory=list)
    communes: dict[str, int] = field(default_factory=dict)
    without_commune: int = 0
    gone: int = 0


def plan_of(rows: list[Row], mapping: Mapping, *, named_source: bool) -> Plan:
    """Compare the rows, one a key, with the register.

    A thing that was made before without any source, under the name that a row would get, is adopted by that row.
    Raises Refused when the file's keys are already known under another source and none was named: it would double them.
    """
    known = {thing.source_key: thing for thing in Thing.objects.filter(source=mapping.source).exclude(source_key="")}
    if not known and not named_source:
        _check_not_elsewhere(rows, mapping)
    names = _Names(mapping)
    parents = _parents(rows) if mapping.part_of else {}
    plan, communes = Plan(gone=len(set(known) - {row.key for row in rows})), Counter[str]()
    for row in rows:
        parent = parents.get(row.part_of)
        if row.part_of and parent is None:
            says = _("no building is known as %(name)r") % {"name": row.part_of[:60]}
            plan.refused.append(Ground("no_parent", says, row.line))
            continue
        thing, result = known.get(row.key), "unchanged"
        if thing is None:
            thing = names.adopted(row)
            result = "adopted" if thing else "new"
        thing = thing or Thing(slug=names.free(row), kind=mapping.kind, source=mapping.source, source_key=row.key)
        changed = _told(thing, row, parent, mapping)
        if result == "new":
            plan.new.append(thing)
        elif changed or result == "adopted":
            result = "changed" if result == "unchanged" else result
            plan.changed.append(thing)
        plan.results.append({"line": row.line, "key": row.key, "thing": thing.slug, "result": result})
        communes[thing.commune_id or ""] += 1
    plan.without_commune = communes.pop("", 0)
    plan.communes = dict(sorted(communes.items()))
    return plan


def write(plan: Plan, tell: Callable[[int, int, str], None]) -> None:
    """Save what the plan holds, inside the caller's transaction."""
    total, done = len(plan.new) + len(plan.changed), 0
    for start in range(0, len(plan.new), _AT_ONCE):
        part = plan.new[start : start + _AT_ONCE]
        Thing.objects.bulk_create(part)
        done += len(part)
        tell(done, total, _("writing"))
    for start in range(0, len(plan.changed), _AT_ONCE):
        part = plan.changed[start : start + _AT_ONCE]
        Thing.objects.bulk_update(part, _WRITTEN, batch_size=200)
        done += len(part)
        tell(done, total, _("writing"))


def _told(thing: Thing, row: Row, parent: Thing | None, mapping: Mapping) -> bool:
    """Put what the row says into the thing; whether that changed it. What the row does not say stays.

    Attributes that an agent added stay too: the file only speaks for its own columns.
    """
    before = [getattr(thing, f.attname) for f in Thing._meta.concrete_fields if f.name in _WRITTEN]
    thing.source, thing.source_key, thing.kind = mapping.source, row.key, mapping.kind
    if row.name or not thing.name:
        thing.name = row.name or _name_without(row, thing.slug)
    if row.lon is not None:
        thing.longitude, thing.latitude = row.lon, row.lat
    if parent is not None:
        thing.part_of = parent
    if row.commune != "":
        thing.commune_id = row.commune
    elif parent is not None and thing.commune_id is None:
        thing.commune_id = parent.commune_id
    thing.attributes = {**(thing.attributes or {}), **row.attributes}
    return before != [getattr(thing, f.attname) for f in Thing._meta.concrete_fields if f.name in _WRITTEN]


def _name_without(row: Row, slug: str) -> str:
    return slug if row.key.startswith("@") else row.key[:160]


def _check_not_elsewhere(rows: list[Row], mapping: Mapping) -> None:
    keys = [row.key for row in rows]
    elsewhere: Counter[str] = Counter()
    for part in _parts(keys):
        same = Thing.objects.filter(kind=mapping.kind, source_key__in=part).exclude(source=mapping.source)
        elsewhere.update(same.values_list("source", flat=True))
    if elsewhere and (most := elsewhere.most_common(1)[0])[1] >= 0.5 * len(keys):
        raise Refused(
            _("%(n)s of these things are known already, from %(source)r.") % {"n": most[1], "source": most[0]},
            _("If this is a newer file of the same register, add --source %(source)r; if not, give it another name.")
            % {"source": most[0]},
            code="other_source",
        )


def _parents(rows: Iterable[Row]) -> dict[str, Thing]:
    """The things that rows are part of, by their name for addresses or by their key in the register they came from."""
    wanted = sorted({row.part_of for row in rows if row.part_of})
    found: dict[str, Thing] = {}
    for part in _parts(wanted):
        for thing in Thing.objects.filter(source_key__in=part).exclude(kind="meter").order_by("-pk"):
            found[thing.source_key] = thing
        for thing in Thing.objects.filter(slug__in=part):
            found[thing.slug] = thing
    return found


def _parts(texts: list[str]) -> Iterable[list[str]]:
    """In portions that a query's parameters can hold."""
    return (texts[start : start + 500] for start in range(0, len(texts), 500))


class _Names:
    """Names for addresses: the key where it can be one, else the source with the key; never one that is taken."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.stem = slug_from(mapping.source.rsplit(".", 1)[0], 60) or mapping.kind
        self.taken = set(Thing.objects.values_list("slug", flat=True))
        self.without_source = {thing.slug: thing for thing in Thing.objects.filter(source="", source_key="")}

    def adopted(self, row: Row) -> Thing | None:
        """A thing made before the register was known (by importing its readings first), if this row is it."""
        thing = self.without_source.get(slug_from(row.key)) if self.without_source else None
        if thing is None or thing.kind != self.mapping.kind:
            return None
        return self.without_source.pop(thing.slug)

    def free(self, row: Row) -> str:
        key = "" if row.key.startswith("@") else slug_from(row.key, 60)
        if not key:
            key = hashlib.sha256(row.key.encode("utf-8")).hexdigest()[:10]
        wanted = (
            key if any(letter.isalpha() for letter in key) and not row.key.startswith("@") else f"{self.stem}-{key}"
        )
        slug, n = wanted, 1
        while slug in self.taken:
            n += 1
            slug = f"{self.stem}-{key}" if n == 2 and wanted == key else f"{self.stem}-{key}-{n}"
        self.taken.add(slug)
        return slug
