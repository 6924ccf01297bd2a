"""Car parks and counters as they are read: markets, rain, holidays, streets closed, sensors that miss one in ten."""

import datetime as dt
from typing import Any

import numpy as np

from bench.usages.study import Rng, Sort, Trial, clock, gauge, heard, span
from mitoyen.history.times import paris_day_bounds, utc64
from mitoyen.operate.detect import Group, Subject, Window

PARK_BACK, COUNT_BACK = 28, 36


def healthy_parks(rng: Rng, day: dt.date) -> Trial:
    """A car park that fills and empties."""
    return _park(rng, day, "")


def healthy_counters(rng: Rng, day: dt.date) -> Trial:
    """A counter of bikes, cars or visits."""
    return _counter(rng, day, "")


def _local(time: Any) -> tuple[Any, Any]:
    """Hour with its fraction, and weekday, by the clock on the wall."""
    first, last = (one.astype("M8[D]").astype(dt.date) for one in (time[0], time[-1]))
    midnights = paris_day_bounds(first - dt.timedelta(days=1), last + dt.timedelta(days=1))
    index = np.searchsorted(midnights, time, side="right") - 1
    hour = (time - midnights[index]) / np.timedelta64(3600, "s")
    return hour, ((midnights[index] + np.timedelta64(12, "h")).astype("M8[D]").astype(int) + 3) % 7


def _park(rng: Rng, day: dt.date, fault: str) -> Trial:
    minutes = int(rng.choice([5, 15, 30]))
    time = clock(day, PARK_BACK, minutes)
    hour, weekday = _local(time)
    capacity = int(rng.choice([60, 150, 400, 900]))
    sort = rng.choice(["centre", "commuters", "residents"])
    days = rng.normal(1, 0.15, len(np.unique(time.astype("M8[D]"))))[
        (time.astype("M8[D]") - time[0].astype("M8[D]")).astype(int)
    ]
    shape = {
        "centre": 0.1 + 0.75 * np.exp(-(((hour - 15.5) / 4) ** 2)) * np.where(weekday == 6, 0.4, 1.0),
        "commuters": 0.05 + 0.8 * ((hour > 8) & (hour < 18)) * (weekday < 5),
        "residents": 0.85 - 0.5 * np.exp(-(((hour - 13) / 4) ** 2)) * (weekday < 5),
    }[str(sort)]
    smooth = np.convolve(np.pad(shape * days, 12, mode="edge"), np.ones(25) / 25, mode="valid")
    wander = np.cumsum(rng.normal(0, 0.004, len(time)))
    wander -= np.convolve(np.pad(wander, 144, mode="edge"), np.ones(289) / 289, mode="valid")
    cars = np.clip(np.round(capacity * (smooth + wander)), 0, capacity)
    onset = utc64(dt.datetime.combine(day, dt.time(), dt.UTC)) + np.timedelta64(int(rng.integers(2, 60)), "h")
    at = int(np.searchsorted(time, onset))
    if fault == "above":
        # Cars that leave are missed: the count climbs from day to day.
        cars[at:] += np.cumsum(rng.poisson(capacity * float(rng.uniform(0.15, 0.5)) * minutes / 1440, len(cars) - at))
        over = np.flatnonzero(cars > 1.02 * capacity)
        over = over[over >= at]
        if not len(over) or over[0] > len(cars) - 24 * 60 // minutes:
            return _park(rng, day, fault)
        onset = time[over[0]]
    if fault == "stuck":
        at = int(np.searchsorted(time, onset + np.timedelta64(int(rng.integers(8, 12)), "h")))
        onset = time[at]
        cars[at:] = cars[at]
    window = heard(rng, gauge(time, cars, "1"))
    park = Subject(1, "P", "car_park", None, "49007", -0.55, 47.47, {"capacity": capacity}, {"occupancy": window})
    start, end = span(day, PARK_BACK)
    planted = (1, _aware(onset)) if fault else (None, None)
    return Trial(Group((park,), start, end), *planted)


def _counter(rng: Rng, day: dt.date, fault: str) -> Trial:
    time = clock(day, COUNT_BACK, 60)
    hour, weekday = _local(time)
    a_day = float(rng.choice([150, 400, 1500, 8000]))
    sort = rng.choice(["bikes", "cars", "visits"])
    rush = np.exp(-(((hour - 8.3) / 1.2) ** 2)) + np.exp(-(((hour - 17.5) / 1.8) ** 2))
    if sort == "visits":
        shape = ((hour >= 9) & (hour < 18)) * np.where(weekday >= 5, 1.8, 1.0) * (weekday != 1)
    else:
        shape = 0.05 + rush * np.where(weekday < 5, 1.0, 0.4) + 0.5 * np.exp(-(((hour - 13) / 4) ** 2))
    number = (time.astype("M8[D]") - time[0].astype("M8[D]")).astype(int)
    weather = np.clip(rng.gamma(9, 1 / 9, number.max() + 1), 0.35 if sort == "bikes" else 0.6, 1.8)[number]
    holiday = (rng.random(number.max() + 1) < 0.04)[number]
    mean = a_day * shape / (shape.sum() / (number.max() + 1)) * weather * np.where(holiday, 0.45, 1.0)
    onset = utc64(dt.datetime.combine(day, dt.time(), dt.UTC)) + np.timedelta64(int(rng.integers(0, 72)), "h")
    at = int(np.searchsorted(time, onset))
    if rng.random() < 0.15:
        # The street is closed for some hours by day, or a feast passes.
        closed = int(rng.integers(len(time) - 200, len(time) - 12))
        mean[closed : closed + int(rng.integers(2, 9))] *= float(rng.choice([0.05, 2.5]))
    if fault == "lost":
        mean[at:] *= float(rng.choice([0.0, 0.0, 0.02, 0.05]))
    if fault == "wild":
        mean[at:] = (mean[at:] + 0.4 * mean.max()) * float(rng.uniform(6, 20))
    counted = rng.poisson(mean * float(rng.uniform(0.9, 1.0)))
    window = heard(rng, Window(time, np.full(len(time), 3600, np.int32), counted.astype(float), "1", "delta"))
    one = Subject(1, "C", "traffic_counter", None, "49007", -0.55, 47.47, {}, {"count": window})
    start, end = span(day, COUNT_BACK)
    planted = (1, _aware(onset)) if fault else (None, None)
    return Trial(Group((one,), start, end), *planted)


def _aware(moment: Any) -> dt.datetime:
    naive: dt.datetime = moment.astype("M8[us]").astype(dt.datetime)
    return naive.replace(tzinfo=dt.UTC)


SORTS = (
    Sort("healthy car parks", "", healthy_parks),
    Sort("healthy counters", "", healthy_counters),
    Sort("exits not counted", "above_capacity", lambda rng, day: _park(rng, day, "above")),
    Sort("occupancy stuck", "stuck_occupancy", lambda rng, day: _park(rng, day, "stuck")),
    Sort("counter dead or nearly", "count_lost", lambda rng, day: _counter(rng, day, "lost")),
    Sort("counter runs wild", "count_wild", lambda rng, day: _counter(rng, day, "wild")),
)
