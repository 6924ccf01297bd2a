"""What a bin's level says: emptied when, how fast it fills, full on which day; overfull, or a sensor that sees nothing.

An ultrasonic sensor sees the nearest thing: a bag on its side, a leaf, an echo of the lid. One reading proves nothing,
so levels are medians of five, and what a bin did before is the measure of what it does.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting, Window
from mitoyen.operate.windows import moment

LEVEL = "fill_level"
# Percent by which a bin must fall to have been emptied: people press waste down, too.
EMPTIED = 25.0
DAY = np.timedelta64(86_400_000_000, "us")
# A level that doesn't move by more (percent) stands still; from FULL on, a still one may just be full.
STILL, FULL = 1.0, 90.0
# More than so many percent, and so many times what a bin usually fills by, from one reading to the next.
JUMP, TIMES_USUAL = 6.0, 2.0
LONG_STILL = 7 * DAY
_MEDIAN_OF = 5
_LEAST_READINGS = 8
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outlook:
    """A bin as it stands: percent now, percent a day with the fifth and the ninety-fifth percentile of its days, and
    the days on which it will be full: the likely one, the earliest and the latest (None: later than three months)."""

    level: float
    a_day: float
    slow: float
    fast: float
    full: dt.datetime | None
    earliest: dt.datetime | None
    latest: dt.datetime | None
    emptied: dt.datetime | None


def outlook(window: Window, now: dt.datetime, full: float = 100.0) -> Outlook | None:
    """None when too little was read to say anything. `full` percent is the level that must not be passed."""
    time, level = _smoothed(window)
    if len(level) < _LEAST_READINGS:
        return None
    fills = _daily_fills(time, level)
    if not len(fills):
        return None
    a_day = float(fills.mean())
    # Days of filling are far from normal (markets, weekends): percentiles of what was, not of a curve.
    slow, fast = (float(one) for one in np.percentile(fills, (5, 95)))
    here = float(level[-1])
    # A median of five readings on end of a level that rises is the middle one's: two readings ago.
    seen = moment(time[-1 - _MEDIAN_OF // 2])
    emptied = _emptyings(level)
    return Outlook(
        level=here,
        a_day=a_day,
        slow=slow,
        fast=fast,
        full=_when(seen, full - here, a_day),
        earliest=_when(seen, full - here, _over_days(fills, full - here, 95)),
        latest=_when(seen, full - here, _over_days(fills, full - here, 5)),
        emptied=moment(time[emptied[-1]]) if len(emptied) else None,
    )


def overfull(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Bins at `full` percent or above for `hours` at least, and still at the last reading."""
    for subject in group.subjects:
        window = subject.windows.get(LEVEL)
        if window is None:
            continue
        time, level = _smoothed(window)
        below = np.flatnonzero(level < rule.thresholds["full"])
        run = np.arange(below[-1] + 1 if len(below) else 0, len(level))
        if len(run) < 3 or time[-1] - time[run[0]] < _hours(rule.thresholds["hours"]):
            continue
        if _covered(window) or (subject.open_since is None and _ever_still(window)):
            # It was full from one reading to the next and has not moved since: something lies before the sensor.
            continue
        since = moment(time[run[0]])
        hours = (time[-1] - time[run[0]]) / np.timedelta64(3600, "s")
        facts = {"level": float(level[-1]), "full_hours": round(float(hours))}
        yield Sighting(subject.thing, since, moment(time[-1]), _surely_real(level[run]), "", LEVEL, facts)


