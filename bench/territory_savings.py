"""Savings of 1,000 meters over 3 years of hourly readings, from the archive to published figures.

    python -m bench.territory_savings [--meters 1000] [--years 3] [--processes 2] [--daily]

Makes an installation in a temporary folder, fills its archive through the product's own staging and commit, then times
`evaluate_territory`: daily rollups and hours read, guards, fits, money and carbon, sums, figures stored.
"""

import argparse
import datetime as dt
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

STATIONS_A_METER = 1 / 250


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--meters", type=int, default=1000)
    asked.add_argument("--years", type=int, default=3)
    asked.add_argument("--processes", type=int, default=2)
    asked.add_argument("--daily", action="store_true", help="one reading a day instead of one an hour")
    asked.add_argument("--fill", metavar="HOME", help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.fill:
        set_up(options.fill)
        rows, seconds = fill(options.meters, options.years, 24 if options.daily else 1)
        print(f"filled: {rows:,} readings in {seconds:.1f} s", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="mitoyen-bench-") as home:
        # In a process of its own: what filling leaves in memory is no part of what is measured.
        again = [sys.executable, "-m", "bench.territory_savings", *sys.argv[1:], "--fill", home]
        subprocess.run(again, check=True)
        set_up(home)
        report(options.meters, options.processes)


def set_up(home: str) -> None:
    os.environ |= {"MITOYEN_HOME": home, "DJANGO_SETTINGS_MODULE": "mitoyen.settings"}
    import django

    django.setup()
    from mitoyen.cli.init import prepare

    prepare()


def fill(meters: int, years: int, step_hours: int) -> tuple[int, float]:
    """Things, datastreams and readings of heated buildings, a tenth of which saved 15 % in the last year."""
    from mitoyen.history import batches, engine
    from mitoyen.history.datastreams import datastream_for
    from mitoyen.history.staging import stage
    from mitoyen.territory.models import Commune, Thing

    begun = time.perf_counter()
    first = dt.date(2025 - years, 1, 1)
    days = (dt.date(2024, 12, 31) - first).days + 1
    ends = np.datetime64(first, "us") + (np.arange(days * 24) + 1) * np.timedelta64(3_600_000_000, "us")
    temperature = _temperature(ends)
    commune = Commune.objects.create(insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47)
    station = Thing.objects.create(slug="meteo", name="Météo", kind="weather_station")
    weather = datastream_for(station, "temperature", "Cel", "gauge")
    streams = [(weather.pk, temperature, ends, 0)]
    for number in range(meters):
        thing = Thing.objects.create(slug=f"m{number:04d}", name=f"M{number}", kind="building", commune=commune)
        stream = datastream_for(thing, ("electricity", "gas", "heat")[number % 3], "kWh", "delta")
        values = _use(ends, temperature, number)
        if step_hours > 1:
            values = values.reshape(-1, step_hours).sum(axis=1)
        streams.append((stream.pk, values, ends[step_hours - 1 :: step_hours], 3600 * step_hours))
    rows = 0
    for start in range(0, len(streams), 100):
        batch = batches.open_batch("generated", f"bench-{start}", "bench")
        con = engine.connect()
        part = streams[start : start + 100]
        con.register(
            "given",
            {
                "datastream": np.concatenate([np.full(len(values), pk, np.int32) for pk, values, _e, _l in part]),
                "time": np.concatenate([times.astype(np.int64) for _pk, _v, times, _l in part]),
                "length": np.concatenate([np.full(len(values), length, np.int32) for _pk, values, _e, length in part]),
                "value": np.concatenate([values for _pk, values, _e, _l in part]),
            },
        )
        sql = "SELECT datastream, make_timestamp(time) AS time, length, value, 0::TINYINT AS quality FROM given"
        batches.commit(stage(con, sql, batch))
        con.close()
        rows += sum(len(values) for _pk, values, _e, _l in part)
        print(f"  {min(start + 100, len(streams))}/{len(streams)} series", file=sys.stderr)
    return rows, time.perf_counter() - begun


def report(meters: int, processes: int) -> None:
    """Time the evaluation twice: all figures new, then all of them known."""
    from mitoyen.evaluate.models import Figure
    from mitoyen.evaluate.savings import evaluate_territory

    print(f"machine: {os.cpu_count()} cores, {_memory_gb():.1f} GB, {platform.python_version()}, {platform.machine()}")
    print(f"{'run':<12}{'meters':>8}{'seconds':>10}{'a meter':>10}{'CPU s':>8}{'peak MB, all processes':>26}")
    for run in ("first", "again"):
        with Watch() as watch:
            begun, used = time.perf_counter(), _cpu_s()
            done = evaluate_territory(processes=processes)
            seconds = time.perf_counter() - begun
        print(
            f"{run:<12}{done:>8}{seconds:>10.1f}{seconds / meters:>10.4f}{_cpu_s() - used:>8.1f}{watch.peak_mb:>26.0f}"
        )
    verdicts = Figure.objects.filter(subject_kind="datastream", measure="energy_saved", current=True)
    counts = {
        name: verdicts.filter(verdict=name).count() for name in ("proven", "increase", "not_significant", "not_proven")
    }
    print(f"figures: {Figure.objects.count()}; meters' verdicts over the years: {counts}")


class Watch:
    """Peak of the proportional memory of this process and of its children, in MB, looked at ten times a second."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()
        self.peak_mb = self.peak_mb or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            self.peak_mb = max(self.peak_mb, sum(_pss_mb(pid) for pid in _family()))


def _family() -> list[str]:
    me = str(os.getpid())
    found = [me]
    for pid in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        try:
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if parent == me:
            found.append(pid)
    return found


def _pss_mb(pid: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _cpu_s() -> float:
    """Processor time of this process and of its ended children."""
    return sum(os.times()[:4])


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _temperature(ends: Any) -> Any:
    rng = np.random.default_rng(1)
    day = ends.astype("datetime64[D]").astype(int)
    daily = rng.normal(0, 2.5, day.max() - day.min() + 1)[day - day.min()]
    return np.round(12 - 8 * np.cos(2 * np.pi * (day - 15) / 365.25) + daily, 1)


def _use(ends: Any, temperature: Any, number: int) -> Any:
    rng = np.random.default_rng(number)
    begins = ends - np.timedelta64(3_600_000_000, "us")
    day = begins.astype("datetime64[D]").astype(int)
    hour = (begins - begins.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    shape = np.where((hour >= 7) & (hour < 19), 1.3, 0.7) * np.where((day + 3) % 7 >= 5, 0.5, 1.0)
    noise = rng.normal(1, 0.08, day.max() - day.min() + 1)[day - day.min()] * rng.normal(1, 0.05, len(ends))
    amount = (rng.uniform(5, 30) + rng.uniform(0, 3) * np.maximum(16 - temperature, 0)) * shape * noise
    last_year = begins >= np.datetime64("2024-01-01")
    return np.round(np.where(last_year & (number % 10 == 0), amount * 0.85, amount), 1)


if __name__ == "__main__":
    main()
