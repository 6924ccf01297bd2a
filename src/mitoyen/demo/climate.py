"""Weather of the Angers area, generated: seasons, days that resemble the one before, day and night, cold snaps.

Monthly means are the published 1991-2020 normals of Angers-Beaucouzé, to the nearest half degree.
"""

import datetime as dt
import zlib
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

PARIS = ZoneInfo("Europe/Paris")
MONTHLY_MEAN = (5.5, 6.0, 9.0, 11.5, 15.0, 18.5, 20.5, 20.5, 17.0, 13.5, 9.0, 6.0)
# Degrees: how far apart two days of one month lie, and how much one day keeps of the day before.
DAY_SPREAD = 3.2
DAY_MEMORY = 0.78
COLD_SNAPS_A_WINTER = 2


@dataclass(frozen=True, slots=True)
class Clock:
    """Hours of the generated period, each named by its local start. All arrays have one item an hour.

    `end`: UTC, datetime64[us], end of the hour; `day`: local day; `weekday`: 0 is Monday; `hour`: local, 0 to 23.
    """

    end: NDArray[np.datetime64]
    day: NDArray[np.datetime64]
    weekday: NDArray[np.int64]
    hour: NDArray[np.int64]

    def from_day(self, first: dt.date, last: dt.date | None = None) -> NDArray[np.bool_]:
        """True in the hours of the local days first..last."""
        mask = self.day >= np.datetime64(first)
        return mask if last is None else mask & (self.day <= np.datetime64(last))


def clock(first: dt.date, last: dt.date) -> Clock:
    """Every hour of the local days first..last: 23 or 25 of them when clocks change."""
    start = dt.datetime.combine(first, dt.time(), PARIS).astimezone(dt.UTC)
    stop = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), PARIS).astimezone(dt.UTC)
    count = (stop - start) // dt.timedelta(hours=1)
    starts = np.datetime64(start.replace(tzinfo=None), "us") + np.arange(count) * np.timedelta64(1, "h")
    offsets = [(start + dt.timedelta(hours=hour)).astimezone(PARIS).utcoffset() for hour in range(count)]
    local = starts + np.array(offsets, dtype="m8[us]")
    day = local.astype("M8[D]")
    weekday = (day.astype(np.int64) + 3) % 7
    hour = (local - day).astype("m8[h]").astype(np.int64)
    return Clock(starts + np.timedelta64(1, "h"), day, weekday, hour)


def random(seed: int, name: str) -> np.random.Generator:
    """A generator of random numbers of its own for each name: adding one series leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def autocorrelated(rng: np.random.Generator, count: int, spread: float, memory: float) -> Floats:
    """AR(1) noise, shape (count,), standard deviation `spread`, lag-one correlation `memory`."""
    lags = max(1, int(np.ceil(np.log(1e-3) / np.log(memory))))
    shocks = rng.standard_normal(count + lags) * spread * np.sqrt(1 - memory**2)
    return np.convolve(shocks, memory ** np.arange(lags))[lags : lags + count]


def temperature(hours: Clock, seed: int) -> Floats:
    """Outdoor temperature in Cel at the end of each hour, to a tenth of a degree."""
    rng = random(seed, "weather")
    days, of_day = np.unique(hours.day, return_inverse=True)
    daily = _seasonal(days) + autocorrelated(rng, len(days), DAY_SPREAD, DAY_MEMORY) + _cold_snaps(days, rng)
    # From one day's mean to the next without a step at midnight.
    position = of_day + (hours.hour + 1 - 12) / 24
    smooth = np.interp(position, np.arange(len(days)), daily)
    year_angle = 2 * np.pi * (_day_of_year(days) - 172) / 365.25
    swing = (4.2 + 2.0 * np.cos(year_angle)) * rng.uniform(0.4, 1.3, len(days))
    diurnal = swing[of_day] * np.cos(2 * np.pi * (hours.hour + 1 - 15) / 24)
    wobble = autocorrelated(rng, len(smooth), 0.4, 0.85)
    return np.round(smooth + diurnal + wobble, 1)


def _day_of_year(days: NDArray[np.datetime64]) -> Floats:
    since_new_year: Floats = (days - days.astype("M8[Y]").astype("M8[D]")).astype(np.float64)
    return since_new_year


def _seasonal(days: NDArray[np.datetime64]) -> Floats:
    """Normals of the months, joined smoothly: each month's mean at its fifteenth day."""
    middles = np.array([15 + 30.44 * month for month in range(-1, 13)])
    means = np.array([MONTHLY_MEAN[month % 12] for month in range(-1, 13)])
    normals: Floats = np.interp(_day_of_year(days), middles, means)
    return normals


def _cold_snaps(days: NDArray[np.datetime64], rng: np.random.Generator) -> Floats:
    """Spells of 4 to 9 days, 4 to 8 degrees colder, between December and February."""
    cold = np.zeros(len(days))
    months = days.astype("M8[M]").astype(np.int64) % 12 + 1
    winter = np.flatnonzero((months == 12) | (months <= 2))
    for _ in range(round(COLD_SNAPS_A_WINTER * len(days) / 365)):
        start = int(rng.choice(winter))
        length, depth = int(rng.integers(4, 10)), rng.uniform(4, 8)
        span = slice(start, start + length)
        cold[span] -= depth * np.sin(np.linspace(0.2, np.pi - 0.2, length))[: len(cold[span])]
    return cold
