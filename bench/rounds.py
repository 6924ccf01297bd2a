"""`python -m bench.rounds`: how good a round of 500 bins is, and what choosing the bins spares in eight weeks.

`--instance FILE.vrp --best N` plans a published problem too (CVRPLIB's X-n502-k39: 501 customers, best known 69226).
The rule was chosen on seeds below 20 (`--first 1`); those told begin at 101.
"""

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import django
import numpy as np
from numpy.typing import NDArray

from bench.machine import show
from mitoyen.usages.waste.rounds import Lorry, Round, Spot, plan, shortest

BINS, WEEKS, KNOWN_WEEKS = 500, 8, 6
BIN_LITRES = 1000.0
# The lorry goes out on Mondays, Wednesdays and Fridays at six.
ROUND_DAYS, ROUND_HOUR = (0, 2, 4), 6
# Ways to empty a bin in a fixed week, with the longest wait in days; a bin gets the rarest in which it stays below.
RHYTHMS = (((0, 2, 4), 3), ((0, 4), 4), ((0,), 7))
FIXED_UP_TO = 75.0
LONG = 10
MONDAY = np.datetime64("2026-01-05T00", "us")
DAY = np.timedelta64(86_400_000_000, "us")
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.rounds")
    parser.add_argument("--instance", type=Path, help="a CVRP problem in the format of CVRPLIB")
    parser.add_argument("--best", type=float, help="the shortest length known for it")
    parser.add_argument("--seconds", type=float, default=10.0, help="given to each round")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=101)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
    django.setup()
    rows = [_instance(asked.instance, asked.best, asked.seconds)] if asked.instance else []
    rows.append(_generated(asked.seconds, asked.first))
    show("A round of 500 bins", rows, ("what", "seconds", "length", "compared with", "gap"))
    for seed in range(asked.first, asked.first + asked.seeds):
        _weeks(seed, asked.seconds)


def _instance(path: Path, best: float | None, seconds: float) -> tuple[str, ...]:
    import vrplib  # type: ignore[import-untyped]

    problem: Any = vrplib.read_instance(path)
    # Lengths are rounded to the nearest unit, as those of the published solutions.
    metres = np.rint(problem["edge_weight"]).astype(np.int64)
    began = time.monotonic()
    _tours, length = shortest(metres, [int(one) for one in problem["demand"][1:]], problem["capacity"], seconds=seconds)
    took = time.monotonic() - began
    gap = f"{length / best - 1:.2%}" if best else ""
    return (path.stem, f"{took:.1f}", str(length), f"best known {best:.0f}" if best else "", gap)


def _generated(seconds: float, seed: int) -> tuple[str, ...]:
    depot, bins = _places(np.random.default_rng(seed), np.full(BINS, 0.6 * BIN_LITRES))
    began = time.monotonic()
    ours = plan(depot, bins, Lorry(), seconds=seconds)
    took = time.monotonic() - began
    longer = plan(depot, bins, Lorry(), seconds=LONG * seconds, seed=1)
    against = f"{longer.km:.1f} km in {LONG} times the time"
    return ("generated bins", f"{took:.1f}", f"{ours.km:.1f} km", against, f"{ours.km / longer.km - 1:.2%}")


@dataclass(frozen=True, slots=True)
class Town:
    """Where bins stand, what comes into each every hour (percent), and how full they were in the weeks before."""

    depot: Spot
    bins: list[Spot]
    inflow: Floats
    before: Floats


@dataclass(slots=True)
class Driven:
    """What eight weeks came to. `spilled`: times that a bin ran over before it was emptied; `spilled_hours` in all."""

    name: str
    km: float = 0.0
    litres: float = 0.0
    kgco2e: float = 0.0
    lifts: int = 0
    spilled: int = 0
    spilled_hours: int = 0

    def add(self, driven: Round) -> None:
        self.km, self.litres, self.kgco2e = (
            self.km + driven.km,
            self.litres + driven.litres,
            self.kgco2e + driven.kgco2e,
        )


def _weeks(seed: int, seconds: float) -> None:
    rng = np.random.default_rng([seed, 7])
    depot, spots = _places(rng, np.full(BINS, BIN_LITRES))
    inflow = _inflow(rng)
    known = KNOWN_WEEKS * 7 * 24
    # Whoever made the fixed rounds knew how fast each bin fills.
    a_day = inflow[:, :known].mean(axis=1) * 24
    rhythm = [_rhythm(one) for one in a_day]
    town = Town(depot, spots, inflow, _level(inflow[:, :known], rhythm))
    choices: dict[str, Any] = {
        "every bin, each round": lambda *_: range(BINS),
        "each bin in its own rhythm": lambda weekday, *_: [at for at in range(BINS) if weekday in rhythm[at]],
        "only what must be": _chosen,
    }
    found = [_driven(name, choice, town, seed, seconds) for name, choice in choices.items()]
    rows = [
        (one.name, f"{one.km:.0f}", f"{one.litres:.0f}", f"{one.kgco2e:.0f}", str(one.lifts), str(one.spilled),
         str(one.spilled_hours))
        for one in found
    ]  # fmt: skip
    show(
        f"{BINS} bins over {WEEKS} weeks, seed {seed}",
        rows,
        ("round", "km", "litres of diesel", "kgCO2e", "bins emptied", "bins that overflowed", "for hours in all"),
    )


