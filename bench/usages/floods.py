"""River gauges as they are read: calm weeks, small rises, locks, waves, branches; and floods of every pace."""

import datetime as dt
from typing import Any

import numpy as np

from bench.usages.study import Rng, Sort, Trial, clock, gauge, heard, span
from mitoyen.operate.detect import Group, Subject

LOOKBACK = 21
LIMITS = {"yellow_m": 4.0, "orange_m": 5.0, "red_m": 6.0}


def healthy(rng: Rng, day: dt.date) -> Trial:
    """A river that stays below its thresholds."""
    return _trial(rng, day, "")


def _trial(rng: Rng, day: dt.date, fault: str) -> Trial:
    minutes = int(rng.choice([5, 10, 15, 30]))
    time = clock(day, LOOKBACK, minutes)
    hours = (time - time[0]) / np.timedelta64(3600, "s")
    base = float(rng.uniform(0.8, 2.2))
    level = base + 0.3 * np.sin(hours / float(rng.uniform(60, 200)))
    for _ in range(int(rng.integers(0, 4))):
        # Rain upstream: up in half a day or more, down in days; it stays well below the first threshold.
        level += _wave(
            hours, float(rng.uniform(0, hours[-1])), float(rng.uniform(0.1, 0.8)), float(rng.uniform(14, 40))
        )
    if rng.random() < 0.3:
        # Locks and mills: some centimetres up and down.
        level += 0.06 * np.sign(np.sin(hours / float(rng.uniform(1.5, 6.0))))
    onset_hour = LOOKBACK * 24 + float(rng.uniform(4, 60))
    onset: Any = None
    if fault in ("yellow", "orange", "red", "fast"):
        top = {"yellow": 4.5, "orange": 5.5, "red": 6.8, "fast": 5.4}[fault]
        pace = float(rng.uniform(5, 9)) if fault == "fast" else float(rng.uniform(20, 44))
        level = level + _wave(hours, onset_hour, top - level[int(np.searchsorted(hours, onset_hour))], pace)
        limit = 0.0 if fault == "fast" else LIMITS[f"{fault}_m"]
        beyond = {"yellow": 5.0, "orange": 6.0}.get(fault, np.inf)
        if level.max() > beyond - 0.15:
            return _trial(rng, day, fault)
        over = np.flatnonzero((level >= limit) & (hours >= onset_hour))
        if not len(over):
            # The river fell meanwhile from where it stood: this one did not come that high.
            return _trial(rng, day, fault)
        onset = time[over[0]]
    read = level + rng.normal(0, float(rng.choice([0.002, 0.01, 0.02])), len(level))
    if fault == "stuck":
        at = int(np.searchsorted(hours, onset_hour))
        read[at:], onset = read[at], time[at]
    read = np.round(read, 3 if rng.random() < 0.5 else 2) if fault != "stuck" else np.round(read, 3)
    if fault != "stuck":
        wild = rng.random(len(read)) < 0.004
        read[wild] += rng.uniform(-1.5, 4.0, int(wild.sum()))
    window = heard(rng, gauge(time, read, "m"))
    attributes = {**LIMITS, "river": "La Maine", "tell_first": "Béhuard"}
    one = Subject(1, "G", "river_gauge", None, "49028", -0.64, 47.38, attributes, {"level": window})
    start, end = span(day, LOOKBACK)
    if not fault:
        return Trial(Group((one,), start, end))
    # A flood that reaches orange passes yellow, and fast or slow it rises.
    excused = (
        frozenset((rule, 1) for rule in ("rising_fast", "flood_yellow", "flood_orange"))
        if fault != "stuck"
        else frozenset()
    )
    begun: dt.datetime = onset.astype("M8[us]").astype(dt.datetime)
    return Trial(Group((one,), start, end), 1, begun.replace(tzinfo=dt.UTC), excused)


def _wave(hours: Any, start: float, height: float, rise: float) -> Any:
    """A flood's shape: up along an S in `rise` hours, down four times as slowly."""
    up = np.clip((hours - start) / rise, 0, 1)
    down = np.clip((hours - start - rise) / (4 * rise), 0, 1)
    return height * (np.sin(up * np.pi / 2) ** 2) * np.cos(down * np.pi / 2) ** 2


SORTS = (
    Sort("healthy gauges", "", healthy),
    Sort("above yellow", "flood_yellow", lambda rng, day: _trial(rng, day, "yellow")),
    Sort("above orange", "flood_orange", lambda rng, day: _trial(rng, day, "orange")),
    Sort("above red", "flood_red", lambda rng, day: _trial(rng, day, "red")),
    Sort("rises fast", "rising_fast", lambda rng, day: _trial(rng, day, "fast"), dt.timedelta(hours=1)),
    Sort("gauge hangs", "gauge_stuck", lambda rng, day: _trial(rng, day, "stuck")),
)