def blind(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Sensors that have shown one and the same level for `hours`, though this bin used to fill and to be emptied.

    A bin that nobody uses stands still too: only one that moved by `moved` percent a day before is suspected.
    """
    for subject in group.subjects:
        window = subject.windows.get(LEVEL)
        if window is None or len(window.value) < 4 * _LEAST_READINGS:
            continue
        known = np.isfinite(window.value)
        time, value = window.time[known], window.value[known]
        first = _still_since(value, rule.thresholds["within"])
        still = time[-1] - time[first]
        if first == 0 or len(value) - first < _LEAST_READINGS or still < _hours(rule.thresholds["hours"]):
            continue
        if value[-1] >= FULL and not _covered(window):
            # It filled up to there as bins do: it is full, and nobody empties it (`overfull`).
            continue
        before_time, before = _smoothed(window, until=time[first])
        fills = _daily_fills(before_time, before)
        # How long it ever stood still before, at whatever level.
        if (
            len(fills) < 5
            or fills.mean() < rule.thresholds["moved"]
            or _longest_still(time[:first], value[:first], rule) > 0.5 * still
        ):
            continue
        days = float(still / DAY)
        facts = {"level": float(value[-1]), "days": round(days), "a_day": float(fills.mean())}
        yield Sighting(
            subject.thing, moment(time[first]), moment(time[-1]), min(0.97, 0.7 + 0.05 * days), "", LEVEL, facts
        )


def _smoothed(window: Window, until: np.datetime64 | None = None) -> tuple[NDArray[np.datetime64], Floats]:
    """Medians of five readings on end, at the time of the last of them."""
    known = np.isfinite(window.value)
    if until is not None:
        known &= window.time < until
    time, value = window.time[known], window.value[known]
    if len(value) < _MEDIAN_OF:
        return time[:0], value[:0]
    rows = np.lib.stride_tricks.sliding_window_view(value, _MEDIAN_OF)
    return time[_MEDIAN_OF - 1 :], np.median(rows, axis=1)


def _emptyings(level: Floats) -> NDArray[np.intp]:
    """Places from which on the bin is emptier by EMPTIED percent than in the readings just before."""
    if len(level) < 2 * _MEDIAN_OF:
        return np.empty(0, np.intp)
    before = np.lib.stride_tricks.sliding_window_view(level, _MEDIAN_OF)[:-1].max(axis=1)
    places = np.flatnonzero(before - level[_MEDIAN_OF:] > EMPTIED) + _MEDIAN_OF
    return places[np.append(True, np.diff(places) > _MEDIAN_OF)] if len(places) else places


def _daily_fills(time: NDArray[np.datetime64], level: Floats) -> Floats:
    """Percent a day of each day between emptyings: what came in, never less than nothing."""
    fills: list[float] = []
    bounds = [0, *_emptyings(level).tolist(), len(level)]
    for first, last in pairwise(bounds):
        if last - first < 3:
            continue
        days = np.arange(time[first], time[last - 1], DAY)
        # At the sides of a day: the level is read every few hours, so it is drawn between readings.
        x = (time[first:last] - time[first]).astype(np.float64)
        at = np.interp((days - time[first]).astype(np.float64), x, level[first:last])
        fills += np.maximum(np.diff(at), 0.0).tolist()
    return np.array(fills)


def _over_days(fills: Floats, missing: float, percentile: float) -> float:
    """Percent a day over the days that filling `missing` percent takes: means of so many days vary less than days."""
    mean = float(fills.mean())
    days = int(np.clip(round(missing / mean), 1, 14)) if mean > 0 and missing > 0 else 1
    if len(fills) < 2 * days:
        return max(mean * (1.5 if percentile > 50 else 0.6), 0.0)
    sums = np.lib.stride_tricks.sliding_window_view(fills, days).mean(axis=1)
    return float(np.percentile(sums, percentile))


def _when(seen: dt.datetime, missing: float, a_day: float) -> dt.datetime | None:
    if missing <= 0:
        return seen
    if a_day <= 0 or missing / a_day > 90:
        return None
    return seen + dt.timedelta(days=missing / a_day)


def _longest_still(time: NDArray[np.datetime64], value: Floats, rule: AlertRule) -> np.timedelta64:
    longest, start = np.timedelta64(0, "us"), 0
    for at in range(1, len(value)):
        if abs(value[at] - value[start]) > rule.thresholds["within"]:
            start = at
        longest = max(longest, time[at] - time[start])
    return longest


def _covered(window: Window) -> bool:
    """Whether the level that stands still was reached at one reading, by more than this bin fills by meanwhile."""
    value = window.value[np.isfinite(window.value)]
    first = _still_since(value, STILL)
    if first < _LEAST_READINGS:
        return False
    # Against the higher of the two before: one of them may be an echo.
    steps = value[2 : first + 1] - np.maximum(value[1:first], value[: first - 1])
    rises = steps[:-1][steps[:-1] > 0]
    usual = float(np.percentile(rises, 90)) if len(rises) else 0.0
    return float(steps[-1]) > max(JUMP, TIMES_USUAL * usual)


def _still_since(value: Floats, within: float) -> int:
    """Place of the first of the readings on end that differ by so much at most from what the last ones show."""
    apart = np.flatnonzero(np.abs(value - np.median(value[-_MEDIAN_OF:])) > within)
    return min(int(apart[-1]) + 1, len(value) - 1) if len(apart) else 0


def _ever_still(window: Window) -> bool:
    """Whether it has not moved for as long as anything is known: nobody saw it fill."""
    value, time = window.value[np.isfinite(window.value)], window.time[np.isfinite(window.value)]
    return _still_since(value, STILL) == 0 and bool(time[-1] - time[0] >= LONG_STILL)


def _surely_real(level: Floats) -> float:
    """A bin that is really full still moves a little under the sensor; an echo doesn't."""
    return 0.9 if float(np.ptp(level)) > 0 else 0.7


def _hours(count: float) -> np.timedelta64:
    return np.timedelta64(round(3600 * count), "s")
