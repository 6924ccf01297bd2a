"""Local days of Europe/Paris in UTC: 23, 24 or 25 hours long. Times are numpy datetime64[us], UTC."""

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

PARIS = ZoneInfo("Europe/Paris")
Times = NDArray[np.datetime64]


def paris_midnight(day: date) -> datetime:
    """The instant (UTC) at which a Paris day begins."""
    return datetime.combine(day, clock.min, PARIS).astimezone(UTC)


def paris_day_bounds(first: date, last: date) -> Times:
    """n+1 bounds (UTC) of the Paris days first..last, both included. Raises ValueError when last < first."""
    if last < first:
        raise ValueError(f"last day {last} comes before first day {first}")
    return _bounds(first, last).copy()


@lru_cache(maxsize=64)
def _bounds(first: date, last: date) -> Times:
    days = [first + timedelta(days=i) for i in range((last - first).days + 2)]
    return np.array([paris_midnight(day).replace(tzinfo=None) for day in days], dtype="datetime64[us]")


def paris_day_of(times: Times) -> Times:
    """The Paris day (datetime64[D]) in which each instant lies; a midnight belongs to the day it begins."""
    if len(times) == 0:
        return np.empty(0, "datetime64[D]")
    first = times.min().astype("datetime64[D]").astype(date) - timedelta(days=1)
    last = times.max().astype("datetime64[D]").astype(date) + timedelta(days=1)
    index = np.searchsorted(_bounds(first, last), times, side="right") - 1
    return np.datetime64(first, "D") + index


def utc64(moment: datetime) -> np.datetime64:
    """An aware (or naive UTC) datetime as datetime64[us]."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us")


def micros(moment: datetime) -> int:
    """Microseconds since 1970 (UTC), exactly."""
    return int(utc64(moment).astype(np.int64))