def _chosen(_weekday: int, time_read: NDArray[np.datetime64], read: list[Floats], now: np.datetime64) -> list[int]:
    """The bins that usages/waste would have visited, from what their sensors said by then."""
    from mitoyen.operate.detect import Window
    from mitoyen.operate.windows import moment
    from mitoyen.usages.waste.account import due

    length = np.zeros(len(time_read), np.int32)
    return due([Window(time_read, length, values, "%", "gauge") for values in read], moment(now))


def _driven(name: str, choice: Any, town: Town, seed: int, seconds: float) -> Driven:
    """Eight weeks hour by hour; each round is planned once the bins to visit are chosen."""
    made = Driven(name)
    rng, inflow, before, known = np.random.default_rng([seed, 8]), town.inflow, town.before, town.before.shape[1]
    level = np.empty_like(inflow)
    level[:, :known] = before
    here = before[:, -1].copy()
    over = np.zeros(BINS, bool)
    noise = rng.normal(0, 1.0, inflow.shape)
    lost = rng.random(inflow.shape) < 0.03
    planned: dict[tuple[int, ...], Any] = {}
    for hour in range(known, inflow.shape[1]):
        weekday, clock = hour // 24 % 7, hour % 24
        if weekday in ROUND_DAYS and clock == ROUND_HOUR:
            rows = np.arange(max(0, hour - 42 * 24), hour, 4)
            read = [
                np.where(lost[at, rows], np.nan, np.clip(np.round(level[at, rows] + noise[at, rows]), 0, 100))
                for at in range(BINS)
            ]
            stops = tuple(choice(weekday, MONDAY + rows * np.timedelta64(3600, "s"), read, _at(hour)))
            if stops:
                if stops not in planned:
                    loads = [replace(town.bins[at], litres=min(here[at], 100) / 100 * BIN_LITRES) for at in stops]
                    planned[stops] = plan(town.depot, loads, Lorry(), seconds=seconds)
                made.add(planned[stops])
                made.lifts += len(stops)
                here[list(stops)] = 0.0
                over[list(stops)] = False
        here += inflow[:, hour]
        made.spilled += int(((here >= 100) & ~over).sum())
        over |= here >= 100
        made.spilled_hours += int(over.sum())
        level[:, hour] = here
    return made


def _level(inflow: Floats, rhythm: Sequence[tuple[int, ...]]) -> Floats:
    """Percent in each bin at the end of each hour, emptied in its rhythm."""
    found = np.empty_like(inflow)
    here = np.zeros(len(inflow))
    for hour in range(inflow.shape[1]):
        if hour % 24 == ROUND_HOUR:
            here[[hour // 24 % 7 in one for one in rhythm]] = 0.0
        here = here + inflow[:, hour]
        found[:, hour] = here
    return found


def _inflow(rng: np.random.Generator) -> Floats:
    """(bins, hours): percent that comes in each hour; days differ, weekends too, little comes at night."""
    days = (KNOWN_WEEKS + WEEKS) * 7
    hours = np.arange(days * 24)
    usual = np.minimum(rng.lognormal(np.log(11.0), 0.6, BINS), 24.0)
    day = rng.gamma(4, 0.25, (BINS, days))
    weekend = rng.uniform(0.5, 1.6, BINS)
    rate = usual[:, None] * day * np.where(np.arange(days) % 7 >= 5, weekend[:, None], 1.0)
    shape = np.where((hours[:24] > 7) & (hours[:24] < 22), 1.5, 0.15)
    found: Floats = np.repeat(rate, 24, axis=1) * np.tile(shape / shape.sum(), days)
    return found


def _rhythm(a_day: float) -> tuple[int, ...]:
    fitting = [days for days, longest in RHYTHMS if a_day * longest <= FIXED_UP_TO]
    return fitting[-1] if fitting else RHYTHMS[0][0]


def _places(rng: np.random.Generator, litres: Floats) -> tuple[Spot, list[Spot]]:
    """Bins in a town and twelve villages around, the depot at the edge of the town."""
    towns = np.concatenate([[[-0.556, 47.473]], rng.uniform([-0.75, 47.38], [-0.38, 47.58], (12, 2))])
    town = rng.choice(len(towns), len(litres), p=[0.52] + [0.04] * 12)
    spread = np.where(town == 0, 0.025, 0.008)[:, None]
    where = towns[town] + spread * rng.normal(0, 1, (len(litres), 2)) * [1.0, 0.68]
    bins = [
        Spot(f"b{n}", float(x), float(y), float(take))
        for n, ((x, y), take) in enumerate(zip(where, litres, strict=True))
    ]
    return Spot("depot", -0.50, 47.45), bins


def _at(hour: int) -> np.datetime64:
    return MONDAY + hour * np.timedelta64(3600, "s")


if __name__ == "__main__":
    main()
