"""`python -m bench.history [--small]`: reading one datastream's year, and monthly totals, among 526 million readings.

The archive is generated straight from the engine (5,000 datastreams, 3 years at 15 minutes, 1.3 GB in TMPDIR), by the
same writing of files and the same commits as an import's. --small: 500 datastreams, 6 months.
"""

# ruff: noqa: S608 (numbers of our own are all that is put into queries)

import argparse
import statistics
import time
from datetime import UTC, date, datetime
from pathlib import Path

from bench import home, machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="500 datastreams, 6 months: 9 million readings.")
    small = parser.parse_args().small
    streams, months = (500, 6) if small else (5000, 36)
    with home.temporary() as folder:
        from mitoyen.history import archive, monthly, read, rollups
        from mitoyen.history.models import Datastream

        numbers = home.datastreams(streams)
        began = time.perf_counter()
        for i in range(months):
            _generate(f"{2021 + i // 12}-{i % 12 + 1:02d}", numbers, folder)
        generated = time.perf_counter() - began
        parts = archive.snapshot().parts
        count, size = sum(part.rows for part in parts), sum(part.size for part in parts)
        began = time.perf_counter()
        rollups.refresh()
        refreshed = time.perf_counter() - began
        chosen = list(Datastream.objects.filter(pk__in=numbers[:: streams // 40]))
        first = datetime(2021, 1, 1, tzinfo=UTC)
        last = datetime(2021, 7, 1, tzinfo=UTC) if small else datetime(2022, 1, 1, tzinfo=UTC)
        read.readings(chosen[0], first, last)
        year = [_ms(lambda stream=stream: read.readings(stream, first, last)) for stream in chosen[1:]]
        days = (date(2021, 1, 1), date(2021, 6, 30) if small else date(2023, 12, 31))
        rollups.monthly_by_commune(*days)
        by_rollups = statistics.median(_ms(lambda: rollups.monthly_by_commune(*days)) for _ in range(5))
        by_readings = _ms(lambda: monthly.monthly_by_commune_from_readings(*days))
        rows = [
            ("bytes an observation", f"{size / count:.2f}", "2.5"),
            ("one datastream's year, median", f"{statistics.median(year):.1f} ms", "20 ms"),
            ("one datastream's year, slowest of 40", f"{max(year):.1f} ms", ""),
            ("monthly totals by commune, from rollups", f"{by_rollups / 1e3:.2f} s", "0.5 s"),
            ("monthly totals by commune, from readings", f"{by_readings / 1e3:.1f} s", "15 s"),
            ("(generated in)", f"{generated:.0f} s", ""),
            ("(daily rollups of all made in)", f"{refreshed:.0f} s", ""),
        ]
        machine.show(f"History, {count:,} observations of {streams:,} datastreams, {months} months", rows)


def _generate(month: str, numbers: list[int], folder: Path) -> None:
    from mitoyen.history import archive, engine, parts

    low, high = parts.month_bounds(month)
    rows = (
        "SELECT d::INTEGER AS datastream, t AS time, 900::INTEGER AS length,"
        " round(40 + 30 * sin(epoch(t) / 13751 + d) + 10 * (hash(d, t) % 1000) / 1000, 2) AS value,"
        " 0::TINYINT AS quality, 1::INTEGER AS batch"
        f" FROM range({numbers[0]}, {numbers[-1] + 1}) s(d),"
        f" generate_series({low}, {high} - INTERVAL 15 MINUTE, INTERVAL 15 MINUTE) g(t)"
    )
    work = folder / "staging" / "bench"
    with engine.connected() as con:
        con.execute(f"CREATE TEMP TABLE month AS {rows}")
        made = parts.write_month(con, f"SELECT {parts.COLUMNS} FROM month ORDER BY 1, 2", month, "bench", work)
    parts.move(made, work)
    archive.commit(f"bench:{month}", made)


def _ms(do: "object") -> float:
    assert callable(do)
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    main()
