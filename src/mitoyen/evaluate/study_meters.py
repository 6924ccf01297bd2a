"""The meters of the study: the real ones where their files are, else generated ones of the same structure."""

import csv
from datetime import date
from pathlib import Path

import numpy as np

from mitoyen.evaluate.baseline import DailyData, Days, Floats, HourlyData
from mitoyen.evaluate.calendar import closed_days, local_days
from mitoyen.evaluate.guards import screened
from mitoyen.evaluate.study import StudyMeter
from mitoyen.ledger.refusal import Refused

BUILDINGS = ("b0", "b4", "b22")
ZONE = "Europe/London"
YEARS = (2017, 2018)


def cambridge(folder: Path, buildings: tuple[str, ...] = BUILDINGS, prop: str = "electricity") -> list[StudyMeter]:
    """Electricity of three buildings of Cambridge, 2017 and 2018 (hourly files in UTC, EECi's energy archive).

    `folder` holds the files, or the folder energy/cambridge that does. Raises Refused when they are not there.
    """
    nested = folder / "energy" / "cambridge"
    root = nested if nested.is_dir() else folder
    if not (root / f"weather_bedford_{YEARS[0]}.csv").is_file():
        raise Refused(f"no weather_bedford_{YEARS[0]}.csv in {root}", next_step="--data")
    return [_meter(root, building, prop) for building in buildings]


def _meter(root: Path, building: str, prop: str) -> StudyMeter:
    daily, hours = days_of(root, f"{building}_{prop}", YEARS)
    (clean,) = screened(daily, hours=hours)
    years = [clean.between(date(year, 1, 1), date(year, 12, 31)) for year in YEARS]
    return StudyMeter(f"{building}/{prop}", years[0], years[1])


def days_of(root: Path, stem: str, years: tuple[int, ...], zone: str = ZONE) -> tuple[DailyData, HourlyData]:
    """Local days and UTC hours of one meter's yearly files, with the weather of Bedford beside them."""
    start, energy = _hours(root, stem, years)
    weather_start, degrees = _hours(root, "weather_bedford", years)
    first, last = date(years[0], 1, 1), date(years[-1], 12, 31)
    day = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    temperature, count = _by_day(weather_start, degrees, day, zone)
    used, read = _by_day(start, energy, day, zone)
    # 23 to 25 hours a day; the file's own first and last hours may be cut off by the time zone.
    used = np.where(read >= 22, used, np.nan)
    temperature = np.where(count > 0, temperature / np.maximum(count, 1), np.nan)
    closed = closed_days(first, last, "GB")
    return DailyData(day, used, temperature, closed), HourlyData(start, energy, timezone=zone)


def _hours(root: Path, stem: str, years: tuple[int, ...]) -> tuple[Days, Floats]:
    times, values = [], []
    for year in years:
        with (root / f"{stem}_{year}.csv").open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            for row in rows:
                times.append(row[0])
                values.append(float(row[1]) if row[1] else np.nan)
    return np.array(times, "datetime64[s]"), np.array(values)


def _by_day(start: Days, value: Floats, day: Days, zone: str) -> tuple[Floats, Floats]:
    place = (local_days(start, zone) - day[0]).astype(np.int64)
    inside = (place >= 0) & (place < len(day)) & np.isfinite(value)
    sums = np.bincount(place[inside], value[inside], len(day)).astype(np.float64)
    return sums, np.bincount(place[inside], minlength=len(day)).astype(np.float64)


# What three real meters are like: mean use a day (kWh), ratio of off to open days, share that follows the seasons,
# heating and cooling slope (share of the mean a degree), and the noise: its spread (share of the mean), how much of it
# the next day keeps, and how much of the spread is a drift over months.
GENERATED = {
    "office": (700.0, 0.80, 0.008, 0.012, 0.010, 0.09, 0.70, 0.02),
    "school": (450.0, 0.55, 0.008, 0.015, 0.000, 0.08, 0.70, 0.02),
    "laboratory": (2600.0, 0.65, 0.008, 0.004, 0.018, 0.09, 0.70, 0.02),
}


def generated(seed: int = 1, each: int = 4) -> list[StudyMeter]:
    """Generated meters of three sorts over two years, where the real files are not at hand."""
    generator = np.random.default_rng(seed)
    day = np.arange(np.datetime64("2017-01-01"), np.datetime64("2019-01-01"))
    angle = 2 * np.pi * np.arange(len(day)) / 365.25
    temperature = 11 - 7.5 * np.cos(angle - 0.35) + _memory(generator, len(day), 0.75, 2.8)
    closed = closed_days(date(2017, 1, 1), date(2018, 12, 31), "FR")
    off = closed | ((day.astype(np.int64) + 3) % 7 >= 5)
    meters = []
    for number, (name, traits) in enumerate(list(GENERATED.items()) * each):
        mean, ratio, season, heat, cool, spread, keeps, drift = traits
        use = np.where(off, ratio, 1.0) + season * np.cos(2 * angle) + season * np.sin(angle)
        use += heat * np.maximum(15 - temperature, 0) + cool * np.maximum(temperature - 18, 0)
        use += _memory(generator, len(day), keeps, spread) + _memory(generator, len(day), 0.97, drift)
        whole = DailyData(day, mean * np.maximum(use, 0), temperature, closed)
        years = [whole.between(date(year, 1, 1), date(year, 12, 31)) for year in YEARS]
        meters.append(StudyMeter(f"{name} {number // len(GENERATED) + 1}", years[0], years[1]))
    return meters


def _memory(generator: np.random.Generator, length: int, keeps: float, spread: float) -> Floats:
    """Noise of which each day keeps a share of the day before's."""
    fresh = generator.normal(0, spread * np.sqrt(1 - keeps**2), length)
    result = np.empty(length)
    value = generator.normal(0, spread)
    for k in range(length):
        value = keeps * value + fresh[k]
        result[k] = value
    return result
