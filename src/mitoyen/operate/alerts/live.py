"""Declared rules that follow the journal: what came in since the last look, told to each rule, then settled."""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils import timezone

from mitoyen.history import journal
from mitoyen.history.gather import gathered_of
from mitoyen.history.times import micros
from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts import methods
from mitoyen.operate.alerts.keeping import FOLLOWED, Settled, settle
from mitoyen.operate.alerts.memory import HOUR_US, NEVER, Memory, Rows
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.watched import Ints, Watched, mark_of, watched
from mitoyen.operate.detect import Sighting

Columns = Mapping[str, Any]
# What is seen is written again this often while nothing opens or closes.
REFRESHED = dt.timedelta(minutes=1)
# Whether what rules watch has changed.
ASKED_AGAIN = dt.timedelta(seconds=10)
# Longer than this, or than half again the usual interval, without any reading at all: it is the platform that is deaf.
DEAF_US = 5 * methods.MINUTE_US
AHEAD_US = 15 * methods.MINUTE_US
READ_AT_ONCE = 4_000_000
LOOKED_BACK = dt.timedelta(hours=24)
AFTER_A_GAP = dt.timedelta(minutes=20)

logger = logging.getLogger(__name__)


@dataclass
class Watch:
    """One declared rule of a usage, what it watches and what it remembers."""

    usage: Usage
    rule: AlertRule
    watched: Watched
    memory: Memory
    method: methods.Method
    told: Any = None
    settled_at: dt.datetime | None = None
    unwatched: frozenset[int] = frozenset()
    _heard: frozenset[int] = frozenset()
    _heard_count: int = -1

    @classmethod
    def of(cls, usage: Usage, rule: AlertRule, before: "Watch | None" = None) -> "Watch":
        """Made anew, with what is remembered of before, or of the alerts that are open."""
        now = watched(usage, rule)
        memory = before.memory.carried(before.watched, now) if before else Memory.of(len(now))
        made = cls(usage, rule, now, memory, before.method if before else methods.METHODS[rule.method]())
        made._take_up(known=before is not None)
        return made

    def _take_up(self, *, known: bool) -> None:
        name = self.usage.manifest.name
        gone = set()
        for alert in Alert.objects.filter(FOLLOWED, usage=name, rule=self.rule.name):
            at = int(np.searchsorted(self.watched.number, alert.datastream_id or -1))
            if at >= len(self.watched) or self.watched.number[at] != alert.datastream_id:
                gone.add(alert.thing_id)
            elif not known:
                self.memory.recall(at, micros(alert.since), micros(alert.seen_last), alert.facts)
        self.unwatched = frozenset(gone)
        self.told = self.memory.firing.copy()

    def take(self, columns: Columns) -> None:
        """New readings, in any order."""
        for rows, late in self._rounds(columns):
            if late:
                self.method.late(self.rule, self.watched, self.memory, rows)
                continue
            self.method.hear(self.rule, self.watched, self.memory, rows)
            self.memory.hear(rows.at, rows.time)
            self.memory.last[rows.at], self.memory.value[rows.at] = rows.time, rows.value

    def _rounds(self, columns: Columns) -> Iterator[tuple[Rows, bool]]:
        """Late readings, then the first new one of each datastream, the second one…"""
        rows = self._mine(columns)
        late = rows.time <= self.memory.last[rows.at]
        if late.any():
            yield rows.only(late), True
            rows = rows.only(~late)
        if not len(rows.at):
            return
        order = np.lexsort((rows.time, rows.at))
        rows = Rows(rows.at[order], rows.time[order], rows.length[order], rows.value[order])
        new = np.ones(len(rows.at), np.bool_)
        new[1:] = (rows.at[1:] != rows.at[:-1]) | (rows.time[1:] != rows.time[:-1])
        rows = rows.only(new)
        starts = np.flatnonzero(np.concatenate([[True], rows.at[1:] != rows.at[:-1]]))
        rank = np.arange(len(rows.at)) - np.repeat(starts, np.diff([*starts, len(rows.at)]))
        for number in range(int(rank.max()) + 1):
            yield rows.only(rank == number), False

    def _mine(self, columns: Columns) -> Rows:
        """Those of the datastreams watched, as true values in the declared unit."""
        number = columns["datastream"].astype(np.int64)
        at: Ints = np.searchsorted(self.watched.number, number)
        at[at == len(self.watched)] = 0
        mine = self.watched.number[at] == number if len(self.watched) else np.zeros(len(number), np.bool_)
        at = at[mine]
        value = columns["value"][mine] * self.watched.factor[at] + self.watched.offset[at]
        return Rows(at, columns["time"][mine].astype(np.int64), columns["length"][mine].astype(np.int64) * 10**6, value)

    def tick(self, now: int, heard: int) -> None:
        if len(self.watched):
            self.method.tick(self.rule, self.watched, self.memory, now, heard)

    def settle(self, now: dt.datetime) -> Settled:
        """Bring the alerts to what is seen, when something began or ended, else once a minute."""
        firing = self.memory.firing
        changed = bool((firing != self.told).any()) or bool(self.unwatched)
        due = self.settled_at is None or now - self.settled_at >= REFRESHED
        if not changed and not (due and firing.any()):
            return Settled()
        settled = settle(self.usage.manifest.name, self.rule, self._sightings(), self._looked(), now)
        self.told, self.settled_at, self.unwatched = firing.copy(), now, frozenset()
        return settled

    def _sightings(self) -> Iterator[Sighting]:
        several = len(self.watched.properties) > 1
        for at in np.flatnonzero(self.memory.firing).tolist():
            name = self.watched.properties[self.watched.prop[at]]
            yield Sighting(
                thing=int(self.watched.thing[at]),
                since=_moment(self.memory.begun[at]),
                last=_moment(self.memory.seen[at]),
                sure=methods.sure_of(self.rule, self.memory, at),
                mark=name if several else "",
                observed_property=name,
                facts=methods.facts_of(self.rule, self.watched, self.memory, at),
            )

    def _looked(self) -> frozenset[int]:
        heard = self.memory.last != NEVER
        count = int(heard.sum())
        if count != self._heard_count:
            self._heard, self._heard_count = frozenset(self.watched.thing[heard].tolist()), count
        return self._heard | self.unwatched


