"""Generated car parks, counters, junctions: exits nobody counts, a count that stands still, lights that are out."""

from collections.abc import Iterator

import numpy as np

from mitoyen.demo.climate import Floats, random
from mitoyen.demo.objects.made import Hours, Made, Series, Values

ANGERS, TRELAZE, AVRILLE = "49007", "49353", "49015"
PARKS = (
    ("ardoises", "Parking des Ardoises", 420, "centre", ""),
    ("port", "Parking du Port", 260, "centre", "above"),
    ("gare", "Parking de la Gare", 600, "work", ""),
    ("tilleuls", "Parking des Tilleuls", 180, "work", "stuck"),
)
COUNTERS = (
    ("pont-velos", "Compteur vélos, pont des Ardoises", ANGERS, "bikes", 2400, ""),
    ("quai-velos", "Compteur vélos, quai de la Maine", ANGERS, "bikes", 900, "lost"),
    ("rue-pietons", "Compteur piétons, rue du Marché", ANGERS, "pedestrians", 7800, ""),
    ("entree-voitures", "Compteur voitures, entrée de Trélazé", TRELAZE, "cars", 6200, ""),
    ("bourg-voitures", "Compteur voitures, bourg de Trélazé", TRELAZE, "cars", 1900, "wild"),
    ("avrille-velos", "Compteur vélos, tramway d’Avrillé", AVRILLE, "bikes", 640, ""),
)
# How many days before the demo was first made each fault began.
ABOVE, STUCK, LOST, WILD, OUT = 1.5, 1.5, 2.0, 1.2, 0.15


def objects() -> Iterator[Made]:
    """Car parks, counters, a recycling centre and two junctions."""
    for at, (slug, name, capacity, use, fault) in enumerate(PARKS):
        series = (Series("occupancy", "1", "gauge", _cars(slug, capacity, use, fault)),)
        yield Made(f"parking-{slug}", name, "car_park", ANGERS, "", 0.006 * at - 0.01, 0.003 * (at % 2),
                   {"capacity": capacity}, series)  # fmt: skip
    for at, (slug, name, insee, what, a_day, fault) in enumerate(COUNTERS):
        series = (Series("count", "1", "delta", _passing(slug, what, a_day, fault)),)
        yield Made(f"compteur-{slug}", name, "traffic_counter", insee, "", 0.003 * at - 0.008, -0.002,
                   {"counts": what}, series)  # fmt: skip
    visits = (Series("count", "1", "delta", _passing("decheterie", "visits", 310, "")),)
    yield Made(
        "decheterie-ardoises", "Déchèterie des Ardoises", "recycling_centre", TRELAZE, "", 0.01, -0.004, {}, visits
    )
    for slug, name, fault in (("gare", "Carrefour de la Gare", ""), ("pont", "Carrefour du Pont", "out")):
        working = (Series("working", "1", "gauge", _lights(fault)),)
        yield Made(f"carrefour-{slug}", name, "junction", ANGERS, "", 0.002, 0.001, {}, working)


def _cars(slug: str, capacity: int, use: str, fault: str) -> Values:
    """Cars at the end of each hour; a count that stands still shows what it last saw."""

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        clock, work = hours.hour + 1.0, hours.weekday < 5
        busy = float(random(1, f"{slug}/{hours.day}").normal(1, 0.07))
        if use == "centre":
            share = 0.12 + (0.7 if hours.weekday < 6 else 0.3) * np.exp(-(((clock - 15.5) / 4) ** 2))
        else:
            share = 0.08 + (0.8 if work else 0.2) * np.exp(-(((clock - 13) / 4.5) ** 4))
        cars = capacity * np.clip(share * busy, 0, 0.97) + rng.normal(0, 2.5, len(clock))
        if fault == "above":
            # Half of the exits are missed: the count climbs by a car park a day.
            cars = np.where(hours.since(ABOVE), np.maximum(cars, capacity * (1.08 + 0.25 * (hours.age + ABOVE))), cars)
        if fault == "stuck":
            cars = np.where(hours.since(STUCK), 61.0, cars)
        return np.asarray(np.maximum(np.round(cars), 0), np.float64)

    return values


def _passing(slug: str, what: str, a_day: float, fault: str) -> Values:
    """How many passed in each hour."""

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        clock, work = hours.hour + 0.5, hours.weekday < 5
        if what == "visits":
            shape = ((clock > 9) & (clock < 18)) * (0.0 if hours.weekday == 0 else 1.9 if hours.weekday >= 5 else 0.9)
        elif what == "pedestrians":
            shape = 0.05 + (1.3 if hours.weekday == 5 else 0.5 if hours.weekday == 6 else 1.0) * np.exp(
                -(((clock - 15.5) / 4) ** 2)
            )
        else:
            rush = np.exp(-(((clock - 8.3) / 1.2) ** 2)) + np.exp(-(((clock - 17.5) / 1.8) ** 2))
            shape = 0.04 + rush * (1.0 if work else 0.35) + 0.4 * np.exp(-(((clock - 13) / 4) ** 2))
        weather = float(np.clip(random(1, f"{what}/{hours.day}").gamma(16, 1 / 16), 0.5, 1.6))
        mean = a_day / 7.5 * shape * weather
        if fault == "lost":
            mean = np.where(hours.since(LOST), 0.0, mean)
        if fault == "wild":
            mean = np.where(hours.since(WILD), 12 * (mean + 0.25 * a_day / 7.5), mean)
        return np.asarray(rng.poisson(mean), np.float64)

    return values


def _lights(fault: str) -> Values:
    def values(hours: Hours, _rng: np.random.Generator) -> Floats:
        return np.where(hours.since(OUT) & (fault == "out"), 0.0, 1.0)

    return values
