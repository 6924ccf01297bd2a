"""One meter's last months, hour by hour, as the rules look at them."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.calendar import local_hours
from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.operate.hours import HoursError, week
from mitoyen.territory.models import Thing

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]
TIMEZONE = "Europe/Paris"


@dataclass(frozen=True)
class MeterView:
    """A meter and its building. Arrays of one item an hour: `day` (local), `hour` (0 to 23), `amount` (kWh or m3,
    nan where missing), `is_open` (None when the opening hours aren't known); `outside`: {day: mean temperature}."""

    datastream: Datastream
    site: Thing
    unit: str
    first: dt.date
    last: dt.date
    day: Days
    hour: NDArray[np.int64]
    amount: Floats
    is_open: Bools | None
    outside: dict[np.datetime64, float]

    @property
    def use(self) -> str:
        return str(self.site.attributes.get("use", ""))

    def daily(self) -> tuple[Days, Floats]:
        """Local days and their amounts, nan on days with less than 20 hours read."""
        days, of_day = np.unique(self.day, return_inverse=True)
        known = np.isfinite(self.amount)
        total = np.bincount(of_day, np.where(known, self.amount, 0.0))
        hours = np.bincount(of_day, known)
        return days, np.where(hours >= 20, total, np.nan)

    def temperatures(self, days: Days) -> Floats:
        return np.array([self.outside.get(day, np.nan) for day in days], dtype=np.float64)


def view(
    datastream: Datastream,
    site: Thing,
    unit: str,
    period: tuple[dt.date, dt.date],
    hourly: read.Hourly,
    *,
    closed: Days,
    outside: dict[np.datetime64, float],
) -> MeterView:
    """A meter's hours of a period (local days, both included). `closed`: the days the building is closed."""
    first, last = period
    day, hour = local_hours(hourly.start, TIMEZONE)
    is_open = _open(site, day, hour, closed)
    return MeterView(datastream, site, unit, first, last, day, hour, hourly.amount, is_open, outside)


def _open(site: Thing, day: Days, hour: NDArray[np.int64], closed: Days) -> Bools | None:
    text = str(site.attributes.get("opening_hours", "")).strip()
    if not text:
        return None
    try:
        weekly = week(text)
    except HoursError:
        return None
    weekday = (day.astype("M8[D]").astype(np.int64) + 3) % 7
    opened: Bools = weekly[weekday, hour] & ~np.isin(day, closed)
    return opened
