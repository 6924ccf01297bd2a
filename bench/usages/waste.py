"""Bins as ultrasonic sensors read them: people's days, fixed rounds, bags on their side, echoes, ice, readings lost."""

import datetime as dt
from typing import Any

import numpy as np

from bench.usages.study import Rng, Sort, Trial, clock, gauge, heard, span
from mitoyen.history.times import utc64
from mitoyen.operate.detect import Group, Subject

LOOKBACK = 28


def healthy(rng: Rng, day: dt.date) -> Trial:
    """A bin that fills and is emptied in time."""
    return _trial(rng, day, "")


def _trial(rng: Rng, day: dt.date, fault: str) -> Trial:
    minutes = int(rng.choice([60, 120, 240]))
    time = clock(day, LOOKBACK, minutes)
    onset = utc64(dt.datetime.combine(day, dt.time(), dt.UTC)) + np.timedelta64(int(rng.integers(0, 48)), "h")
    every = int(rng.choice([2, 3, 4, 7]))
    # Filled to 30 to 85 % between two rounds; some bins are hardly used.
    a_day = float(rng.uniform(30, 85)) / every if rng.random() < 0.9 or fault == "blind" else float(rng.uniform(0, 2))
    if fault == "blind":
        a_day = max(a_day, 6.0)
    level = _filled(rng, time, a_day, every, onset if fault == "overfull" else None)
    read = level + rng.normal(0, rng.choice([0.4, 1.0, 2.0]), len(level))
    read = _disturbed(rng, read)
    if fault == "blind":
        at = int(np.searchsorted(time, onset))
        read[at:] = rng.choice([100.0, 98.0, 0.0, read[max(at - 1, 0)]]) + (
            rng.normal(0, 0.2, len(read) - at) if rng.random() < 0.4 else 0
        )
    read = np.clip(np.round(read), 0, 100)
    window = heard(rng, gauge(time, read, "%"))
    bin_ = Subject(1, "B", "bin", None, "49007", -0.55, 47.47, {"litres": 3000}, {"fill_level": window})
    start, end = span(day, LOOKBACK)
    if not fault:
        return Trial(Group((bin_,), start, end))
    if fault == "overfull":
        full = np.flatnonzero((time >= onset) & (level >= 91))
        # Not emptied, but not full within the week: nothing to be told yet.
        if not len(full) or full[0] > len(time) - 36 * 60 // minutes:
            return _trial(rng, day, fault)
        onset = time[full[0]]
    begun: Any = onset.astype("M8[us]").astype(dt.datetime)
    return Trial(Group((bin_,), start, end), 1, begun.replace(tzinfo=dt.UTC))


def _filled(rng: Rng, time: Any, a_day: float, every: int, missed: Any) -> Any:
    """Percent at each instant: more by day than at night, days that differ, emptied every `every` days at six, pressed
    down now and then. From `missed` on nobody comes."""
    hours = (time - time[0]) / np.timedelta64(3600, "s")
    step = np.diff(hours, prepend=hours[0])
    hour = hours % 24
    day = rng.gamma(4, 0.25, int(hours[-1] // 24) + 2)
    weekend = np.where(hours // 24 % 7 >= 5, rng.uniform(0.5, 1.6), 1.0)
    rate = a_day / 24 * day[(hours // 24).astype(int)] * weekend * np.where((hour > 7) & (hour < 22), 1.5, 0.15)
    level, found = float(rng.uniform(0, 40)), np.empty(len(time))
    last = hours[0] - rng.uniform(0, every) * 24
    for at in range(len(time)):
        level += rate[at] * step[at]
        due = hours[at] - last >= 24 * every and hour[at] >= 5
        # Collection may come a day late; before people's bins run over, they do come.
        if (due or level > 88) and (missed is None or time[at] < missed) and hour[at] < 16 and hour[at] >= 5:
            level, last = float(rng.uniform(0, 6)), hours[at]
        if rng.random() < 0.002:
            level *= float(rng.uniform(0.85, 1.0))
        found[at] = min(level, 104.0)
    return found


def _disturbed(rng: Rng, read: Any) -> Any:
    """Single echoes, a bag that lies across for some hours, a lid left open for a while."""
    read = read.copy()
    read[rng.random(len(read)) < 0.01] = 100.0
    for _ in range(int(rng.integers(0, 3))):
        at = int(rng.integers(len(read)))
        read[at : at + int(rng.integers(1, 4))] = float(rng.choice([95.0, 100.0, 0.0]))
    return read


SORTS = (
    Sort("healthy bins", "", healthy),
    Sort("not emptied, overfull", "overfull", lambda rng, day: _trial(rng, day, "overfull")),
    Sort("sensor hidden or frozen", "blind", lambda rng, day: _trial(rng, day, "blind")),
)
