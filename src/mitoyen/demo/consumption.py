"""What a building uses hour by hour: heat by the weather, electricity and water by who is there, and chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.demo.calendars import closed_days
from mitoyen.demo.climate import Clock, Floats, autocorrelated, random
from mitoyen.operate.hours import week

HEATED_BELOW = 15.0
# Hours that walls keep yesterday's weather in mind.
INERTIA_HOURS = 10
# Of the daytime power, kept when nobody is there.
NIGHT_SETBACK = 0.55
CLOSED_SETBACK = 0.5


@dataclass(frozen=True, slots=True)
class Building:
    """One building of the demo, as `data/buildings.csv` lists it."""

    slug: str
    name: str
    insee: str
    use: str
    floor_area_m2: float
    users: int
    opening_hours: str
    energies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a building is run; the defaults are those of a well-run one."""

    setback: float = 1.0
    base_share: float = 1.0


def open_hours(building: Building, hours: Clock) -> NDArray[np.bool_]:
    """True in the hours when the building is open."""
    days, of_day = np.unique(hours.day, return_inverse=True)
    closed = closed_days(building.use, days)[of_day]
    weekly: NDArray[np.bool_] = week(building.opening_hours)[hours.weekday, hours.hour]
    return weekly & ~closed


def heat(building: Building, hours: Clock, outside: Floats, seed: int, habits: Habits) -> Floats:
    """kWh of gas or heat in each hour. `habits.setback` 1 lowers the heating when closed, 0 never does."""
    rng = random(seed, f"{building.slug}/heat")
    felt = np.convolve(outside, np.full(INERTIA_HOURS, 1 / INERTIA_HOURS))[: len(outside)]
    felt[:INERTIA_HOURS] = outside[:INERTIA_HOURS]
    is_open = open_hours(building, hours)
    warm = is_open | np.roll(is_open, -2)
    days, of_day = np.unique(hours.day, return_inverse=True)
    used_today = np.bincount(of_day, is_open)[of_day] > 0
    lowered = np.where(used_today, NIGHT_SETBACK, CLOSED_SETBACK)
    level = np.where(warm, 1.0, 1 - habits.setback * (1 - lowered))
    loss = building.floor_area_m2 * 0.0038 * rng.lognormal(0, 0.18) * (3.0 if building.use == "pool" else 1.0)
    hot_water = building.users * 0.006 * is_open + (building.floor_area_m2 * 0.03 if building.use == "pool" else 0)
    clean: Floats = loss * np.maximum(0, HEATED_BELOW - felt) * level + hot_water
    noise = autocorrelated(rng, len(days), 0.09, 0.55)[of_day] + autocorrelated(rng, len(clean), 0.1, 0.5)
    noisy: Floats = clean * np.exp(noise)
    return noisy


def electricity(building: Building, hours: Clock, seed: int, habits: Habits) -> Floats:
    """kWh in each hour: a base that never stops, what people switch on, more light in winter."""
    rng = random(seed, f"{building.slug}/electricity")
    is_open = open_hours(building, hours)
    days, of_day = np.unique(hours.day, return_inverse=True)
    day_of_year = (days - days.astype("M8[Y]").astype("M8[D]")).astype(np.float64)[of_day]
    darkness = 1 + 0.18 * np.cos(2 * np.pi * (day_of_year + 10) / 365.25)
    base = building.floor_area_m2 * 0.0014 * rng.lognormal(0, 0.15) * habits.base_share
    in_use = building.floor_area_m2 * 0.0085 * rng.lognormal(0, 0.15)
    pumps = building.floor_area_m2 * 0.02 if building.use == "pool" else 0.0
    clean: Floats = base + pumps + in_use * is_open * darkness
    noise = autocorrelated(rng, len(days), 0.06, 0.5)[of_day] + autocorrelated(rng, len(clean), 0.08, 0.5)
    noisy: Floats = clean * np.exp(noise)
    return noisy


def water(building: Building, hours: Clock, seed: int) -> Floats:
    """m3 in each hour: taps when open, a cistern that fills now and then, nothing in most nights."""
    rng = random(seed, f"{building.slug}/water")
    is_open = open_hours(building, hours)
    days, of_day = np.unique(hours.day, return_inverse=True)
    each = 0.012 if building.use == "pool" else 0.0022
    drawn = building.users * each * is_open * rng.gamma(8, 1 / 8, len(is_open))
    drawn *= np.exp(autocorrelated(rng, len(days), 0.1, 0.5))[of_day]
    cistern = 0.006 * (rng.random(len(is_open)) < 0.03)
    top_up = building.floor_area_m2 * 0.0004 if building.use == "pool" else 0.0
    total: Floats = drawn + cistern + top_up
    return total
