"""The methods that an alert rule declares, over all its datastreams at once.

Each is told new readings (`hear`: at most one of each datastream at once, none older than its last), those that come
late, and that time went on (`tick`). None knows a usage by name.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import PARIS
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts.memory import HOUR_US, LEAST_GAPS, NEVER, Memory, Rows
from mitoyen.operate.alerts.watched import Flags, Floats, Ints, Watched
from mitoyen.operate.methods import in_season

MINUTE_US = 60_000_000
# A mean counts when so much of its time was read, as the directives on air quality want it.
LEAST_COVERED = 0.75
# Readings of an hour may come in this much after it.
GRACE_US = 2 * MINUTE_US
FRESH_US = 2 * HOUR_US
_THINNED = 6


class Method(Protocol):
    """How a rule sees a fault: `rule` and what it watches are given with each call, `Memory` is its own."""

    def hear(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None: ...
    def late(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None: ...
    def tick(self, rule: AlertRule, watched: Watched, memory: Memory, now: int, heard: int) -> None: ...


class Quiet:
    """What most methods do with late readings, and when time goes on: nothing."""

    def late(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
        """A late old reading never becomes the latest."""

    def tick(self, rule: AlertRule, watched: Watched, memory: Memory, now: int, heard: int) -> None:
        """Only readings change anything."""


class Threshold(Quiet):
    """Above or below a limit, or its mean over `averaging_minutes`; over once it is past `clear` again."""

    def hear(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
        value = an_hour(watched, memory, rows)
        if rule.averaging_minutes:
            self._gather(rule, memory, replace(rows, value=value))
        else:
            _judge_limits(rule, watched, memory, replace(rows, value=value))

    def late(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
        """A late reading still belongs to its mean; an index' rise can't be told from one reading alone."""
        told = watched.kind[rows.at] != "counter"
        if rule.averaging_minutes and told.any():
            some = rows.only(told)
            self._gather(rule, memory, replace(some, value=an_hour(watched, memory, some)))

    def tick(self, rule: AlertRule, watched: Watched, memory: Memory, now: int, heard: int) -> None:
        """Look at the means of the time that has just ended: clock hours, and every hour for longer means."""
        if not rule.averaging_minutes or "bin" not in memory.more:
            return
        width, bins = _bins(rule)
        ended = (now - GRACE_US) // width - 1
        newest, told = memory.more["bin"][:, 0], memory.more["told"][:, 0]
        due = np.flatnonzero((newest != NEVER) & (told < ended) & (newest >= ended - bins))
        if not len(due):
            return
        ring = memory.more["sum"].shape[1]
        wanted = (ended - np.arange(bins)) % ring
        held = memory.more["of"][due][:, wanted] == ended - np.arange(bins)
        counts = np.where(held, memory.more["count"][due][:, wanted], 0)
        sums = np.where(held, memory.more["sum"][due][:, wanted], 0.0).sum(axis=1)
        total, most = counts.sum(axis=1), memory.more["most"][due, 0]
        covered = total >= LEAST_COVERED * most * bins
        told[due] = ended
        due, mean = due[covered], sums[covered] / np.maximum(total[covered], 1)
        end, length = (np.full(len(due), one, np.int64) for one in ((ended + 1) * width, width * bins))
        _judge_limits(rule, watched, memory, Rows(due, end, length, mean))

    def _gather(self, rule: AlertRule, memory: Memory, rows: Rows) -> None:
        """Add readings to the means of their time. A reading belongs to the time that it ends."""
        value = rows.value
        width, bins = _bins(rule)
        ring = bins + 2
        count = len(memory.last)
        more = memory.more
        if "bin" not in more:
            more["bin"], more["told"] = (np.full((count, 1), NEVER, np.int64) for _ in range(2))
            more["of"] = np.full((count, ring), NEVER, np.int64)
            more["sum"], more["count"] = np.zeros((count, ring)), np.zeros((count, ring), np.int32)
            more["most"] = np.zeros((count, 1), np.int32)
        which = (rows.time - 1) // width
        good = np.isfinite(value) & (which > more["bin"][rows.at, 0] - ring)
        at, which, value = rows.at[good], which[good], value[good]
        place = which % ring
        new = more["of"][at, place] != which
        more["sum"][at[new], place[new]], more["count"][at[new], place[new]] = 0.0, 0
        more["of"][at, place] = which
        more["sum"][at, place] += value
        more["count"][at, place] += 1
        more["most"][at, 0] = np.maximum(more["most"][at, 0], more["count"][at, place])
        # What was told of a time is told again once a late reading changed it.
        more["told"][at, 0] = np.where(which <= more["told"][at, 0], which - 1, more["told"][at, 0])
        more["bin"][at, 0] = np.maximum(more["bin"][at, 0], which)


class Rate(Quiet):
    """Rises or falls faster than so much an hour, over `averaging_minutes`."""

    def hear(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
        over = rule.averaging_minutes * MINUTE_US
        more = memory.more
        if "then" not in more:
            count = len(memory.last)
            more["then"], more["was"] = np.full((count, 8), NEVER, np.int64), np.full((count, 8), np.nan)
            more["next"] = np.zeros((count, 1), np.int32)
        rate = self._rate(memory, rows, over)
        memory.other[rows.at] = rate
        limits = watched.limits
        beyond = np.zeros(len(rows.at), np.bool_)
        past = np.isfinite(rate)
        for name, sign in (("rise_an_hour", 1.0), ("fall_an_hour", -1.0)):
            if name in limits:
                limit = limits[name][rows.at]
                beyond |= sign * rate > limit
                past &= sign * rate <= limits.get("clear", limits[name])[rows.at]
        beyond, past = _when(rule, rows.time, beyond, past)
        memory.shown[rows.at] = rows.value
        spent = replace(rows, length=np.full(len(rows.at), over, np.int64))
        memory.judge(spent, beyond, past & ~beyond, watched.minutes[rows.at])
        self._keep(memory, rows, over)

    def _rate(self, memory: Memory, rows: Rows, over: int) -> Floats:
        """Per hour, against the reading whose age is nearest to the time asked for."""
        then, was = memory.more["then"][rows.at], memory.more["was"][rows.at]
        age = np.where(then == NEVER, np.inf, (rows.time[:, None] - then).astype(np.float64))
        fit = (age >= 0.5 * over) & (age <= max(2 * over, 6 * HOUR_US if not over else 0)) & (age > 0)
        best = np.argmin(np.where(fit, np.abs(age - over), np.inf), axis=1)
        chosen = np.arange(len(rows.at)), best
        with np.errstate(invalid="ignore", divide="ignore"):
            rate: Floats = (rows.value - was[chosen]) / (age[chosen] / HOUR_US)
        rate[~fit[chosen]] = np.nan
        return rate

    def _keep(self, memory: Memory, rows: Rows, over: int) -> None:
        """A few readings spread over the time that rates are told of."""
        more = memory.more
        at = rows.at
        newest = more["then"][at, (more["next"][at, 0] - 1) % 8]
        due = (newest == NEVER) | (rows.time - np.where(newest == NEVER, 0, newest) >= over // _THINNED)
        at, place = at[due], more["next"][at[due], 0] % 8
        more["then"][at, place], more["was"][at, place] = rows.time[due], rows.value[due]
        more["next"][at, 0] = (place + 1) % 8


class Missing(Quiet):
    """Nothing for so many of its own usual intervals."""

    def hear(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
        memory.firing[rows.at] = False
        memory.begun[rows.at] = NEVER

    def tick(self, rule: AlertRule, watched: Watched, memory: Memory, now: int, heard: int) -> None:
        """Time goes on only as far as anything at all was heard: a deaf platform accuses no sensor."""
        known = (memory.last != NEVER) & (memory.known >= LEAST_GAPS)
        usual = np.where(known, memory.usual, 0.0)
        wait = np.maximum(watched.limits["intervals"] * usual, watched.minutes)
        since = np.maximum(np.where(known, memory.last, 0), max(memory.back, 0))
        silent = known & ~memory.firing & (min(now, heard) - since > wait)
        if rule.season or rule.hours:
            silent &= _when(rule, np.full(len(silent), now), silent, silent)[0]
        at = np.flatnonzero(silent)
        memory.firing[at] = True
        memory.begun[at] = memory.last[at]
        memory.hits[at] = 2
        memory.other[at] = memory.usual[at] / MINUTE_US
        memory.seen[np.flatnonzero(memory.firing)] = min(now, heard)


class Stuck(Quiet):
    """The very same value for so many hours, in so many readings at least."""

    def hear(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
        more = memory.more
        if "same" not in more:
            more["same"] = np.full((len(memory.last), 1), NEVER, np.int64)
            # Those taken up from an open alert go on from there.
            more["same"][memory.firing, 0] = memory.begun[memory.firing]
        at = rows.at
        same = (more["same"][at, 0] != NEVER) & (memory.value[at] == rows.value)
        more["same"][at, 0] = np.where(same, more["same"][at, 0], rows.time)
        memory.hits[at] = np.where(same, memory.hits[at] + 1, 1)
        since = more["same"][at, 0]
        long = rows.time - since >= watched.limits["hours"][at] * HOUR_US
        beyond = same & ((long & (memory.hits[at] >= watched.limits["least_readings"][at])) | memory.firing[at])
        beyond, over = _when(rule, rows.time, beyond, ~same)
        memory.firing[at] = beyond | (memory.firing[at] & ~over)
        memory.begun[at] = np.where(memory.firing[at], since, NEVER)
        memory.seen[at] = np.where(memory.firing[at], rows.time, memory.seen[at])
        memory.shown[at], memory.other[at] = rows.value, memory.hits[at]


class Compared(Quiet):
    """Apart from the median of its peers by so many times their spread (scaled median deviation)."""

    def hear(self, rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
        value = an_hour(watched, memory, rows)
        before = memory.shown[rows.at]
        if rule.averaging_minutes:
            gap = np.where(memory.last[rows.at] == NEVER, 0, rows.time - memory.last[rows.at])
            weight = 1 - np.exp(-gap / (rule.averaging_minutes * MINUTE_US))
            value = np.where(np.isfinite(before), before + weight * (value - before), value)
        memory.shown[rows.at] = value
        memory.more.setdefault("new", np.zeros((len(memory.last), 1), np.bool_))[rows.at, 0] = True

    def tick(self, rule: AlertRule, watched: Watched, memory: Memory, now: int, heard: int) -> None:
        fresh = np.isfinite(memory.shown) & (memory.last > now - max(FRESH_US, rule.averaging_minutes * MINUTE_US))
        new = memory.more.get("new")
        if new is None or not new.any() or not fresh.any():
            return
        middle, spread, peers = _peers(watched.group, memory.shown, fresh)
        due = np.flatnonzero(fresh & new[:, 0] & (peers >= watched.limits["least_peers"]) & np.isfinite(spread))
        new[:] = False
        apart = np.abs(memory.shown[due] - middle[due])
        least = watched.limits["least"][due] if "least" in watched.limits else np.zeros(len(due))
        limit = watched.limits["times_spread"][due]
        clear = watched.limits["clear"][due] if "clear" in watched.limits else limit
        beyond = apart > np.maximum(np.maximum(limit * spread[due], least), 1e-12)
        over = apart <= np.maximum(clear * spread[due], least)
        memory.other[due] = middle[due]
        memory.more.setdefault("peers", np.zeros((len(memory.last), 1), np.int32))[due, 0] = peers[due]
        time = memory.last[due]
        beyond, over = _when(rule, time, beyond, over)
        looked = Rows(due, time, np.zeros_like(time), memory.shown[due])
        memory.judge(looked, beyond, over & ~beyond, watched.minutes[due])


METHODS: dict[str, Callable[[], Method]] = {
    "threshold": Threshold, "rate": Rate, "missing": Missing, "stuck": Stuck, "compared": Compared,
}  # fmt: skip


def an_hour(watched: Watched, memory: Memory, rows: Rows) -> Floats:
    """Values as a limit speaks of them: an amount or an index as what it makes an hour, others as they are."""
    kind = watched.kind[rows.at]
    value = rows.value.copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        delta = kind == "delta"
        value[delta] = rows.value[delta] / np.where(rows.length[delta] > 0, rows.length[delta] / HOUR_US, np.nan)
        counter = kind == "counter"
        before = memory.last[rows.at[counter]]
        rise = rows.value[counter] - memory.value[rows.at[counter]]
        hours = np.where(before == NEVER, np.nan, (rows.time[counter] - before) / HOUR_US)
        value[counter] = np.where(rise >= 0, rise, np.nan) / hours
    return value


def facts_of(rule: AlertRule, watched: Watched, memory: Memory, at: int) -> dict[str, Any]:
    """What the sentence of an alert may quote, in the unit that the usage declares."""
    unit = watched.units[watched.prop[at]]
    limits = {name: float(column[at]) for name, column in watched.limits.items()}
    shown, other = float(memory.shown[at]), float(memory.other[at])
    if rule.method == "missing":
        return {"usual_minutes": round(other) if np.isfinite(other) else None}
    facts: dict[str, Any] = {"value": shown, "unit": unit}
    if rule.method == "threshold":
        passed = "below" if "above" not in limits or ("below" in limits and shown < limits["below"]) else "above"
        facts["limit"] = limits[passed]
    elif rule.method == "rate":
        facts |= {"rate": abs(other), "limit": limits.get("rise_an_hour", limits.get("fall_an_hour", 0.0))}
    elif rule.method == "stuck":
        facts["readings"] = int(memory.hits[at])
    else:
        facts |= {"usual": other, "peers": int(memory.more["peers"][at, 0]) if "peers" in memory.more else 0}
    return facts


def sure_of(rule: AlertRule, memory: Memory, at: int) -> float:
    """One reading alone may be a slip; two say the same. What is silent or stuck is so; peers may all be wrong."""
    if rule.method == "compared":
        return 0.8
    return 0.95 if memory.hits[at] >= 2 or rule.averaging_minutes else 0.8


def _judge_limits(rule: AlertRule, watched: Watched, memory: Memory, rows: Rows) -> None:
    limits, at, value = watched.limits, rows.at, rows.value
    beyond, over = np.zeros(len(at), np.bool_), np.isfinite(value)
    for name, sign in (("above", 1.0), ("below", -1.0)):
        if name in limits:
            limit = limits[name][at]
            # With both limits there is no one side that `clear` could be on.
            clear = limits["clear"][at] if "clear" in limits and len({"above", "below"} & set(limits)) == 1 else limit
            beyond |= sign * value > sign * limit
            over &= sign * value <= sign * clear
    memory.shown[at] = np.where(np.isfinite(value), value, memory.shown[at])
    beyond, over = _when(rule, rows.time, beyond, over)
    memory.judge(rows, beyond, over & ~beyond, watched.minutes[at])


def _when(rule: AlertRule, time: Ints, beyond: Flags, over: Flags) -> tuple[Flags, Flags]:
    """Outside its hours a rule opens nothing; outside its season what it opened is over."""
    if rule.season is None and rule.hours is None:
        return beyond, over
    day, hour = _local(time)
    if rule.hours is not None:
        first, last = rule.hours.first, rule.hours.last
        inside = (hour >= first) & (hour < last) if first < last else (hour >= first) | (hour < last)
        beyond = beyond & inside
    if rule.season is not None:
        inside = in_season(day, rule.season)
        beyond, over = beyond & inside, over | ~inside
    return beyond, over


def _local(time: Ints) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Local day and hour in which the interval that ends at each time lies."""
    hours, of = np.unique((time - 1) // HOUR_US, return_inverse=True)
    local = [dt.datetime.fromtimestamp(int(hour) * 3600, PARIS) for hour in hours]
    days = np.array([one.date().isoformat() for one in local], "datetime64[D]")
    return days[of], np.array([one.hour for one in local], np.int64)[of]


def _bins(rule: AlertRule) -> tuple[int, int]:
    """Width (µs) of the times that a mean is made of, and how many: clock hours where it is whole hours."""
    minutes = rule.averaging_minutes
    return (60 * MINUTE_US, minutes // 60) if minutes % 60 == 0 else (minutes * MINUTE_US, 1)


def _peers(group: NDArray[np.int32], value: Floats, fresh: Flags) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Of each place: its group's median, its spread (1.4826 x the median of distances), and how many peers it has."""
    count = int(group.max(initial=-1)) + 1
    at = np.flatnonzero(fresh)
    middle = _medians(group[at], value[at], count)
    spread = 1.4826 * _medians(group[at], np.abs(value[at] - middle[group[at]]), count)
    size = np.bincount(group[at], minlength=count)
    return middle[group], spread[group], size[group] - 1


def _medians(group: NDArray[np.int32], value: Floats, count: int) -> Floats:
    order = np.lexsort((value, group))
    ordered = value[order]
    bounds = np.searchsorted(group[order], np.arange(count + 1))
    first, size = bounds[:-1], np.diff(bounds)
    made = np.full(count, np.nan)
    some = size > 0
    low, high = first[some] + (size[some] - 1) // 2, first[some] + size[some] // 2
    made[some] = (ordered[low] + ordered[high]) / 2
    return made
