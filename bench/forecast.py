"""`python -m bench.forecast`: time a series, and accuracy beside the naive forecast.

Generated series of known nature, several seeds each; real buildings too with `--data DIR` (hourly CSV files of a
timestamp and a value, a file a year: `b0_electricity_2018.csv`), from several last hours each.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from bench.machine import show
from mitoyen.history.times import paris_day_bounds
from mitoyen.operate.forecast.backtest import Forecast, forecast
from mitoyen.operate.forecast.model import STEPS, Floats
from mitoyen.operate.forecast.week import WEEK, local_offsets

HOUR = np.timedelta64(3600, "s")
SEEDS = 10
HOURS = 24 * 300


def _forecast(values: Floats, first: str) -> tuple[Forecast | None, float]:
    starts = np.datetime64(first, "us") + HOUR * np.arange(len(values) + STEPS)
    years = [one.astype("datetime64[D]").astype(date).year for one in (starts[0], starts[-1])]
    offsets = local_offsets(starts, paris_day_bounds(date(years[0] - 1, 12, 1), date(years[1] + 1, 1, 31)))
    begun = time.perf_counter()
    made = forecast(values, offsets)
    return made, time.perf_counter() - begun


def _generated() -> Iterator[tuple[str, Floats]]:
    hours = np.arange(HOURS)
    busy = 5.0 + 20.0 * ((hours % 24 >= 8) & (hours % 24 < 18) & (hours // 24 % 7 < 5))
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, 1, HOURS)
        slow, again = noise.copy(), noise.copy()
        for at in range(1, HOURS):
            slow[at] += 0.97 * slow[at - 1]
        for at in range(WEEK, HOURS):
            again[at] += again[at - WEEK]
        yield "a working week and chance", busy + noise
        yield "a working week and slow change", busy + slow
        yield "a level that drifts", 100 + np.cumsum(noise) / 10
        yield "last week, and chance", again


def _real(folder: Path) -> Iterator[tuple[str, Floats]]:
    names = sorted({file.name.rsplit("_", 1)[0] for file in folder.glob("b*_*_20*.csv")})
    for name in names:
        rows: list[str] = []
        for file in sorted(folder.glob(f"{name}_20*.csv")):
            rows += [row[1] for row in list(csv.reader(file.read_text().splitlines()))[1:]]
        values = np.array([float(text or "nan") for text in rows])
        for days in (0, 60, 120, 180, 240, 300):
            yield name, values[: len(values) - 24 * days]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args().data
    told: dict[str, list[tuple[str, float, float, float | None]]] = {}
    times = []
    for name, values in [*_generated(), *(_real(given) if given else ())]:
        made, took = _forecast(values, "2017-01-01T00")
        times.append(took)
        if made is not None and made.accuracy is not None:
            one = made.accuracy
            told.setdefault(name, []).append((made.method, one.used, one.naive, one.covered))
    rows = []
    for name, tries in told.items():
        gains = [1 - used / naive if naive else 0.0 for _method, used, naive, _covered in tries]
        covered = np.mean([one for *_rest, one in tries if one is not None])
        linear = sum(method == "linear" for method, *_rest in tries)
        shares = (f"{share:.1%}" for share in (np.mean(gains), min(gains), covered))
        rows.append((name, str(len(tries)), str(linear), *shares))
    rows.append(("milliseconds a series", str(len(times)), "", f"{1e3 * np.median(times):.0f}", "", ""))
    show("Forecasts", rows, ("series", "tried", "linear", "better than naive", "worst", "within 90 %"))


if __name__ == "__main__":
    main()
