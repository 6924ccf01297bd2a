"""Planted faults among healthy controls: precision, recall, delay, and false alarms per 1,000 datastreams a week.

A usage's module (bench/usages/NAME.py) offers `SORTS`, each sort of fault with the rule that must tell it, and makes
trials from a seed. A trial is the readings of one group over the rule's `days` and a week more; what was planted in it
begins in that week. Every rule of code of the usage is run on every trial, again and again in that week, and sees only
what was read by then. What is told of a thing that nothing was planted on is a false alarm, once a thing and rule.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mitoyen.history.times import utc64
from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed, method_of
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Subject, Window

WEEK = dt.timedelta(days=7)
EVERY = dt.timedelta(hours=7)
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Trial:
    """`group` holds all readings. `planted` is the thing at fault, None in a control; at fault from `onset` to the end.
    `excused`: (rule, thing) that may be told besides."""

    group: Group
    planted: int | None = None
    onset: dt.datetime | None = None
    excused: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of fault: the rule that must tell it, and how a trial with one is made; "" for healthy controls."""

    name: str
    rule: str
    make: Callable[[Rng, dt.date], Trial]
    every: dt.timedelta = EVERY


@dataclass(slots=True)
class Score:
    """What came of one sort of fault. `delays` in hours from its onset; `false`: (rule, thing) told wrongly."""

    name: str
    planted: int = 0
    found: int = 0
    false: list[str] = field(default_factory=list)
    datastreams: int = 0
    delays: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else float("nan")

    @property
    def precision(self) -> float:
        told = self.found + len(self.false)
        return self.found / told if told else float("nan")

    @property
    def false_per_thousand(self) -> float:
        """False alarms per 1,000 datastreams a week; each trial runs for a week."""
        return 1000 * len(self.false) / self.datastreams if self.datastreams else float("nan")

    @property
    def delay(self) -> float:
        """Median hours from onset until it is told."""
        return float(np.median(self.delays)) if self.delays else float("nan")


def run(usage: str, sorts: Sequence[Sort], count: int, seed: int) -> list[Score]:
    """Score each sort on `count` trials. The same seed makes the same trials."""
    found = installed()[usage]
    return [_score(found, sort, count, np.random.default_rng([seed, n])) for n, sort in enumerate(sorts)]


def _score(usage: Usage, sort: Sort, count: int, rng: Rng) -> Score:
    score = Score(sort.name)
    for _ in range(count):
        # Any day of the year: the sun, clocks that change, holidays and watering with it.
        day = dt.date(2025, 1, 1) + dt.timedelta(days=int(rng.integers(365)))
        trial = sort.make(rng, day)
        told = dict(_told(usage, trial, sort.every))
        score.datastreams += sum(len(one.windows) for one in _things(trial.group))
        if trial.planted is not None:
            score.planted += 1
            first = told.pop((sort.rule, trial.planted), None)
            if first is not None and trial.onset is not None and first >= trial.onset:
                score.found += 1
                score.delays.append((first - trial.onset).total_seconds() / 3600)
            elif first is not None:
                score.false.append(sort.rule)
        score.false += [rule for rule, thing in told if (rule, thing) not in trial.excused]
    return score


def _told(usage: Usage, trial: Trial, every: dt.timedelta = EVERY) -> Iterator[tuple[tuple[str, int], dt.datetime]]:
    """(rule, thing) with the hour at which it is first told, in the last week of the trial."""
    seen: set[tuple[str, int]] = set()
    end = trial.group.now
    for rule in usage.manifest.alerts:
        if rule.method != "code":
            continue
        function = method_of(usage, rule)
        now = end - WEEK
        while now <= end:
            for group in _as_grouped(rule, _until(trial.group, now - dt.timedelta(days=rule.days), now)):
                for sighting in function(rule, group):
                    if (rule.name, sighting.thing) not in seen:
                        seen.add((rule.name, sighting.thing))
                        yield (rule.name, sighting.thing), now
            now += every


def _as_grouped(rule: AlertRule, group: Group) -> Iterator[Group]:
    """The group as the rule sees it: of its kinds, with its properties, one thing at a time or together."""
    things = [one for one in _things(group) if not rule.kinds or one.kind in rule.kinds]
    if rule.together == "thing":
        yield from (Group((one,), group.start, group.now) for one in things)
    else:
        members = tuple(one for one in things if one is not group.parent)
        yield Group(members, group.start, group.now, group.parent)


def _things(group: Group) -> list[Subject]:
    return [*group.subjects, *([group.parent] if group.parent else [])]


def _until(group: Group, start: dt.datetime, now: dt.datetime) -> Group:
    low, high = utc64(start), utc64(now)

    def cut(one: Subject) -> Subject:
        return replace(one, windows={name: _slice(window, low, high) for name, window in one.windows.items()})

    return Group(tuple(map(cut, group.subjects)), start, now, cut(group.parent) if group.parent else None)


def _slice(window: Window, low: np.datetime64, high: np.datetime64) -> Window:
    first, last = np.searchsorted(window.time, [low, high], side="right")
    rows = slice(first, last)
    return replace(window, time=window.time[rows], length_s=window.length_s[rows], value=window.value[rows])


# What modules make readings with.


def clock(day: dt.date, lookback: int, minutes: int) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Instants every `minutes` from `lookback` days before a local day on until a week after it (UTC)."""
    first = utc64(dt.datetime.combine(day - dt.timedelta(days=lookback), dt.time(), dt.UTC))
    count = (lookback + 7) * 24 * 60 // minutes
    return np.asarray(first + np.arange(1, count + 1) * np.timedelta64(minutes, "m"), "M8[us]")


def span(day: dt.date, lookback: int) -> tuple[dt.datetime, dt.datetime]:
    """Start and end (UTC) of a trial whose last week begins on a day."""
    noon = dt.datetime.combine(day, dt.time(), dt.UTC)
    return noon - dt.timedelta(days=lookback), noon + WEEK


def heard(rng: Rng, window: Window, *, lost: float = 0.03, hole: float = 0.1) -> Window:
    """The window as a radio delivers it: single readings lost, and sometimes a hole of hours."""
    kept = rng.random(len(window.time)) >= lost
    if rng.random() < hole and len(window.time):
        at = int(rng.integers(len(window.time)))
        kept[at : at + max(1, int(len(kept) * rng.uniform(0.005, 0.06)))] = False
    return replace(window, time=window.time[kept], length_s=window.length_s[kept], value=window.value[kept])


def gauge(time: Any, value: Any, unit: str) -> Window:
    return Window(time, np.zeros(len(time), np.int32), np.asarray(value, np.float64), unit, "gauge")
