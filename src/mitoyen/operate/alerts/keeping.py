"""One life for every alert: opens once, is brought up to date, groups, is raised, closes by itself, opens anew.

`settle` is told what a rule sees now and which things it looked at. All of it is one transaction, taken in turn: two
workers that look at the same readings, or one that is killed and begins again, leave what one alone would have left.
"""

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from mitoyen.history.faults import moment
from mitoyen.history.models import Datastream
from mitoyen.ledger.turns import in_turn
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts.enums import Act, AlertState, Level
from mitoyen.operate.alerts.models import STILL_OPEN, Alert, AlertFact
from mitoyen.operate.detect import Sighting
from mitoyen.territory.models import Thing

ITSELF = "mitoyen"
LEVELS = tuple(Level)
# One that was set aside is followed without a word until the readings no longer show it; then it may open anew.
FOLLOWED = Q(state__in=STILL_OPEN) | Q(state=AlertState.DISMISSED, closed_at=None)
_UPDATED = ("since", "seen_last", "sure", "facts", "covers", "people", "level", "state", "closed_at", "escalated_at")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """How many alerts of the rule opened, closed by themselves, were raised; how many are open now."""

    opened: int = 0
    closed: int = 0
    raised: int = 0
    open: int = 0


def settle(
    usage: str, rule: AlertRule, sightings: Iterable[Sighting], examined: Collection[int], now: datetime
) -> Settled:
    """Bring a rule's alerts to what it sees. Idempotent, and safe under several workers.

    `sightings` are all that the rule sees in the things `examined` (numbers); an open alert of one of those that is
    not among them is over. `now` is how far the readings were looked at: a pass that looked less far than another one
    neither closes nor opens what the other settled.
    """
    seen = {key_of(usage, rule.name, one): one for one in sightings}
    if not seen and not _followed(usage, rule.name).exists():
        return Settled()
    with in_turn(), transaction.atomic():
        _alone(usage, rule.name)
        known = {alert.key: alert for alert in _followed(usage, rule.name)}
        fresh = [one for key, one in seen.items() if key not in known]
        opened = _open(usage, rule, _not_outdated(usage, rule.name, fresh, now), now)
        changed = [alert for key, alert in known.items() if key in seen and _bring_up(alert, seen[key], rule)]
        gone = _close([a for key, a in known.items() if key not in seen], frozenset(examined), now)
        raised = _raise([*opened, *(a for a in known.values() if a.closed_at is None)], rule, now)
        _save([*changed, *gone, *raised])
        if opened or gone or any(alert.covers for alert in changed):
            _group(usage)
        moment("alerts_settle")
        closed = sum(alert.state == AlertState.CLOSED for alert in gone)
        still = sum(a.state in STILL_OPEN for a in (*known.values(), *opened))
    return Settled(len(opened), closed, len(raised), still)


def key_of(usage: str, rule: str, sighting: Sighting) -> str:
    """`usage/rule/thing/mark`: what is open once at a time."""
    return "/".join(part for part in (usage, rule, str(sighting.thing), sighting.mark) if part)[:240]


def _followed(usage: str, rule: str) -> QuerySet[Alert]:
    return Alert.objects.filter(FOLLOWED, usage=usage, rule=rule)


