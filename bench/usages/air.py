"""Street sensors of air and heat: weather that moves all, places of their own, noise, rain on one side; drift."""

import datetime as dt
from typing import Any

import numpy as np

from bench.usages.study import Rng, Sort, Trial, clock, gauge, heard, span
from mitoyen.operate.detect import Group, Subject

LOOKBACK = 35


def healthy(rng: Rng, day: dt.date) -> Trial:
    """A dozen sensors that all see the same weather, each in its own street."""
    return _trial(rng, day, "")


def _trial(rng: Rng, day: dt.date, fault: str) -> Trial:
    if fault == "hot":
        day = dt.date(day.year, 6, 10) + dt.timedelta(days=int(rng.integers(0, 75)))
    time = clock(day, LOOKBACK, 60)
    count = int(rng.integers(5, 13))
    observed = "temperature" if fault == "hot" else str(rng.choice(["no2", "pm25", "temperature"]))
    values = _temperature(rng, time, count, day) if observed == "temperature" else _pollutant(rng, time, count)
    hours = (time - time[0]) / np.timedelta64(3600, "s")
    onset = LOOKBACK * 24.0 + float(rng.uniform(-72, -12))
    if fault == "drift":
        # Slowly, over days, or at once after a shower; by a third of the level at least.
        level = float(np.abs(values).mean()) if observed != "temperature" else 9.0
        size = (
            float(rng.uniform(0.45, 1.0))
            * level
            * float(rng.choice([-1, 1] if observed == "temperature" else [1, 1, -0.9]))
        )
        values[0] = values[0] + size * np.clip((hours - onset) / float(rng.choice([1.0, 24.0])), 0, 1)
    if fault == "hot":
        return _hot(rng, day, time, values)
    floor = -50.0 if observed == "temperature" else 0.0
    group = _group(rng, day, time, np.maximum(values, floor), observed)
    if not fault:
        return Trial(group)
    begun: dt.datetime = (time[0] + np.timedelta64(int(onset * 3600), "s")).astype("M8[us]").astype(dt.datetime)
    return Trial(group, 0, begun.replace(tzinfo=dt.UTC), frozenset({("hot_night", one) for one in range(count)}))


def _hot(rng: Rng, day: dt.date, time: Any, values: Any) -> Trial:
    """Nights of a heat wave that one district of stone comes through without cooling."""
    begins = LOOKBACK * 24 + 24 * int(rng.integers(1, 4))
    values[:, begins:] += (
        max(0.0, 19.3 - float(np.median(values[:, begins:].reshape(len(values), -1).min(axis=1)))) * 0.7
    )
    night = np.median(values, axis=0)
    level = float(night[begins:].min())
    # The others go down to between 17 and 19, this one stays above 20.
    values[:, begins:] += float(rng.uniform(17, 18.3)) - level
    warm = np.clip(21.5 + rng.uniform(0, 2) - values[0, begins:], 0, None)
    values[0, begins:] += warm
    group = _group(rng, day, time, values, "temperature")
    begun: dt.datetime = time[begins].astype("M8[us]").astype(dt.datetime)
    excused = frozenset({("sensor_drift", 0), *(("hot_night", one) for one in range(1, len(values)))})
    return Trial(group, 0, begun.replace(tzinfo=dt.UTC) - dt.timedelta(hours=1), excused)


def _group(rng: Rng, day: dt.date, time: Any, values: Any, observed: str) -> Group:
    digits, unit = int(rng.choice([0, 1, 1])), "Cel" if observed == "temperature" else "ug/m3"
    subjects = []
    for row in range(len(values)):
        window = heard(rng, gauge(time, np.round(values[row], digits), unit))
        where = {"district": f"D{row}"}
        subjects.append(Subject(row, f"S{row}", "air_sensor", None, "49007", -0.55, 47.47, where, {observed: window}))
    start, end = span(day, LOOKBACK)
    return Group(tuple(subjects), start, end)


def _wander(rng: Rng, count: int, hours: float) -> Any:
    """A slow change with a spread of one and a memory of so many hours."""
    keep = float(np.exp(-1 / hours))
    noise = rng.normal(0, np.sqrt(1 - keep**2), count)
    found = np.empty(count)
    value = 0.0
    for at in range(count):
        value = keep * value + noise[at]
        found[at] = value
    return found


def _pollutant(rng: Rng, time: Any, count: int) -> Any:
    """Lognormal, rush hours, weather of days; each street has its own share; one side of town has rain of its own."""
    n = len(time)
    hour = (time - time.astype("M8[D]")) / np.timedelta64(3600, "s")
    shape = 1 + 0.5 * np.exp(-(((hour - 7.5) / 2) ** 2)) + 0.4 * np.exp(-(((hour - 18) / 2.5) ** 2))
    common = float(rng.uniform(8, 30)) * shape * np.exp(0.45 * _wander(rng, n, 48))
    side = np.exp(0.12 * _wander(rng, n, 30))
    rows = []
    for row in range(count):
        own = float(rng.uniform(0.7, 1.6)) * np.exp(0.10 * _wander(rng, n, 24))
        works = 1 + 0.25 * (rng.random() < 0.1) * np.clip(_wander(rng, n, 60), 0, None)
        rows.append(common * (side if row % 2 else 1.0) * own * works * np.exp(rng.normal(0, 0.08, n)))
    return np.array(rows)


def _temperature(rng: Rng, time: Any, count: int, day: dt.date) -> Any:
    n = len(time)
    hour = (time - time.astype("M8[D]")) / np.timedelta64(3600, "s")
    season = 11.5 - 8.5 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 20) / 365)
    common = season + 4.5 * np.sin(2 * np.pi * (hour - 9) / 24) + 3.0 * _wander(rng, n, 72)
    rows = []
    for _ in range(count):
        shade = float(rng.normal(0, 0.5)) * np.clip(np.sin(2 * np.pi * (hour - 9) / 24), 0, None)
        rows.append(common + float(rng.normal(0, 0.5)) + shade + 0.3 * _wander(rng, n, 24) + rng.normal(0, 0.15, n))
    return np.array(rows)


SORTS = (
    Sort("healthy sensors", "", healthy),
    Sort("drifts from its neighbours", "sensor_drift", lambda rng, day: _trial(rng, day, "drift")),
    Sort("hot all night", "hot_night", lambda rng, day: _trial(rng, day, "hot")),
)
