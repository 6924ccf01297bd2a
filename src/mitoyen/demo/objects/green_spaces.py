"""Two generated gardens: rain, soil, valves; a controller that nobody stopped in autumn, a probe that stands still."""

from collections.abc import Iterator

import numpy as np

from mitoyen.demo.climate import Floats, random
from mitoyen.demo.objects.made import Hours, Made, Series, Values

ANGERS = "49007"


def objects() -> Iterator[Made]:
    """Sites before what is part of them."""
    yield from _site("jardin", "Jardin des Plantes", "flower_bed", forgotten=True, still=False)
    yield from _site("parc", "Parc du lac de Maine", "lawn", forgotten=False, still=True)


def _site(slug: str, name: str, plant: str, *, forgotten: bool, still: bool) -> Iterator[Made]:
    site = f"vert-{slug}"
    rain = (Series("rain", "mm", "delta", _rain),)
    yield Made(site, name, "green_space", ANGERS, "", 0.004, 0.002, {"plant": plant, "area_m2": 1200}, rain)
    for number in (1, 2):
        soil = (Series("soil_moisture", "%", "gauge", _soil(number, still=still and number == 2)),)
        depth = {"depth_cm": 20 * number}
        yield Made(f"{site}-sonde-{number}", f"Sonde {number}, {name}", "soil_probe", ANGERS, site, 0, 0, depth, soil)
    water = (Series("watering", "m3", "delta", _watering(forgotten=forgotten)),)
    told = {"schedule": "Mo,Tu,We,Th,Fr,Sa,Su 20:00-22:00"}
    yield Made(f"{site}-vanne", f"Vanne d’arrosage, {name}", "valve", ANGERS, site, 0, 0, told, water)


def _rain(hours: Hours, _rng: np.random.Generator) -> Floats:
    """The same rain on both: two days in five, and each afternoon of the last ones."""
    rng = random(2, f"rain/{hours.day}")
    rain = np.zeros(len(hours.hour))
    if rng.random() < 0.4 or hours.day.toordinal() % 7 == 2:
        first, long = int(rng.integers(4, 16)), int(rng.integers(3, 9))
        rain[first : first + long] = 14.0 / long
    rain[hours.since(4) & (hours.hour >= 15) & (hours.hour < 20)] = 2.4
    return np.asarray(np.round(rain, 1), np.float64)


def _soil(number: int, *, still: bool) -> Values:
    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        soil = 25.0 + number + 3.0 * np.sin(hours.day.toordinal() / 2.0) + np.cumsum(_rain(hours, rng)) / 6
        soil = np.round(soil + rng.normal(0, 0.1, len(soil)), 1)
        return np.where(hours.since(6), 23.4, soil) if still else np.asarray(soil, np.float64)

    return values


def _watering(*, forgotten: bool) -> Values:
    """Cubic metres in the programme's hours from May to September; all year where nobody stopped it."""

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        runs = (hours.hour >= 20) & (hours.hour < 22) & (forgotten or 5 <= hours.day.month <= 9)
        return np.where(runs, np.round(1.8 * rng.uniform(0.95, 1.05, len(runs)), 3), 0.0)

    return values
