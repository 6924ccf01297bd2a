"""Which alerts matter most: the list as agents see it, many of one rule in one commune at once as one line.

Thousands may be open: they are ranked by what ranking needs (`briefs`), and only those that are shown are read whole.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from mitoyen.operate.alerts.enums import AlertState
from mitoyen.operate.alerts.keeping import LEVELS
from mitoyen.operate.alerts.models import STILL_OPEN, Alert
from mitoyen.territory.perms import Scope

# So many of one rule in one commune, each opened at most so long after the one before, are told as one.
MANY = 5
APART = dt.timedelta(minutes=15)


@dataclass(slots=True)
class Brief:
    """What ranks an open alert, and where its thing stands."""

    pk: int
    usage: str
    rule: str
    commune_id: str | None
    state: str
    part_of_id: int | None
    level: str
    people: int | None
    sure: float
    since: dt.datetime
    opened_at: dt.datetime
    name: str
    longitude: float | None
    latitude: float | None
    covered: int = 0


One = TypeVar("One", Alert, Brief)


@dataclass(frozen=True, slots=True)
class Line(Generic[One]):
    """One line of the list: an alert, or the first of several that came together. `parts` are covered by it."""

    alerts: tuple[One, ...]
    parts: int = 0

    @property
    def alert(self) -> One:
        return self.alerts[0]

    @property
    def count(self) -> int:
        return len(self.alerts)

    @property
    def people(self) -> int | None:
        """How many are concerned at least: several alerts in one place may be about the same ones."""
        return max((one.people for one in self.alerts if one.people is not None), default=None)

    @property
    def weight(self) -> tuple[int, int, float, float]:
        """Ranks a line: its level, the people concerned, how sure it is, then the older first."""
        level = max(LEVELS.index(one.level) for one in self.alerts)
        sure = max(one.sure for one in self.alerts)
        return level, self.people or 0, round(sure, 1), -min(one.since for one in self.alerts).timestamp()


def open_alerts(held: Scope | None = None, commune: str = "", usage: str = "") -> QuerySet[Alert]:
    """Those open or in hand, within a scope, of one commune or usage."""
    found = _open(held).select_related("thing", "commune", "datastream").defer("commune__geometry")
    if commune:
        found = found.filter(commune_id=commune)
    return found.filter(usage=usage) if usage else found


def briefs(held: Scope | None = None, **where: str | None) -> list[Brief]:
    """Those open or in hand within a scope (and as `where` says), as far as their rank needs it. Two queries."""
    found = _open(held).filter(**where).order_by()
    rows = found.values_list(
        "pk", "usage", "rule", "commune_id", "state", "part_of_id", "level", "people", "sure", "since", "opened_at",
        "thing__name", "thing__longitude", "thing__latitude",
    )  # fmt: skip
    covering = dict(found.exclude(covers=[]).values_list("pk", "covers"))
    return [Brief(*row, covered=len(covering.get(row[0], ()))) for row in rows]


def whole(some: Iterable[Alert | Brief]) -> dict[int, Alert]:
    """These alerts with all that a page tells of them, by number."""
    found = Alert.objects.select_related("thing", "commune", "datastream").defer("commune__geometry")
    return found.in_bulk([one.pk for one in some])


def _open(held: Scope | None) -> QuerySet[Alert]:
    found = Alert.objects.filter(state__in=STILL_OPEN)
    return held.restrict(found) if held is not None else found


def lines(alerts: Iterable[One]) -> list[Line[One]]:
    """What to show, the most important first; those that another one covers are told with it."""
    those = list(alerts)
    shown = {alert.pk for alert in those}
    parts: dict[int, int] = defaultdict(int)
    groups: dict[tuple[str, str, str | None, str], list[One]] = defaultdict(list)
    for alert in those:
        if alert.part_of_id in shown and alert.part_of_id is not None:
            parts[alert.part_of_id] += 1
        else:
            groups[alert.usage, alert.rule, alert.commune_id, alert.state].append(alert)
    made = [
        Line(tuple(run), sum(max(parts[one.pk], one.covered) for one in run))
        for group in groups.values()
        for run in _together(group)
    ]
    return sorted(made, key=lambda line: line.weight, reverse=True)


def _together(group: list[One]) -> list[list[One]]:
    """Runs of alerts that opened one after the other; a few stay single."""
    ordered = sorted(group, key=lambda one: (one.opened_at, one.pk))
    runs: list[list[One]] = []
    for alert in ordered:
        if runs and alert.opened_at - runs[-1][-1].opened_at <= APART:
            runs[-1].append(alert)
        else:
            runs.append([alert])
    made: list[list[One]] = []
    for run in runs:
        made += [sorted(run, key=lambda one: one.since)] if len(run) >= MANY else [[one] for one in run]
    return made


def public_lines(commune: str) -> list[tuple[Alert, Sequence[Alert]]]:
    """What a commune's page tells: the alerts of each rule that is open there, with all those of its kind; the most
    important first. Those that another one covers are not counted again."""
    groups: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in open_alerts(commune=commune).filter(part_of=None):
        groups[alert.usage, alert.rule].append(alert)
    ranked = sorted(
        (Line(tuple(sorted(g, key=lambda one: one.since))) for g in groups.values()), key=lambda line: line.weight
    )
    return [(line.alert, line.alerts) for line in reversed(ranked)]


def counts(held: Scope | None = None) -> dict[str, int]:
    """How many are open by commune (INSEE code), covered ones apart."""
    found: dict[str, int] = defaultdict(int)
    for commune in open_alerts(held).filter(part_of=None).values_list("commune_id", flat=True):
        found[commune or ""] += 1
    return dict(found)


def age(alert: Alert) -> dt.timedelta:
    """How long it has lasted."""
    ended = alert.state in (AlertState.CLOSED,) and alert.closed_at
    return (ended or timezone.now()) - alert.since
