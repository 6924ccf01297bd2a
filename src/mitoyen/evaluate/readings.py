"""The daily series of meters as today's readings give them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate import calendar
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.series import Run
from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.history.times import paris_day_bounds, paris_day_of

HALF = 0.5
"""Share of a day that its readings must cover (CalTRACK 2.0, 2.2.3.1: days with half their hours or more count, scaled
up to the whole day)."""


@dataclass(frozen=True)
class Readings:
    """Days of several meters and of their weather stations, read at once. `days` maps a datastream's number to the
    rollups of `history.read.daily`, all of them from `whole.first` to `whole.last`."""

    whole: Period
    days: dict[int, read.Daily] = field(repr=False)

    def has_readings(self, meter: int, period: Period) -> bool:
        daily = self.days.get(meter)
        first = (period.first - self.whole.first).days
        return daily is not None and bool(np.any(daily.count[first : first + period.days] > 0))

    def run(self, meter: int, weather: int | None, closed: NDArray[np.bool_], period: Period) -> Run:
        """The series of one meter over `period`; `closed` is that of the whole."""
        first = (period.first - self.whole.first).days
        part = slice(first, first + period.days)
        count = self.whole.days
        amount = _amounts(self.days.get(meter), self.whole, count)
        temperature = _means(self.days.get(weather) if weather is not None else None, count)
        day = np.datetime64(self.whole.first, "D") + np.arange(count)
        return Run(day[part], amount[part], temperature[part], closed[part])


def readings(datastreams: Iterable[Datastream], periods: Sequence[Period]) -> Readings:
    """Read the days from the first to the last of `periods`, for all the datastreams at once."""
    whole = Period(min(period.first for period in periods), max(period.last for period in periods))
    wanted = {datastream.pk: datastream for datastream in datastreams}
    return Readings(whole, read.daily(list(wanted.values()), whole.first, whole.last))


def extents(datastreams: Sequence[Datastream]) -> dict[int, Period]:
    """Datastream number -> the Paris days of its first and last reading; absent: no reading."""
    found: dict[int, Period] = {}
    for number, ends in read.extents(datastreams).items():
        # A reading at midnight ends the day before.
        first, last = (day.astype(object) for day in paris_day_of(np.array(ends) - np.timedelta64(1, "us")))
        found[number] = Period(first, last)
    return found


def closed_days(whole: Period, country: str, closures: Iterable[Period]) -> NDArray[np.bool_]:
    return calendar.closed_days(whole.first, whole.last, country, [(one.first, one.last) for one in closures])


def _amounts(daily: read.Daily | None, whole: Period, count: int) -> NDArray[np.float64]:
    """Amounts a day, those of days covered by half or more scaled up to the whole day, the others missing."""
    if daily is None:
        return np.full(count, np.nan)
    share = daily.covered_s / _day_lengths(whole)
    enough = (share >= HALF) & np.isfinite(daily.amount)
    scaled: NDArray[np.float64] = np.where(enough, daily.amount / np.clip(share, HALF, 1.0), np.nan)
    return scaled


def _means(daily: read.Daily | None, count: int) -> NDArray[np.float64]:
    """Mean temperatures a day, missing where fewer than half the usual number of readings came."""
    if daily is None or not np.any(daily.count > 0):
        return np.full(count, np.nan)
    usual = float(np.median(daily.count[daily.count > 0]))
    means: NDArray[np.float64] = np.where(daily.count >= HALF * usual, daily.mean, np.nan)
    return means


def _day_lengths(whole: Period) -> NDArray[np.float64]:
    """Seconds of each local day: 23, 24 or 25 hours."""
    bounds = paris_day_bounds(whole.first, whole.last)
    seconds: NDArray[np.float64] = np.diff(bounds).astype("timedelta64[s]").astype(float)
    return seconds
