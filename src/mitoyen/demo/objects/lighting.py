"""Generated street lamps: two quarters read lamp by lamp, one under a decree, one cabinet read as a whole."""

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from astral import Observer, sun

from mitoyen.demo.climate import Floats
from mitoyen.demo.objects.made import Hours, Made, Series, Values
from mitoyen.history.times import utc64

DECREE = {
    "switch_off": "23:00-05:00",
    "switch_off_since": "2024-11-04",
    "switch_off_act": "Arrêté d’extinction (généré)",
}
LAMP_W = 42.0
ANGERS, TRELAZE = "49007", "49353"


def objects() -> Iterator[Made]:
    """Cabinets before their lamps."""
    yield from _quarter("bourg", "Armoire du bourg", TRELAZE, 10, decree=True)
    yield from _quarter("ardoises", "Armoire des Ardoises", TRELAZE, 8, decree=False)
    yield from _quarter("saint-serge", "Armoire Saint-Serge", ANGERS, 8, decree=True)
    told = {"reads": "cabinet", "power_w": 2500, "lamps": 60, **DECREE}
    values = (Series("power", "W", "gauge", _lamp(2500.0, decree=True)),)
    yield Made("eclairage-lac", "Armoire du lac de Maine", "cabinet", ANGERS, "", -0.05, -0.005, told, values)


def _quarter(slug: str, name: str, insee: str, count: int, *, decree: bool) -> Iterator[Made]:
    told = {"reads": "lamps", "lamps": count} | (DECREE if decree else {})
    cabinet = f"eclairage-{slug}"
    yield Made(cabinet, name, "cabinet", insee, attributes=told)
    for number in range(1, count + 1):
        fault = {("bourg", 3): "out", ("saint-serge", 5): "day"}.get((slug, number), "")
        # The whole cabinet has been dark since last evening.
        fault = "dark" if slug == "ardoises" else fault
        yield Made(
            f"{cabinet}-{number:02}",
            f"Lampadaire {number}, {name}",
            "street_lamp",
            insee,
            cabinet,
            0.0005 * number,
            0.0002 * (number % 3),
            {"power_w": LAMP_W, "source": "led", "place": "street"},
            (Series("power", "W", "gauge", _lamp(LAMP_W, decree=decree, fault=fault)),),
        )


def _lamp(full: float, *, decree: bool, fault: str = "") -> Values:
    """Watts at the end of each hour: lit in the dark, dimmed by half from nine to six, dark by decree; or at fault."""

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        clock = (hours.hour + 1) % 24
        lit = _dark(hours)
        if decree:
            lit &= ~((clock >= 23) | (clock < 5))
        level = np.where((clock >= 21) | (clock < 6), 0.5, 1.0)
        if fault == "out":
            lit &= ~hours.since(3)
        elif fault == "day":
            lit |= hours.since(2)
        elif fault == "dark":
            lit &= ~hours.since(1.0)
        drawn = np.where(lit, full * level * rng.normal(1, 0.01, len(lit)), 0.01 * full)
        return np.asarray(np.round(drawn, 1), np.float64)

    return values


def _dark(hours: Hours) -> np.ndarray:
    dusks = [_dusk(hours.day + dt.timedelta(days=n)) for n in (-1, 0)]
    dawns = [_dawn(hours.day + dt.timedelta(days=n)) for n in (0, 1)]
    return ((hours.end > dusks[0]) & (hours.end < dawns[0])) | ((hours.end > dusks[1]) & (hours.end < dawns[1]))


@lru_cache(maxsize=200)
def _dusk(day: dt.date) -> np.datetime64:
    return utc64(sun.dusk(Observer(47.47, -0.56), day, 4.0))


@lru_cache(maxsize=200)
def _dawn(day: dt.date) -> np.datetime64:
    return utc64(sun.dawn(Observer(47.47, -0.56), day, 4.0))
