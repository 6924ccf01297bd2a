"""Street lamps as they are read: LED and sodium, mains that vary, readings lost, dimming, decrees, crews."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.usages.study import Rng, Sort, Trial, clock, gauge, heard, span
from mitoyen.history.times import PARIS, utc64
from mitoyen.operate.detect import Group, Subject
from mitoyen.usages.lighting import sky

GRID = 5
LOOKBACK, CABINET_LOOKBACK = 15, 23
# Faults are planted where something can be seen of them: so many hours of full night lit to the week's end, without
# the half hours when lamps switch. (In June a decree leaves minutes of a night: controls have such nights too.)
LEAST_LIT_HOURS = 6
CABINET = 1000
HOUR = np.timedelta64(1, "h")


@dataclass
class Night:
    """What rules a cabinet of a trial: when it lights, how far it dims, what its lamps are."""

    time: Any
    lit: Any
    dark: Any
    level: Any
    attributes: dict[str, Any]
    longitude: float
    latitude: float


def healthy(rng: Rng, day: dt.date) -> Trial:
    """A cabinet of 3 to 16 lamps on which nothing is wrong, and much happens."""
    return _trial(rng, day, "")


def healthy_cabinet(rng: Rng, day: dt.date) -> Trial:
    """Cabinets read as a whole, with what else hangs on them: cameras, bus shelters, illuminations in December."""
    return _cabinet_trial(rng, day, "")


def _night(rng: Rng, day: dt.date, minutes: int, lookback: int = LOOKBACK) -> Night:
    east, north = float(rng.uniform(-0.75, -0.35)), float(rng.uniform(47.35, 47.6))
    time = clock(day, lookback, minutes)
    first = day - dt.timedelta(days=lookback + 1)
    last = day + dt.timedelta(days=8)
    # A twilight switch: from 3 to 6 degrees, and each evening's clouds move it by some minutes.
    dusk, dawn = sky.nights(first, last, east, north, float(rng.uniform(1.5, 6.0)))
    shift = rng.normal(0, 6, (2, len(dusk))).astype("m8[m]")
    at = np.searchsorted(dusk + shift[0], time, side="right") - 1
    lit = (at >= 0) & (time < (dawn + shift[1])[np.maximum(at, 0)])
    dusk, dawn = sky.nights(first, last, east, north, sky.CIVIL)
    at = np.searchsorted(dusk, time, side="right") - 1
    dark = (at >= 0) & (time < dawn[np.maximum(at, 0)])
    attributes: dict[str, Any] = {}
    local = [moment.replace(tzinfo=dt.UTC).astimezone(PARIS) for moment in time.astype("M8[us]").astype(object)]
    clock_hour = np.array([moment.hour + moment.minute / 60 for moment in local])
    regime = rng.choice(["all", "dimmed", "decree", "undeclared"], p=[0.3, 0.35, 0.25, 0.1])
    level = np.ones(len(time))
    if regime in ("decree", "undeclared"):
        start, end = rng.choice([22.0, 22.5, 23.0, 23.5, 0.0, 1.0]), rng.choice([4.5, 5.0, 5.5, 6.0])
        off = (clock_hour >= start) | (clock_hour < end) if start > 12 else (clock_hour >= start) & (clock_hour < end)
        lit &= ~off
        if regime == "decree":
            text = f"{int(start):02d}:{int(start % 1 * 60):02d}-{int(end):02d}:{int(end % 1 * 60):02d}"
            attributes = {"switch_off": text, "switch_off_since": "2024-10-01"}
    if regime == "dimmed":
        start, end, low = rng.choice([21.0, 22.0, 23.0]), rng.choice([5.0, 6.0]), rng.choice([0.1, 0.3, 0.5])
        level[(clock_hour >= start) | (clock_hour < end)] = low
    return Night(time, lit, dark, level, attributes, east, north)


def _trial(rng: Rng, day: dt.date, fault: str) -> Trial:
    night = _seen(rng, day, GRID, fault, LOOKBACK)
    every = int(rng.choice([10, 15, 30, 60])) // GRID
    count = int(rng.integers(4, 17))
    led = rng.random() < 0.7
    rated = float(rng.choice([18, 28, 42, 65] if led else [85, 115, 170, 280]))
    presence = led and rng.random() < 0.15
    half_night = rng.random() < 0.1
    mains = 1 + 0.03 * np.sin(np.arange(len(night.time)) / 40) + rng.normal(0, 0.008, len(night.time))
    step = float(rng.choice([0.1, 1.0, 1.0, 5.0])) if rated > 60 else float(rng.choice([0.1, 1.0]))
    lit = np.repeat(night.lit[None, :], count, axis=0)
    watts = np.empty((count, len(night.time)))
    stand_by = rng.uniform(0.0, 0.9, count)
    for lamp in range(count):
        level = (
            night.level
            if not presence
            else np.where(rng.random(len(night.time)) < 0.25, 1.0, 0.1) * night.level.clip(0.5)
        )
        # A sodium lamp draws with the square of the mains; a driver holds its power.
        watts[lamp] = (
            rated * rng.normal(1, 0.04) * (0.08 + 0.92 * level) * (mains**2 if not led else 1 + (mains - 1) * 0.1)
        )
    if half_night:
        late = np.array(
            [m.replace(tzinfo=dt.UTC).astimezone(PARIS).hour for m in night.time.astype("M8[us]").astype(object)]
        )
        lit[: count // 2] &= ~((late >= 23) | (late < 5))
    _life(rng, night, lit)
    onset, where, excused = _plant(rng, day, night, lit, fault)
    silent = np.zeros(lit.shape, bool)
    if fault == "cabinet_silent":
        assert onset is not None
        silent = np.repeat((night.time >= utc64(onset))[None, :], count, axis=0)
    elif not fault and rng.random() < 0.08:
        # The gateway is down: all are silent, and lit.
        at = int(rng.integers(len(night.time)))
        silent[:, at : at + int(rng.integers(20, 300))] = True
    drawn = np.where(lit, watts + rng.normal(0, 0.015 * rated, watts.shape), stand_by[:, None])
    total = drawn.sum(axis=0) * rng.normal(1.03, 0.01) + rng.uniform(2, 12)
    start, end = span(day, LOOKBACK)
    lamps = tuple(
        Subject(
            n + 1,
            f"L{n + 1}",
            "street_lamp",
            CABINET,
            "49007",
            night.longitude,
            night.latitude,
            {"power_w": rated} if rng.random() < 0.7 else {},
            {"power": heard(rng, _sampled(rng, night, np.round(drawn[n].clip(0) / step) * step, every, silent[n]))},
        )
        for n in range(count)
    )
    read = fault == "cabinet_silent" or rng.random() < 0.6
    windows = (
        {"power": heard(rng, _sampled(rng, night, np.round(total), every, np.zeros(len(total), bool)))} if read else {}
    )
    cabinet = Subject(
        CABINET,
        "A",
        "cabinet",
        None,
        "49007",
        night.longitude,
        night.latitude,
        {"reads": "lamps", **night.attributes},
        windows,
    )
    group = Group(lamps, start, end, cabinet)
    return Trial(group, where, onset if where is not None else None, excused)


def _sampled(rng: Rng, night: Night, values: Any, every: int, silent: Any) -> Any:
    """What one transmitter sends: a value every so many steps, at minutes of its own, unless it is silent."""
    sent = np.zeros(len(values), bool)
    sent[int(rng.integers(every)) :: every] = True
    kept = sent & ~silent
    return gauge(night.time[kept], values[kept], "W")


def _life(rng: Rng, night: Night, lit: Any) -> None:
    """People at work by day (all lit for up to three hours), a lamp replaced, a power cut."""
    days = night.time.astype("M8[D]")
    if rng.random() < 0.15:
        at = utc64(dt.datetime.combine(rng.choice(days).astype(object), dt.time(int(rng.integers(8, 14))), dt.UTC))
        crew = (night.time >= at) & (night.time < at + np.timedelta64(int(rng.integers(30, 180)), "m"))
        lit[rng.random(len(lit)) < rng.choice([0.3, 1.0])] |= crew
    if rng.random() < 0.1:
        at = rng.choice(night.time)
        lit[:, (night.time >= at) & (night.time < at + np.timedelta64(int(rng.integers(5, 75)), "m"))] = False
    if rng.random() < 0.1:
        # Out on some evening, found on a round and replaced the same night.
        at = rng.choice(night.time)
        row = int(rng.integers(len(lit)))
        lit[row, (night.time >= at) & (night.time < at + np.timedelta64(int(rng.integers(20, 100)), "m"))] = False


def _plant(
    rng: Rng, day: dt.date, night: Night, lit: Any, fault: str
) -> tuple[dt.datetime | None, int | None, frozenset[tuple[str, int]]]:
    """Change `lit` as the fault does; when it began, on which thing, what else may be told."""
    if not fault:
        return None, None, frozenset()
    onset = _onset(rng, day)
    since = night.time >= utc64(onset)
    if fault == "lamp_out":
        row = int(rng.integers(len(lit)))
        lit[row, since] = False
        return onset, row + 1, frozenset()
    if fault == "lamp_by_day":
        row = int(rng.integers(len(lit)))
        lit[row, since] = True
        return onset, row + 1, frozenset()
    if fault in ("cabinet_out", "cabinet_silent"):
        lit[:, since] = False
        return onset, CABINET, frozenset()
    if fault == "circuit_out":
        rows = rng.permutation(len(lit))[: max(3, round(len(lit) * rng.uniform(0.34, 0.67)))]
        lit[np.ix_(rows, since)] = False
        return onset, CABINET, frozenset()
    assert fault == "cabinet_by_day"
    lit[:, since] = True
    return onset, CABINET, frozenset()


def _seen(rng: Rng, day: dt.date, minutes: int, fault: str, lookback: int) -> Night:
    """A night regime; for a fault, one under which it can be seen."""
    night = _night(rng, day, minutes, lookback)
    last = utc64(dt.datetime.combine(day + dt.timedelta(days=4), dt.time(), dt.UTC))
    while fault and _hours_lit(night, last) < LEAST_LIT_HOURS:
        night = _night(rng, day, minutes, lookback)
    return night


def _hours_lit(night: Night, since: Any) -> float:
    step = float((night.time[1] - night.time[0]) / np.timedelta64(1, "h"))
    side = max(1, round(0.5 / step))
    well = night.lit & night.dark & np.roll(night.lit, side) & np.roll(night.lit, -side)
    return float((well & (night.time >= since)).sum() * step)


def _onset(rng: Rng, day: dt.date) -> dt.datetime:
    """When it begins: within the first four days."""
    return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(hours=float(rng.uniform(0, 96)))


def _cabinet_trial(rng: Rng, day: dt.date, fault: str) -> Trial:
    night = _seen(rng, day, int(rng.choice([10, 15, 30, 60])), fault, CABINET_LOOKBACK)
    full = float(rng.choice([400, 900, 2200, 6000]))
    level = night.level.copy()
    if not fault and rng.random() < 0.1:
        # A new schedule from some evening on: late hours are dimmed, as nobody told.
        hour = np.array([m.hour for m in night.time.astype("M8[us]").astype(object)])
        level[(night.time >= rng.choice(night.time)) & ((hour >= 22) | (hour < 4))] *= 0.5
    extra = full * float(rng.choice([0.0, 0.02, 0.08, 0.2]))
    if day.month == 12 and rng.random() < 0.5:
        level = level * np.where(night.time < rng.choice(night.time), 1.2, 1.0)
    lit = night.lit.copy()
    _life(rng, night, lit[None, :])
    share = np.ones(len(lit))
    onset, where = None, None
    if fault:
        onset = _onset(rng, day)
        since = night.time >= utc64(onset)
        where = CABINET
        if fault == "circuit_out":
            share[since] = 1 - float(rng.uniform(0.33, 0.7))
        elif fault == "cabinet_out":
            share[since] = 0.0
        else:
            lit[since] = True
    mains = 1 + 0.04 * np.sin(np.arange(len(lit)) / 40) + rng.normal(0, 0.01, len(lit))
    watts = np.where(lit, full * level * share * mains, 0.0) + extra * rng.uniform(0.8, 1.2, len(lit))
    window = heard(rng, gauge(night.time, np.round(watts), "W"))
    start, end = span(day, CABINET_LOOKBACK)
    cabinet = Subject(
        CABINET,
        "A",
        "cabinet",
        None,
        "49007",
        night.longitude,
        night.latitude,
        {"reads": "cabinet", **night.attributes},
        {"power": window},
    )
    return Trial(Group((cabinet,), start, end), where, onset)


HALF_DAY = dt.timedelta(hours=13)
SORTS = (
    Sort("nothing wrong, lamps read", "", healthy, HALF_DAY),
    Sort("nothing wrong, cabinet read", "", healthy_cabinet, HALF_DAY),
    Sort("lamp out", "lamp_out", lambda rng, day: _trial(rng, day, "lamp_out"), HALF_DAY),
    Sort("lamp lit by day", "lit_by_day", lambda rng, day: _trial(rng, day, "lamp_by_day"), HALF_DAY),
    Sort("cabinet out, lamps tell", "cabinet_fault", lambda rng, day: _trial(rng, day, "cabinet_out"), HALF_DAY),
    Sort(
        "cabinet out, lamps fall silent", "cabinet_fault", lambda rng, day: _trial(rng, day, "cabinet_silent"), HALF_DAY
    ),
    Sort("circuit out", "cabinet_fault", lambda rng, day: _trial(rng, day, "circuit_out"), HALF_DAY),
    Sort("cabinet lit by day", "lit_by_day", lambda rng, day: _trial(rng, day, "cabinet_by_day"), HALF_DAY),
    Sort(
        "cabinet read: a circuit out",
        "cabinet_drop",
        lambda rng, day: _cabinet_trial(rng, day, "circuit_out"),
        HALF_DAY,
    ),
    Sort("cabinet read: all out", "cabinet_drop", lambda rng, day: _cabinet_trial(rng, day, "cabinet_out"), HALF_DAY),
    Sort("cabinet read: lit by day", "cabinet_by_day", lambda rng, day: _cabinet_trial(rng, day, "by_day"), HALF_DAY),
)
