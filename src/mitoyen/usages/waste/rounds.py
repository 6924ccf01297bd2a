"""The day's round: only bins that would be overfull before the next one, in the order that is shortest (PyVRP).

Compared with the fixed round, which visits every bin, driven in the shortest order too: so only the choice of bins is
counted as a saving, not a better driver. Distances follow the great circle times a detour for streets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyvrp import Model
from pyvrp.stop import MaxRuntime

EARTH_M = 6_371_000.0
# Streets against the straight line: 1.417 on average (Boscoe et al. 2012, doi:10.1080/00330124.2011.583586).
DETOUR = 1.4


@dataclass(frozen=True, slots=True)
class Spot:
    """Something on a round: where (degrees), and the volume to take there in litres."""

    key: str
    longitude: float
    latitude: float
    litres: float = 0.0


@dataclass(frozen=True, slots=True)
class Lorry:
    """How much it takes (litres as they lie in the bins, pressed on board), what it drinks, what that emits.

    35 L per 100 km between bins and 0.15 L a lift; 3.1 kgCO2e a litre of road diesel, its production included (ADEME,
    Base Empreinte, gazole routier B7): replace them with the fleet's own.
    """

    litres: float = 90_000.0
    litres_per_km: float = 0.35
    litres_a_lift: float = 0.15
    kgco2e_per_litre: float = 3.1


@dataclass(frozen=True, slots=True)
class Round:
    """Tours in the order to drive (keys of spots), and what they cost."""

    tours: tuple[tuple[str, ...], ...]
    km: float
    litres: float
    kgco2e: float


def plan(depot: Spot, bins: Sequence[Spot], lorry: Lorry, *, seconds: float = 10.0, seed: int = 0) -> Round:
    """The shortest tours over `bins` from and to the depot. Raises ValueError when a bin is more than a lorry takes."""
    if not bins:
        return Round((), 0.0, 0.0, 0.0)
    if max(one.litres for one in bins) > lorry.litres:
        raise ValueError("a bin holds more than the lorry takes")
    tours, metres = shortest(
        _metres([depot, *bins]), [math.ceil(one.litres) for one in bins], int(lorry.litres), seconds=seconds, seed=seed
    )
    return _costed(tuple(tuple(bins[at].key for at in tour) for tour in tours), metres / 1000, len(bins), lorry)


def shortest(
    metres: NDArray[np.int64], loads: Sequence[int], capacity: int, *, seconds: float, seed: int = 0
) -> tuple[list[list[int]], int]:
    """Tours that take every load, as short as found in `seconds`, and their length; the depot is row and column 0 of
    `metres`. Raises ValueError when no tours take all of it."""
    model = Model()
    places = [model.add_location(0, 0) for _ in range(len(loads) + 1)]
    base = model.add_depot(places[0])
    for place, load in zip(places[1:], loads, strict=True):
        model.add_client(place, delivery=load)
    model.add_vehicle_type(_most_tours(loads, capacity), capacity=capacity, start_depot=base, end_depot=base)
    for i, here in enumerate(places):
        for j, there in enumerate(places):
            if i != j:
                model.add_edge(here, there, distance=int(metres[i, j]))
    result = model.solve(MaxRuntime(seconds), seed=seed, display=False)
    if not result.is_feasible():
        raise ValueError("no round takes all of it: more lorries or tours are needed")
    made = [[int(stop.idx) for stop in route.schedule() if stop.is_client()] for route in result.best.routes()]
    return [tour for tour in made if tour], int(result.best.distance())


def _most_tours(loads: Sequence[int], capacity: int) -> int:
    """A few more than the fewest: bins don't fill a lorry to the last litre."""
    return math.ceil(1.1 * sum(loads) / capacity) + 2


def needed(levels: Sequence[float], earliest_full_days: Sequence[float | None], until_next_days: float) -> list[int]:
    """Places of the bins that may be full before the next round: the earliest day of each, not the likely one."""
    return [
        at
        for at, (level, days) in enumerate(zip(levels, earliest_full_days, strict=True))
        if level >= 100 or (days is not None and days <= until_next_days)
    ]


def _costed(tours: tuple[tuple[str, ...], ...], km: float, lifts: int, lorry: Lorry) -> Round:
    litres = km * lorry.litres_per_km + lifts * lorry.litres_a_lift
    return Round(tours, km, litres, litres * lorry.kgco2e_per_litre)


def _metres(spots: Sequence[Spot]) -> NDArray[np.int64]:
    """Every distance between two spots, by the haversine formula and the detour of streets."""
    longitude = np.radians([one.longitude for one in spots])
    latitude = np.radians([one.latitude for one in spots])
    half = (
        np.sin((latitude[:, None] - latitude[None, :]) / 2) ** 2
        + np.cos(latitude[:, None])
        * np.cos(latitude[None, :])
        * np.sin((longitude[:, None] - longitude[None, :]) / 2) ** 2
    )
    return np.asarray(np.rint(2 * EARTH_M * DETOUR * np.arcsin(np.sqrt(half))), np.int64)
