"""Eight generated sensors of air and heat: a district that stays hot at night, a sensor that drifts, wood smoke."""

import math
from collections.abc import Iterator

import numpy as np

from mitoyen.demo.climate import MONTHLY_MEAN, Floats, random
from mitoyen.demo.objects.made import Hours, Made, Series, Values

ANGERS, TRELAZE = "49007", "49353"
SENSORS = (
    ("centre", "Centre", ANGERS, 1.6, 2.8),
    ("gare", "Gare", ANGERS, 1.5, 1.1),
    ("doutre", "Doutre", ANGERS, 1.1, 0.6),
    ("lac", "Lac de Maine", ANGERS, 0.7, -0.9),
    ("belle-beille", "Belle-Beille", ANGERS, 0.9, -0.3),
    ("monplaisir", "Monplaisir", ANGERS, 1.0, 0.4),
    ("bourg-trelaze", "Bourg de Trélazé", TRELAZE, 1.0, 0.0),
    ("ardoisieres", "Ardoisières", TRELAZE, 0.8, -0.5),
)
DRIFTING, DRIFTED_DAYS = "monplaisir", 6
SMOKY, SMOKE_DAYS = "bourg-trelaze", 1.6


def objects() -> Iterator[Made]:
    """`own` is the street's share of what all breathe; `warm`, by how many degrees its nights are warmer."""
    for at, (slug, name, insee, own, warm) in enumerate(SENSORS):
        series = (
            Series("no2", "ug/m3", "gauge", _breathed("no2", slug, 17.0 * own)),
            Series("pm10", "ug/m3", "gauge", _breathed("pm10", slug, 15.0 * (0.6 + 0.4 * own))),
            Series("pm25", "ug/m3", "gauge", _breathed("pm25", slug, 8.5 * (0.6 + 0.4 * own))),
            Series("temperature", "Cel", "gauge", _warmth(warm)),
        )
        yield Made(f"air-{slug}", f"Capteur de l’air, {name}", "air_sensor", insee, "", 0.007 * (at % 4) - 0.01,
                   0.006 * (at // 4) - 0.003, {"district": name, "height_m": 3}, series)  # fmt: skip


def _breathed(what: str, slug: str, level: float) -> Values:
    """Micrograms: days that differ for all alike, rush hours, a little of the street's own."""

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        clock = hours.hour + 0.5
        rush = 0.5 * np.exp(-(((clock - 8) / 2) ** 2)) + 0.4 * np.exp(-(((clock - 18.5) / 2.5) ** 2))
        day = math.exp(float(random(1, f"{what}/{hours.day}").normal(0, 0.3)))
        here = level * day * (0.8 + rush) * np.exp(rng.normal(0, 0.06, len(clock)))
        if slug == DRIFTING and what == "no2":
            here = np.where(hours.since(DRIFTED_DAYS), 1.9 * here, here)
        if slug == SMOKY and what in ("pm10", "pm25"):
            smoke = (58.0 if what == "pm10" else 41.0) * (0.95 + 0.25 * rush)
            here = np.where(hours.since(SMOKE_DAYS), np.maximum(here, smoke), here)
        return np.asarray(np.round(here, 1), np.float64)

    return values


def _warmth(warm: float) -> Values:
    """Degrees: the season, the day, its hours; stone gives back at night what it took by day."""

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        clock = hours.hour + 0.5
        day = MONTHLY_MEAN[hours.day.month - 1] + float(random(1, f"air/{hours.day}").normal(0, 2.0))
        course = 3.5 * np.sin(2 * np.pi * (clock - 9) / 24)
        night = 1 / (1 + np.exp(1.2 * (np.minimum(np.abs(clock - 2), 24 - np.abs(clock - 2)) - 6)))
        return np.asarray(
            np.round(day + course + warm * (0.3 + 0.7 * night) + rng.normal(0, 0.15, len(clock)), 1), np.float64
        )

    return values
