"""A generated district of the water network: its inflow, its meters, a leak behind one, one that stands still."""

from collections.abc import Iterator

import numpy as np

from mitoyen.demo.climate import Floats, random
from mitoyen.demo.objects.made import Hours, Made, Series, Values

TRELAZE = "49353"
DISTRICT = "eau-secteur-bourg"
METERS = (
    *(("dwelling", f"Compteur d’eau, logement {number}") for number in range(1, 13)),
    ("flats", "Compteur d’eau, résidence des Ardoises"),
    ("school", "Compteur d’eau, école"),
    ("industry", "Compteur d’eau, atelier"),
)
LEAKING, STILL = 3, 15
LEAK_M3_H = 0.03
# What the network itself loses, between the inflow and the meters.
LOST_M3_H = 0.12


def objects() -> Iterator[Made]:
    """The district before its meters."""
    used = [_meter(number, use) for number, (use, _name) in enumerate(METERS, 1)]
    told = {"length_km": 4.2, "connections": len(METERS)}
    inflow = (Series("inflow", "m3", "delta", _inflow(used)),)
    yield Made(DISTRICT, "Secteur d’eau du bourg", "district", TRELAZE, "", 0.0, 0.0, told, inflow)
    for number, (use, name) in enumerate(METERS, 1):
        series = (Series("volume", "m3", "delta", _read(used[number - 1], still=number == STILL)),)
        attributes = {"use": use, "step_m3": 0.001}
        slug = f"eau-compteur-{number:02}"
        yield Made(slug, name, "water_meter", TRELAZE, DISTRICT, 0.0006 * number, -0.001, attributes, series)


def _meter(number: int, use: str) -> Values:
    """Cubic metres an hour that are drawn. Drawn from the day's own chance, so that the district sees the same."""

    def values(hours: Hours, _rng: np.random.Generator) -> Floats:
        rng = random(number, f"water/{hours.day}")
        drawn = _drawn(use, hours, rng)
        if number == LEAKING:
            drawn = drawn + np.where(hours.since(9), LEAK_M3_H, 0.0)
        return np.asarray(np.round(drawn, 3), np.float64)

    return values


def _drawn(use: str, hours: Hours, rng: np.random.Generator) -> Floats:
    by_day, count = (hours.hour >= 6) & (hours.hour < 23), len(hours.hour)
    if use == "dwelling":
        taps = rng.poisson(np.where(np.isin(hours.hour, (7, 8, 19, 20)), 2.0, np.where(by_day, 0.5, 0.0)))
        return np.asarray(taps * rng.gamma(2.0, 0.012, count), np.float64)
    if use == "flats":
        return np.asarray(rng.poisson(np.where(by_day, 18.0, 3.0)) * 0.015, np.float64)
    weekday = hours.weekday < 5
    if use == "school":
        lessons = (hours.hour >= 8) & (hours.hour < 18)
        return np.asarray(np.where(lessons & weekday, 0.2, 0.0) * rng.uniform(0.7, 1.3), np.float64)
    busy = (hours.hour >= 6) & (hours.hour < 20)
    return np.asarray((0.3 + np.where(busy & weekday, 1.2, 0.0)) * rng.lognormal(0, 0.1, count), np.float64)


def _read(drawn: Values, *, still: bool) -> Values:
    """What the meter tells of it: nothing more once it stands still."""

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        told = drawn(hours, rng)
        return np.where(hours.since(4), 0.0, told) if still else told

    return values


def _inflow(meters: list[Values]) -> Values:
    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        total = sum((drawn(hours, rng) for drawn in meters), np.zeros(len(hours.hour)))
        return np.asarray(np.round(total + LOST_M3_H * rng.normal(1, 0.02, len(total)), 3), np.float64)

    return values