@dataclass
class Rules:
    """Every declared rule of the installed usages, following the journal from where it stands."""

    watches: list[Watch] = field(default_factory=list)
    cursor: int = -1
    heard: int = NEVER
    behind_s: float = 0.0
    _mark: Any = None
    _marked_at: dt.datetime | None = None

    def look(self, now: dt.datetime | None = None) -> Settled:
        """One pass: what came in since, time, and what that makes of the alerts."""
        began = now or timezone.now()
        self._load(began)
        more = True
        while more:
            news = journal.news(self.cursor)
            if not news.whole:
                self._read_back(began - AFTER_A_GAP, began, micros(began))
            self._take(news.columns, micros(began))
            self.cursor, more = news.cursor, news.more
        self._tick(micros(began))
        done = [watch.settle(began) for watch in self.watches]
        self.behind_s = (timezone.now() - began).total_seconds()
        return Settled(*(sum(getattr(one, name) for one in done) for name in Settled.__slots__))

    def _load(self, now: dt.datetime) -> None:
        """Begin, or take up what changed: usages switched on, tunings, new datastreams, deployments."""
        if self._marked_at is not None and now - self._marked_at < ASKED_AGAIN:
            return
        self._marked_at = now
        mark = mark_of(timezone.localdate(now))
        if mark == self._mark:
            return
        first = self._mark is None
        before = {(one.usage.manifest.name, one.rule.name): one for one in self.watches}
        if first:
            self.cursor = journal.news().cursor
        self.watches = [
            Watch.of(usage, rule, before.get((name, rule.name)))
            for name, usage in installed().items()
            for rule in usage.manifest.alerts
            if rule.method in methods.METHODS
        ]
        self._mark = mark
        if first:
            self._read_back(now - LOOKED_BACK, now, None)

    def _read_back(self, start: dt.datetime, now: dt.datetime, heard: int | None) -> None:
        """What the history holds of these last hours, hour by hour, so that nothing has to be waited for again."""
        numbers = sorted({int(one) for watch in self.watches for one in watch.watched.number})
        if not numbers:
            return
        # A day of a large territory is more than what is needed to begin: hours that hold so many rows at most.
        hours = max(1, min(round((now - start) / dt.timedelta(hours=1)), READ_AT_ONCE // (4 * len(numbers))))
        first = max(micros(start), micros(now) - hours * HOUR_US)
        for low in range(first, micros(now), HOUR_US):
            high = min(low + HOUR_US, micros(now))
            columns = gathered_of(numbers, low + 1, high)
            columns["time"] = columns["time"].astype(np.int64)
            self._take(columns, heard)
            self._tick(high)

    def _take(self, columns: Columns, now: int | None) -> None:
        """`now`: they came in just now; else they are heard of at their own time."""
        if not len(columns["time"]):
            return
        if now is not None:
            # One whose clock is ahead would make all that follows it late.
            sane = columns["time"] <= now + AHEAD_US
            columns = {name: column[sane] for name, column in columns.items()}
            if self.heard != NEVER and now - self.heard > self._deaf(now):
                for watch in self.watches:
                    watch.memory.back = now
        self.heard = max(self.heard, int(columns["time"].max(initial=NEVER)) if now is None else now)
        for watch in self.watches:
            watch.take(columns)

    def _tick(self, now: int) -> None:
        heard = min(now, self.heard + self._deaf(now)) if self.heard != NEVER else NEVER
        for watch in self.watches:
            watch.tick(now, heard)

    def _deaf(self, now: int) -> int:
        """How long nothing at all may come before the platform must be deaf."""
        if now - self.heard <= DEAF_US:
            return DEAF_US
        usual = np.concatenate([watch.memory.usual for watch in self.watches] or [np.empty(0)])
        usual = usual[np.isfinite(usual)]
        return max(DEAF_US, int(1.5 * np.median(usual))) if len(usual) else DEAF_US


def _moment(time: Any) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=int(time))
