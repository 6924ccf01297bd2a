"""`python -m bench.rules [--small]`: declared alert rules behind the journal: CPU seconds for a minute of arrival.

Each datastream reports every fifteen minutes and is watched by all five declared methods. Readings come into the real
journal spread over the minute; the rules look every two seconds, as they do. What 500,000 cost against 50,000 tells
whether the cost grows as what is watched.
"""

import argparse
import datetime as dt
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import followed, home, machine

INTERVAL_US, LOOK_US = 900_000_000, 2_000_000
LOOKS = 30
RUSH, RUSH_S = 20_000, 30
WRITER = """
import random, time
import django
django.setup()
from mitoyen.history import journal
began, sent = time.time(), 0
while time.time() < began + {seconds}:
    now = int(time.time() * 1e6)
    journal.append([((sent + i) % {count} + 1, now + i, 0, 20 + random.random(), 0) for i in range(1000)])
    sent += 1000
    time.sleep(max(0.0, sent / {rush} - (time.time() - began)))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="5,000 and 50,000 datastreams.")
    parser.add_argument("--rush", action="store_true", help="And how it keeps up with a rush.")
    parser.add_argument("--count", type=int, help="Measure this many alone, and print what was measured as JSON.")
    asked = parser.parse_args()
    if asked.count:
        with home.temporary() as folder:
            print(json.dumps((*_measure(asked.count, folder), _rush(asked.count) if asked.rush else None)))
        return
    sizes = (5_000, 50_000) if asked.small else (50_000, 500_000)
    rows, costs = [], []
    for size in sizes:
        # An installation each, so a process each.
        command = [sys.executable, "-m", "bench.rules", "--count", str(size)]
        if size == sizes[0]:
            command.append("--rush")
        cpu, slowest, came, loaded, rush = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        )
        costs.append(cpu)
        told = f"{size:,} datastreams: "
        rows += [
            (told + "CPU seconds a minute of arrival", f"{cpu:.2f}", ""),
            (told + "readings in that minute", f"{came:,}", ""),
            (told + "slowest look", f"{slowest * 1e3:.0f} ms", "10 s behind at most"),
            (told + "seconds to begin", f"{loaded:.1f}", ""),
        ]
        if rush is not None:
            rows += [
                (f"{told}{RUSH:,} readings a second for {RUSH_S} s, CPU seconds", f"{rush[0]:.2f}", ""),
                (told + "slowest look in that rush", f"{rush[1] * 1e3:.0f} ms", "10 s behind at most"),
            ]
    many = sizes[1] // sizes[0]
    rows.append((f"cost of {many} times as many", f"{costs[1] / costs[0]:.1f} times", f"{many} times"))
    machine.show("Alert rules behind the journal, five methods on every datastream", rows)


def _measure(count: int, folder: Path) -> tuple[float, float, int, float]:
    """CPU seconds of a minute's looks, the slowest look, how many readings came in, seconds to begin."""
    from mitoyen.history import journal
    from mitoyen.operate.alerts.live import Rules

    followed.install(folder, "sensor", {"level": "mm"})
    numbers = _datastreams(count)
    rng = np.random.default_rng(7)
    now, phase = int(time.time() * 1e6), rng.integers(0, INTERVAL_US, count)
    with journal.closed():
        for step in range(4, 0, -1):
            _bring(numbers, now - (step - 1) * INTERVAL_US - phase, rng)
        rules = Rules()
        began = time.perf_counter()
        rules.look(_moment(now))
        loaded = time.perf_counter() - began
        cpu = slowest = 0.0
        came = 0
        for look in range(LOOKS):
            low, high = now + look * LOOK_US, now + (look + 1) * LOOK_US
            due = (low + phase) // INTERVAL_US != (high + phase) // INTERVAL_US
            came += _bring(numbers[due], np.full(due.sum(), high), rng)
            start, wall = time.process_time(), time.perf_counter()
            rules.look(_moment(high))
            cpu += time.process_time() - start
            slowest = max(slowest, time.perf_counter() - wall)
    return cpu, slowest, came, loaded


def _rush(count: int) -> tuple[float, float]:
    """CPU seconds and slowest look of rules that follow another process, which appends as fast as told."""
    from mitoyen.operate.alerts.live import Rules

    rules = Rules()
    rules.look()
    writer = subprocess.Popen([sys.executable, "-c", WRITER.format(count=count, rush=RUSH, seconds=RUSH_S)])
    start, slowest = time.process_time(), 0.0
    while writer.poll() is None:
        wall = time.perf_counter()
        rules.look()
        slowest = max(slowest, time.perf_counter() - wall)
        time.sleep(LOOK_US / 1e6)
    return time.process_time() - start, slowest


def _datastreams(count: int) -> NDArray[np.int64]:
    from mitoyen.history.models import Datastream
    from mitoyen.manifests.switches import switch_on
    from mitoyen.territory.models import Commune, Thing

    communes = [Commune(insee=f"49{i:03}", name=f"C{i}", slug=f"c{i}", longitude=0, latitude=47) for i in range(29)]
    for commune in Commune.objects.bulk_create(communes):
        switch_on(followed.USAGE, commune, since=dt.date(2020, 1, 1))
    made = Thing.objects.bulk_create(
        (Thing(slug=f"t{i}", name=f"T{i}", kind="sensor", commune=communes[i % 29]) for i in range(count)),
        batch_size=5000,
    )
    streams = Datastream.objects.bulk_create(
        (Datastream(thing=thing, observed_property="level", unit="mm", kind="gauge") for thing in made),
        batch_size=5000,
    )
    return np.array([stream.pk for stream in streams], np.int64)


def _bring(numbers: NDArray[np.int64], times: NDArray[np.int64], rng: np.random.Generator) -> int:
    """Readings into the journal, as a door would append them."""
    from mitoyen.history import journal

    values = 20 + np.sin(numbers) + rng.normal(0, 0.2, len(numbers))
    columns: list[list[Any]] = [numbers.tolist(), times.tolist(), values.tolist()]
    rows = [(number, at, 0, value, 0) for number, at, value in zip(*columns, strict=True)]
    for first in range(0, len(rows), 1000):
        journal.append(rows[first : first + 1000])
    return len(rows)


def _moment(time_us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(time_us / 1e6, dt.UTC)


if __name__ == "__main__":
    main()
