"""Generated bins of two communes: two that nobody empties, a sensor that something hides."""

from collections.abc import Iterator

import numpy as np

from mitoyen.demo.climate import Floats, random
from mitoyen.demo.objects.made import Hours, Made, Series, Values

ANGERS, TRELAZE, LES_PONTS_DE_CE = "49007", "49353", "49246"
DEPOT = "dechets-depot"
# Monday, Wednesday and Friday; Tuesday and Friday; Thursday: the more a bin takes, the more often it is emptied.
RHYTHMS = ((0, 2, 4), (1, 4), (3,))
SPILLING = {("angers", 4): 3.0, ("trelaze", 2): 2.0}
HIDDEN = {("angers", 11): 6.0}


def objects() -> Iterator[Made]:
    """The depot before its bins."""
    yield Made(DEPOT, "Dépôt de collecte", "waste_depot", LES_PONTS_DE_CE)
    yield from _bins("angers", "Angers", ANGERS, 24, 0.022)
    yield from _bins("trelaze", "Trélazé", TRELAZE, 14, 0.009)


def _bins(town: str, name: str, insee: str, count: int, wide: float) -> Iterator[Made]:
    for number in range(1, count + 1):
        chance = random(number, f"bin/{town}")
        east, north = wide * chance.uniform(-1, 1, 2) * (1.0, 0.6)
        waste = ("packaging", "glass", "household")[number % 3]
        yield Made(
            f"dechets-{town}-{number:02}",
            f"Bac {number}, {name}",
            "bin",
            insee,
            DEPOT,
            float(east),
            float(north),
            {"litres": 3000 if waste == "glass" else 1100, "waste": waste},
            (Series("fill_level", "%", "gauge", _level(town, number)),),
        )


def _level(town: str, number: int) -> Values:
    """Percent at the end of each hour: what came in since the lorry last came, at six."""
    rhythm = RHYTHMS[number % 3]
    a_day = float(random(number, f"bin/{town}/rate").uniform(14, 20)) / (1, 1.5, 2.5)[number % 3]
    missed, hidden = SPILLING.get((town, number)), HIDDEN.get((town, number))

    def came_in(day: int) -> float:
        # Who spills has more than the others bring since the lorry no longer comes.
        return (6 if missed else 1) * a_day * float(random(number, f"bin/{town}/{day}").gamma(6, 1 / 6))

    def emptied(hours: Hours, back: int) -> bool:
        """Whether the lorry came `back` days before; no more once it misses the bin."""
        came = (hours.weekday - back) % 7 in rhythm
        return came and (missed is None or float(hours.age[0]) - back <= -missed)

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        today, before = hours.day.toordinal(), 0.0
        for back in range(1, 15):
            before += came_in(today - back)
            if emptied(hours, back):
                break
        level = came_in(today) * np.clip((hours.hour + 1 - 7) / 15, 0, 1)
        level = level + np.where(emptied(hours, 0) & (hours.hour >= 6), 0.0, before)
        level = level + rng.normal(0, 0.6, len(level))
        if hidden is not None:
            level = np.where(hours.since(hidden), 41.0, level)
        return np.asarray(np.clip(np.round(level), 0, 100), np.float64)

    return values
