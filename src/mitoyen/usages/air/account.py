"""What is shown of a commune's air and heat: averages beside what the WHO advises, and the nights of each district."""

import datetime as dt
from collections.abc import Iterable

import numpy as np

from mitoyen.history.times import Times
from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group, Subject
from mitoyen.operate.shown import Cell, Number, Shown
from mitoyen.operate.windows import Floats, hours, local, means
from mitoyen.usages.air.heat import EVENING, MORNING, TEMPERATURE

# Means of 24 hours that should not be passed (WHO global air quality guidelines 2021, table 0.1), in µg/m³.
WHO_DAY = {"no2": 25.0, "pm10": 45.0, "pm25": 15.0}
TROPICAL = 20.0
_LEAST_HOURS = 18
ROWS = 40


def days_above(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Each sensor and pollutant: its mean, and the days whose mean passed what the WHO advises."""
    rows: list[tuple[Cell, ...]] = []
    above = counted = 0
    streams: list[int] = []
    now = dt.datetime.min
    for group in groups:
        now = group.now
        bounds = hours(group.start, group.now)
        day, _hour = local(bounds)
        for one in group.subjects:
            for observed, limit in WHO_DAY.items():
                if observed not in one.windows:
                    continue
                daily = _daily(means(one.windows[observed], bounds), day)
                if not len(daily):
                    continue
                over = int((daily > limit).sum())
                rows.append((one.name, observed, float(daily.mean()), limit, float(over), float(len(daily))))
                above, counted = above + over, counted + len(daily)
                streams.append(one.windows[observed].datastream)
    if not rows:
        return None
    return Shown(
        numbers=(Number("sensor_days", float(counted), "1"), Number("above", float(above), "1")),
        first=(now - dt.timedelta(days=show.days)).date(),
        last=now.date(),
        rows=tuple(sorted(rows, key=lambda row: -float(row[4] or 0) / float(row[5] or 1))[:ROWS]),
        facts={"percent": 100 * above / counted},
        datastreams=tuple(streams),
    )


def nights(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Each district: nights that did not go below 20 °C, and how much warmer than the others its nights are."""
    rows: list[tuple[str, float, float, float]] = []
    streams: list[int] = []
    now = dt.datetime.min
    for group in groups:
        now = group.now
        bounds = hours(group.start, group.now)
        day, hour = local(bounds)
        night = day + (hour >= EVENING).astype("m8[D]")
        nightly = (hour >= EVENING) | (hour < MORNING)
        lowest: list[tuple[Subject, dict[np.datetime64, float]]] = []
        for one in group.subjects:
            if TEMPERATURE in one.windows:
                values = means(one.windows[TEMPERATURE], bounds)
                found = {
                    each: float(np.nanmin(values[nightly & (night == each)]))
                    for each in np.unique(night[nightly])
                    if np.isfinite(values[nightly & (night == each)]).sum() >= 8
                }
                if found:
                    lowest.append((one, found))
        for one, own in lowest:
            apart = [
                value - float(np.median(others))
                for each, value in own.items()
                if len(others := [them[each] for who, them in lowest if who is not one and each in them]) >= 2
            ]
            name = str(one.attributes.get("district") or one.name)
            hot = sum(value >= TROPICAL for value in own.values())
            rows.append((name, float(hot), float(len(own)), float(np.mean(apart)) if apart else float("nan")))
            streams.append(one.windows[TEMPERATURE].datastream)
    if not rows:
        return None
    rows.sort(key=lambda row: (-row[1], -row[3] if np.isfinite(row[3]) else 0.0))
    return Shown(
        numbers=(Number("tropical", max(row[1] for row in rows), "1"),),
        first=(now - dt.timedelta(days=show.days)).date(),
        last=now.date(),
        rows=tuple(
            (name, hot, count, apart if np.isfinite(apart) else None) for name, hot, count, apart in rows[:ROWS]
        ),
        facts={"district": rows[0][0], "nights": rows[0][1]},
        datastreams=tuple(streams),
    )


def _daily(values: Floats, day: Times) -> Floats:
    """Means of the days heard for 18 hours at least."""
    by_day = [values[day == each] for each in np.unique(day)]
    return np.array([float(np.nanmean(one)) for one in by_day if np.isfinite(one).sum() >= _LEAST_HOURS])
