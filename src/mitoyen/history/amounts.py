"""From stored values to amounts over intervals: deltas, powers over their own interval, counters differenced."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.rules import Rule, Served
from mitoyen.history.times import Times

Floats = NDArray[np.float64]


class Break(NamedTuple):
    """Where a counter's index went back. `kind`: swap, wrap or index_back.

    `detail`: `before` and `after` (index), `lost` (whether the interval's amount is missing).
    """

    time: np.datetime64
    kind: str
    detail: dict[str, Any]


@dataclass(slots=True)
class Intervals:
    """Amounts over intervals (start, end], in kWh, m3 or the stored unit; no missing ones. `value` is as measured."""

    start: Times
    end: Times
    amount: Floats
    value: Floats
    breaks: list[Break] = field(default_factory=list)


def intervals(rule: Rule, time: Times, length: NDArray[np.int32], value: Floats) -> Intervals:
    """Amounts of readings sorted by time. A gauge has none: its values come back with their intervals and no amount."""
    return intervals_of([rule], np.zeros(len(time), np.intp), time, length, value)[0]


def intervals_of(
    rules: Sequence[Rule], owner: NDArray[np.intp], time: Times, length: NDArray[np.int32], value: Floats
) -> tuple[Intervals, NDArray[np.intp]]:
    """The same for several datastreams of one sort (`Rule.sort`), with the owner (a place in `rules`) of each interval.

    Readings are sorted by (owner, time).
    """
    if rules[0].kind == "counter":
        return _differenced_of(rules, owner, time, value)
    start = time - length.astype("timedelta64[s]")
    true = _true_values_of(rules, owner, time, value)
    if rules[0].kind == "gauge":
        return Intervals(start, time, np.full(len(time), np.nan), true), owner
    factor = np.array([rule.factor for rule in rules])
    each = factor[owner] if (factor != factor[0]).any() else factor[0]
    if rules[0].is_rate:
        amount = true * (length / 3600.0) * each
        known = length > 0
        if known.all():
            return Intervals(start, time, amount, true), owner
        return Intervals(start[known], time[known], amount[known], true[known]), owner[known]
    amount = true * each
    return Intervals(start, time, amount, amount), owner


def _runs(owner: NDArray[np.intp]) -> Iterator[tuple[int, slice]]:
    """Each owner with its rows."""
    if len(owner):
        cuts = [0, *(np.flatnonzero(owner[1:] != owner[:-1]) + 1).tolist(), len(owner)]
        for head, tail in itertools.pairwise(cuts):
            yield int(owner[head]), slice(head, tail)


def _differenced_of(
    rules: Sequence[Rule], owner: NDArray[np.intp], time: Times, value: Floats
) -> tuple[Intervals, NDArray[np.intp]]:
    made = [(number, _differenced(rules[number], time[rows], value[rows])) for number, rows in _runs(owner)]
    if not made:
        return Intervals(time, time, value, value), owner
    joined = {name: np.concatenate([getattr(one, name) for _n, one in made]) for name in ("start", "end", "amount")}
    owners = np.repeat([number for number, _one in made], [len(one.end) for _n, one in made]).astype(np.intp)
    broken = [each for _n, one in made for each in one.breaks]
    return Intervals(**joined, value=joined["amount"], breaks=broken), owners


def _true_values_of(rules: Sequence[Rule], owner: NDArray[np.intp], time: Times, value: Floats) -> Floats:
    changed = {i for i, rule in enumerate(rules) if any((one.factor, one.offset) != (1.0, 0.0) for one in rule.served)}
    if not changed:
        return value
    true = value.copy()
    for number, rows in _runs(owner):
        if number in changed:
            true[rows] = _true_values(rules[number], time[rows], value[rows])
    return true


def _true_values(rule: Rule, time: Times, value: Floats) -> Floats:
    which = _served_by(rule.served, time)
    factor = np.array([one.factor for one in rule.served] + [1.0])
    offset = np.array([one.offset for one in rule.served] + [0.0])
    true: Floats = value * factor[which] + offset[which]
    return true


def _served_by(served: tuple[Served, ...], time: Times) -> NDArray[np.intp]:
    """Number of the deployment that made each reading; -1 (the last of an array) before the first one.

    A reading at the instant of a swap is the old device's last.
    """
    starts = np.array([one.starts for one in served], "datetime64[us]")
    which = np.searchsorted(starts, time, side="left") - 1
    which[(which == -1) & (time == starts[0])] = 0
    return which


def _differenced(rule: Rule, time: Times, value: Floats) -> Intervals:
    """Differences of a counter's index (the first reading opens the first interval)."""
    if len(time) < 2:
        empty = np.empty(0, np.float64)
        return Intervals(time[:0], time[:0], empty, empty)
    which = _served_by(rule.served, time) if rule.served else np.zeros(len(time), np.intp)
    keep, breaks = _without_glitches(time, value, which)
    time, value, which = time[keep], value[keep], which[keep]
    amount = np.diff(value)
    factors = np.array([one.factor for one in rule.served] + [1.0]) if rule.served else np.ones(1)
    amount = amount * factors[which[1:]]
    for i in np.flatnonzero((np.diff(value) < 0) | (which[1:] != which[:-1])).tolist():
        if which[i] != which[i + 1]:
            amount[i], broken = _across_swap(rule, time, value, which, i)
        else:
            amount[i], broken = _went_back(rule, time, value, i, float(factors[which[i]]))
        if broken is not None:
            breaks.append(broken)
    known = np.isfinite(amount)
    amount = amount * rule.factor
    breaks.sort(key=lambda one: one.time)
    return Intervals(time[:-1][known], time[1:][known], amount[known], amount[known], breaks)


def _rates(time: Times, value: Floats) -> Floats:
    """Rise a second between readings, where it isn't negative."""
    seconds = np.diff(time).astype(np.float64) / 1e6
    rate = np.diff(value) / np.maximum(seconds, 1e-6)
    return np.asarray(rate[rate >= 0], np.float64)


def _without_glitches(time: Times, value: Floats, which: NDArray[np.intp]) -> tuple[NDArray[np.bool_], list[Break]]:
    """Drop a lone reading below its neighbours when the index goes on from where it was right after."""
    keep = np.ones(len(time), bool)
    if len(time) < 3 or not (np.diff(value) < 0).any():
        return keep, []
    dips = np.flatnonzero((value[1:-1] < value[:-2]) & (value[2:] >= value[:-2])) + 1
    rates = _rates(time, value)
    usual = float(np.median(rates)) if len(rates) else 0.0
    breaks = []
    for i in dips:
        seconds = float((time[i + 1] - time[i]).astype(np.int64)) / 1e6
        through = float((time[i + 1] - time[i - 1]).astype(np.int64)) / 1e6
        climbs = (value[i + 1] - value[i]) / seconds > 10 * usual
        goes_on = (value[i + 1] - value[i - 1]) / through <= 10 * usual or value[i + 1] == value[i - 1]
        if climbs and goes_on and which[i - 1] == which[i + 1]:
            keep[i] = False
            detail = {"before": float(value[i - 1]), "after": float(value[i]), "lost": False}
            breaks.append(Break(time[i], "index_back", detail))
    return keep, breaks


def _across_swap(rule: Rule, time: Times, value: Floats, which: NDArray[np.intp], i: int) -> tuple[float, Break | None]:
    """Amount between the last reading of one device and the first of a later one; nan when an index isn't known."""
    old, new = int(which[i]), int(which[i + 1])
    at = rule.served[new].starts
    detail: dict[str, Any] = {"before": float(value[i]), "after": float(value[i + 1]), "lost": True}
    if old == -1:
        # Readings from before the first deployment was noted: the same device, as far as is known.
        rise = float(value[i + 1] - value[i])
        return (rise * rule.served[new].factor, None) if rise >= 0 else (np.nan, Break(at, "swap", detail))
    total, lower = 0.0, float(value[i])
    for number in range(old, new + 1):
        one = rule.served[number]
        upper = float(value[i + 1]) if number == new else one.last_index
        if upper is None or lower is None or upper < lower:
            return np.nan, Break(at, "swap", detail)
        total += (upper - lower) * one.factor
        lower = rule.served[number + 1].first_index if number < new else 0.0  # type: ignore[assignment]
    if rule.served[old].device and len({one.device for one in rule.served[old : new + 1]}) == 1:
        # The same device under another factor: nothing was swapped.
        return total, None
    return total, Break(at, "swap", {**detail, "lost": False})


def _went_back(rule: Rule, time: Times, value: Floats, i: int, factor: float) -> tuple[float, Break]:
    before, after = float(value[i]), float(value[i + 1])
    detail = {"before": before, "after": after, "lost": False}
    modulus = wrap_of(rule.wraps_at, before, after)
    if modulus is not None:
        rise = modulus - before + after
        rates = _rates(time, value)
        seconds = float((time[i + 1] - time[i]).astype(np.int64)) / 1e6
        usual = float(rates.max()) if len(rates) else np.inf
        if rule.wraps_at is not None or rise / seconds <= 3 * usual:
            return rise * factor, Break(time[i + 1], "wrap", detail)
    return np.nan, Break(time[i + 1], "index_back", {**detail, "lost": True})


def wrap_of(wraps_at: float | None, before: float, after: float) -> float | None:
    """What the index went up to before it began at 0 again; None when it doesn't look like that.

    `wraps_at` may be written as the last index shown (99,999) or as the number of indexes (100,000). Without it, only
    an index above 90 % of a power of ten (1,000 or more) that comes back below 10 % of it counts.
    """
    if wraps_at is not None:
        nines = wraps_at + 1.0
        modulus = nines if nines == _power_above(wraps_at) else float(wraps_at)
        return modulus if before <= modulus and modulus - before + after <= modulus / 2 else None
    power = _power_above(before)
    if power >= 1000 and before >= 0.9 * power and after <= 0.1 * power:
        return power
    return None


def _power_above(value: float) -> float:
    power = 1.0
    while power <= value:
        power *= 10.0
    return power
