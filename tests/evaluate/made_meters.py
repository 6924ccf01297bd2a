"""Meters of known truth: two or three years of days (and hours) with weather, kinds of day and a little noise."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from mitoyen.evaluate.baseline import DailyData, HourlyData
from mitoyen.evaluate.calendar import closed_days, day_bounds

BASELINE = (date(2021, 1, 1), date(2021, 12, 31))
REPORTING = (date(2022, 1, 1), date(2022, 12, 31))


@dataclass(frozen=True)
class Made:
    days: DailyData
    hours: HourlyData

    def change(self, first: str, last: str, factor: float) -> "Made":
        """Multiply the use from first to last (local days, both included)."""
        inside = (self.days.day >= np.datetime64(first)) & (self.days.day <= np.datetime64(last))
        of_hour = np.repeat(inside, hours_a_day(self.days.day))
        days = np.where(inside, self.days.energy * factor, self.days.energy)
        hours = np.where(of_hour, self.hours.energy * factor, self.hours.energy)
        return self._with(days, hours)

    def set(self, first: str, last: str, value: float) -> "Made":
        """Write a value a hour from first to last."""
        inside = (self.days.day >= np.datetime64(first)) & (self.days.day <= np.datetime64(last))
        counts = hours_a_day(self.days.day)
        hours = np.where(np.repeat(inside, counts), value, self.hours.energy)
        return self._with(np.where(inside, value * counts, self.days.energy), hours)

    def ceiling(self, first: str, last: str, value: float) -> "Made":
        """Cut the hours at a ceiling from first to last."""
        counts = hours_a_day(self.days.day)
        inside = (self.days.day >= np.datetime64(first)) & (self.days.day <= np.datetime64(last))
        hours = np.where(np.repeat(inside, counts), np.minimum(self.hours.energy, value), self.hours.energy)
        return self._with(np.add.reduceat(hours, np.concatenate([[0], np.cumsum(counts)[:-1]])), hours)

    def years(self) -> tuple[DailyData, DailyData]:
        return self.days.between(*BASELINE), self.days.between(*REPORTING)

    def _with(self, days: np.ndarray, hours: np.ndarray) -> "Made":
        kept = self.days
        return Made(
            DailyData(kept.day, days, kept.temperature, kept.closed),
            HourlyData(self.hours.start, hours, timezone=self.hours.timezone),
        )


def hours_a_day(day: np.ndarray) -> np.ndarray:
    bounds = day_bounds(day[0], day[-1] + 1, "Europe/Paris")
    return np.diff(bounds).astype(np.int64) // 3600


def weather(day: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    noise = np.convolve(generator.normal(0, 1.2, len(day) + 6), np.ones(7) / 7**0.5, "valid")
    angle = 2 * np.pi * (day - np.datetime64("2021-01-01")).astype(int) / 365.25
    return 11.5 - 8 * np.cos(angle - 0.3) + noise


def electricity(seed: int = 1, noise: float = 0.04) -> Made:
    """An office: 400 kWh on open days, half on the others, a little more in the cold and in the heat."""
    return made(seed, noise, base=400, off=0.5, heat=6.0, cool=8.0)


def heating(seed: int = 1, noise: float = 0.08) -> Made:
    """Gas: hot water all year round, and heating under 16 °C."""
    return made(seed, noise, base=30, off=0.7, heat=45.0, cool=0.0)


def made(seed: int, noise: float, *, base: float, off: float, heat: float, cool: float) -> Made:
    generator = np.random.default_rng(seed)
    day = np.arange(np.datetime64("2021-01-01"), np.datetime64("2023-01-01"))
    temperature = weather(day, generator)
    closed = closed_days(date(2021, 1, 1), date(2022, 12, 31), "FR")
    rest = closed | ((day.astype(np.int64) + 3) % 7 >= 5)
    expected = base * np.where(rest, off, 1.0)
    expected += heat * np.maximum(16 - temperature, 0) + cool * np.maximum(temperature - 20, 0)
    energy = expected * (1 + generator.normal(0, noise, len(day)))
    counts = hours_a_day(day)
    start = day_bounds(day[0], day[0], "Europe/Paris")[0] + np.arange(counts.sum()) * np.timedelta64(3600, "s")
    clock = np.concatenate([np.arange(count) for count in counts])
    shape = 1 + 0.6 * np.cos(2 * np.pi * (clock - 14) / 24)
    hours = np.round(np.repeat(energy / counts, counts) * shape * (1 + generator.normal(0, 0.03, len(clock))), 3)
    days = np.add.reduceat(hours, np.concatenate([[0], np.cumsum(counts)[:-1]]))
    return Made(DailyData(day, days, temperature, closed), HourlyData(start, hours))


def in_bills(data: DailyData) -> DailyData:
    """The days as twelve bills, each spread over its month."""
    _, place = np.unique(data.day.astype("datetime64[M]"), return_inverse=True)
    return replace(data, energy=(np.bincount(place, data.energy) / np.bincount(place))[place])