def _alone(usage: str, rule: str) -> None:
    """SQLite has one writer at a time; on PostgreSQL those of one rule wait for each other."""
    if connection.vendor == "postgresql":
        number = int.from_bytes(hashlib.sha256(f"{usage}/{rule}".encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _not_outdated(usage: str, rule: str, fresh: list[Sighting], now: datetime) -> list[Sighting]:
    """Without what a pass that looked further found to be over."""
    later: set[str] = set()
    keys = [key_of(usage, rule, one) for one in fresh]
    for at in range(0, len(keys), _AT_ONCE):
        chunk = Alert.objects.filter(key__in=keys[at : at + _AT_ONCE], closed_at__gt=now)
        later.update(chunk.values_list("key", flat=True))
    return [one for key, one in zip(keys, fresh, strict=True) if key not in later]


def _open(usage: str, rule: AlertRule, fresh: list[Sighting], now: datetime) -> list[Alert]:
    things: dict[int, Thing] = {}
    numbers = list({one.thing for one in fresh})
    for at in range(0, len(numbers), _AT_ONCE):
        things |= Thing.objects.select_related("part_of").in_bulk(numbers[at : at + _AT_ONCE])
    streams = _streams(fresh)
    made = [
        Alert(
            key=key_of(usage, rule.name, one),
            usage=usage,
            rule=rule.name,
            thing=things[one.thing],
            datastream_id=streams.get((one.thing, one.observed_property)),
            commune_id=_commune_of(things[one.thing]),
            level=one.level or rule.level,
            since=one.since,
            opened_at=now,
            seen_last=one.last,
            sure=one.sure,
            facts=plain(one.facts),
            covers=list(one.covers),
            people=people_of(one, things[one.thing]),
        )
        for one in fresh
        if one.thing in things
    ]
    return Alert.objects.bulk_create(made, batch_size=_AT_ONCE)


def _streams(sightings: list[Sighting]) -> dict[tuple[int, str], int]:
    told = {(one.thing, one.observed_property) for one in sightings if one.observed_property}
    things = [thing for thing, _property in told]
    found: dict[tuple[int, str], int] = {}
    for at in range(0, len(things), _AT_ONCE):
        rows = Datastream.objects.filter(thing__in=things[at : at + _AT_ONCE])
        for pk, thing, observed in rows.values_list("pk", "thing_id", "observed_property"):
            found[thing, observed] = pk
    return found


def _commune_of(thing: Thing) -> str | None:
    return thing.commune_id or (thing.part_of.commune_id if thing.part_of else None)


def people_of(sighting: Sighting, thing: Thing) -> int | None:
    """How many people it concerns: as the sighting says it, or the thing's (or its carrier's) `people` or `users`."""
    carriers = [thing.attributes, thing.part_of.attributes if thing.part_of else {}]
    for told in (sighting.facts, *carriers):
        for name in ("people", "users"):
            value = told.get(name)
            if isinstance(value, int | float) and value >= 0 and math.isfinite(value):
                return int(value)
    return None


def _bring_up(alert: Alert, sighting: Sighting, rule: AlertRule) -> bool:
    """Bring an alert up to what is seen; False when nothing changed."""
    level = sighting.level or rule.level
    values: dict[str, Any] = {
        "since": min(alert.since, sighting.since),
        "seen_last": max(alert.seen_last, sighting.last),
        "sure": sighting.sure,
        "facts": plain(sighting.facts),
        "covers": list(sighting.covers),
        "level": above(level) if alert.escalated_at else level,
    }
    if sighting.last < alert.seen_last:
        return False
    changed = {name: value for name, value in values.items() if getattr(alert, name) != value}
    for name, value in changed.items():
        setattr(alert, name, value)
    return bool(changed)


def _close(alerts: list[Alert], examined: frozenset[int], now: datetime) -> list[Alert]:
    """Those of things that were looked at: over. A person's decision to set one aside stands."""
    gone = [alert for alert in alerts if alert.thing_id in examined and alert.seen_last <= now]
    for alert in gone:
        alert.closed_at = now
        if alert.state in STILL_OPEN:
            alert.state = AlertState.CLOSED
    return gone


def _raise(alerts: Iterable[Alert], rule: AlertRule, now: datetime) -> list[Alert]:
    """One level up once nobody took it for so long."""
    if not rule.escalate_minutes:
        return []
    limit = now - timedelta(minutes=rule.escalate_minutes)
    due = [a for a in alerts if a.state == AlertState.OPEN and a.escalated_at is None and a.opened_at <= limit]
    for alert in due:
        alert.escalated_at, alert.level = now, above(alert.level)
    AlertFact.objects.bulk_create(AlertFact(alert=alert, at=now, by=ITSELF, act=Act.RAISED) for alert in due)
    return due


def above(level: str) -> Level:
    """The level after this one; danger stays danger."""
    return LEVELS[min(LEVELS.index(Level(level)) + 1, len(LEVELS) - 1)]


def _save(alerts: Iterable[Alert]) -> None:
    once = list({alert.pk: alert for alert in alerts}.values())
    if once:
        Alert.objects.bulk_update(once, _UPDATED, batch_size=200)


def _group(usage: str) -> None:
    """What an open alert covers is told with it, and by itself again once that one is over."""
    live = Alert.objects.filter(FOLLOWED, usage=usage)
    covering = {thing: a for a in sorted(live.exclude(covers=[]), key=lambda a: len(a.covers)) for thing in a.covers}
    moved = []
    for alert in live.filter(Q(part_of__isnull=False) | Q(thing__in=_some(covering))):
        by = covering.get(alert.thing_id)
        # Of two that cover each other, the one that covers more stands for both.
        right = by.pk if by is not None and by.pk != alert.pk and len(alert.covers) < len(by.covers) else None
        if alert.part_of_id != right:
            alert.part_of_id = right
            moved.append(alert)
    Alert.objects.bulk_update(moved, ("part_of",), batch_size=200)


def _some(covering: Mapping[int, Alert]) -> Any:
    """Numbers of the covered things: as a list, or as every thing where they are too many for a query."""
    return list(covering) if len(covering) <= _AT_ONCE else Thing.objects.filter(alerts__isnull=False).values("pk")


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON keeps them: numpy's numbers and times as Python's, nothing that isn't finite."""
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
