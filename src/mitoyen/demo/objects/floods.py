"""Three generated river gauges: the Loire rises at the island commune, the Maine is high, one gauge hangs.

Levels and thresholds are made up: they are not those of Vigicrues.
"""

from collections.abc import Iterator

import numpy as np

from mitoyen.demo.climate import Floats
from mitoyen.demo.objects.made import Hours, Made, Series, Values

ANGERS, BEHUARD, BRIOLLAY = "49007", "49028", "49048"
# How many days before the demo was first made the gauge began to hang.
HANGS = 2.0


def objects() -> Iterator[Made]:
    """The commune that the water cuts off first is told first."""
    yield _gauge(
        ("loire-behuard", "La Loire", "Béhuard", BEHUARD),
        (3.2, 4.2, 5.5),
        "Béhuard, Savennières, Bouchemaine",
        _flood(2.7, 3.2, began=1.2, lasts=2.0),
    )
    yield _gauge(
        ("maine-angers", "La Maine", "Angers", ANGERS),
        (3.0, 4.0, 5.0),
        "Béhuard, Bouchemaine, Angers",
        _flood(1.9, 1.5, began=2.5, lasts=3.2),
    )
    yield _gauge(
        ("sarthe-briollay", "La Sarthe", "Briollay", BRIOLLAY),
        (3.5, 4.5, 5.5),
        "Béhuard, Briollay, Écouflant",
        _flood(1.4, 0.0, began=0, lasts=1, hangs=True),
    )


def _gauge(where: tuple[str, str, str, str], stages: tuple[float, float, float], first: str, values: Values) -> Made:
    """`where`: slug, river, place and the place's commune."""
    slug, river, place, insee = where
    told = dict(zip(("yellow_m", "orange_m", "red_m"), stages, strict=True))
    return Made(
        f"crue-{slug}",
        f"{place}, échelle de crue",
        "river_gauge",
        insee,
        attributes={"river": river, "tell_first": first, **told},
        series=(Series("level", "m", "gauge", values),),
    )


def _flood(base: float, height: float, *, began: float, lasts: float, hangs: bool = False) -> Values:
    """Metres: `height` more within `lasts` days from `began` days before the demo was first made, then slowly down; a
    month before, nearly as much: the gauge has seen the like."""

    def wave(days: Floats, start: float, top: float) -> Floats:
        up, down = np.clip((days + start) / lasts, 0, 1), np.clip((days + start - lasts) / (4 * lasts), 0, 1)
        return np.asarray(top * np.sin(up * np.pi / 2) ** 2 * np.cos(down * np.pi / 2) ** 2, np.float64)

    def values(hours: Hours, rng: np.random.Generator) -> Floats:
        days = hours.age
        level = base + 0.12 * np.sin(days / 1.7) + 0.2 * np.sin(days / 5.3)
        level = (
            level + wave(days, began, height) + wave(days, began + 24, 0.9 * height) + wave(days, began + 45, height)
        )
        level = level + rng.normal(0, 0.004, len(level))
        return np.asarray(np.round(np.where(hours.since(HANGS) & hangs, 1.62, level), 3), np.float64)

    return values
