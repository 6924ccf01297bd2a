"""Savings of one daily meter, and of 1,000 meters of three years each: `python -m bench.savings [--meters N]`.

Generated arrays only: what is timed is the screening of zeros, the fit, two savings with their intervals and the
guards, on days and hours. Processor time is shown beside the clock, since other work on the machine slows only the
latter. Targets on two cores: 0.05 s a meter, 40 s and 500 MB for the thousand.
"""

import argparse
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date

# One thread a process: the meters are what is shared out.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402

from mitoyen.evaluate.baseline import DailyData, HourlyData  # noqa: E402
from mitoyen.evaluate.calendar import closed_days  # noqa: E402

PROCESSES = 2
SLICE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meters", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args()
    clock, processor = one_meter()
    start = time.perf_counter()
    with ProcessPoolExecutor(options.processes) as pool:
        slices = [range(first, min(first + SLICE, options.meters)) for first in range(0, options.meters, SLICE)]
        proven = done = 0
        for found in pool.map(several, slices):
            proven += found
            done += SLICE
            print(f"\r{min(done, options.meters)}/{options.meters}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    elapsed = time.perf_counter() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    cores = os.cpu_count()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{cores} cores, {options.processes} processes, load {os.getloadavg()[0]:.1f}")
    print("| what | clock | processor | target |")
    print("| --- | --- | --- | --- |")
    print(f"| one daily meter: screening, fit, saving, guards | {clock:.4f} s | {processor:.4f} s | 0.05 s |")
    print(
        f"| {options.meters} meters x 3 years, two savings each ({proven} proven) | {elapsed:.1f} s"
        f" | {spent.ru_utime + spent.ru_stime:.1f} s | 40 s |"
    )
    print(f"| peak memory, all processes at most | {peak * (options.processes + 1):.0f} MB | | 500 MB |")


def one_meter(repeats: int = 20) -> tuple[float, float]:
    """Median seconds, by the clock and of the processor, for one meter and one reporting year, its arrays at hand."""
    from mitoyen.evaluate.guards_verdict import assess

    meter, hours = made(0)
    years = [meter.between(date(year, 1, 1), date(year, 12, 31)) for year in (2021, 2022)]
    keep = hours.start < np.datetime64("2023-01-01")
    two = HourlyData(hours.start[keep], hours.energy[keep], timezone=hours.timezone)
    times = []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        assess(years[0], years[1], two)
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    clock, processor = np.median(times, axis=0)
    return float(clock), float(processor)


def several(numbers: range) -> int:
    """How many savings of these meters are proven: 2022 and 2023 against 2021."""
    from mitoyen.evaluate.guards_verdict import assess

    proven = 0
    for number in numbers:
        meter, hours = made(number)
        years = [meter.between(date(year, 1, 1), date(year, 12, 31)) for year in (2021, 2022, 2023)]
        for later in years[1:]:
            keep = np.zeros(len(hours.start), bool)
            for period in (years[0], later):
                keep |= (hours.start >= period.day[0] - 1) & (hours.start < period.day[-1] + 2)
            part = HourlyData(hours.start[keep], hours.energy[keep], timezone=hours.timezone)
            proven += assess(years[0], later, part).verdict == "proven"
    return proven


def made(seed: int) -> tuple[DailyData, HourlyData]:
    """Three years of days and hours of a meter that saves 8 % from 2022 on."""
    generator = np.random.default_rng(seed)
    day = np.arange(np.datetime64("2021-01-01"), np.datetime64("2024-01-01"))
    angle = 2 * np.pi * np.arange(len(day)) / 365.25
    noise = np.convolve(generator.normal(0, 1.3, len(day) + 6), np.ones(7) / np.sqrt(7), "valid")
    temperature = 11.5 - 8 * np.cos(angle - 0.3) + noise
    closed = closed_days(date(2021, 1, 1), date(2023, 12, 31), "FR")
    off = closed | ((day.astype(np.int64) + 3) % 7 >= 5)
    use = 400 * np.where(off, 0.5, 1.0) + 12 * np.maximum(16 - temperature, 0) + 8 * np.maximum(temperature - 20, 0)
    use *= 1 + np.convolve(generator.normal(0, 0.05, len(day) + 3), np.ones(4) / 2, "valid")
    use *= np.where(day >= np.datetime64("2022-01-01"), 0.92, 1.0)
    start = np.datetime64("2020-12-31T23:00:00", "s") + np.arange(24 * len(day)) * np.timedelta64(3600, "s")
    clock = np.tile(1 + 0.6 * np.cos(2 * np.pi * (np.arange(24) - 14) / 24), len(day))
    hours = np.repeat(use / 24, 24) * clock
    return DailyData(day, use, temperature, closed), HourlyData(start, hours)


if __name__ == "__main__":
    main()
