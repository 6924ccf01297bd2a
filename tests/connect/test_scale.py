"""Ten million rows in memory that doesn't grow; kill -9 at hundreds of moments."""

import random
import subprocess
import sys
import time
from datetime import datetime, timedelta

import duckdb
import pytest

GAS = ("--property", "gas", "--unit", "kWh", "--kind", "delta", "--tz", "UTC", "--stamps", "end")
KILLS = 50
# Not getrusage: its peak begins with that of the process that started this one.
PEAK = """
import sys
from pathlib import Path
from mitoyen.cli.main import main
sys.argv = ["mitoyen", *sys.argv[1:]]
try:
    main()
finally:
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


def peak_mb(installation, path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "import", str(path), "--thing", path.stem, *GAS],
        env=installation.environment(MITOYEN_MEMORY_LIMIT="256MB"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1]) / 1024


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_ten_million_rows_in_memory_that_does_not_grow(installation, tmp_path):
    peaks = []
    for count in (2_000_000, 10_000_000):
        path = tmp_path / f"meter-{count}.csv"
        duckdb.sql(
            "COPY (SELECT strftime(TIMESTAMP '2005-01-01' + INTERVAL (i) MINUTE, '%d/%m/%Y %H:%M') AS horodate,"
            f" replace(printf('%.1f', i % 97 / 2.0), '.', ',') AS valeur FROM range({count}) t(i) ORDER BY i)"
            f" TO '{path}' (DELIMITER ';', HEADER)"
        )
        peaks.append(peak_mb(installation, path))
        print(f"{count:,} rows: at most {peaks[-1]:.0f} MB")
    assert peaks[1] < 900
    assert peaks[1] < peaks[0] * 1.6


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_at_any_time_of_an_import(installation, tmp_path):
    """Fifty kills at times drawn from a seed: the file is whole or absent, and can be imported again."""
    path = tmp_path / "a.csv"
    times = (datetime(2024, 1, 1) + timedelta(minutes=10 * n) for n in range(9000))
    path.write_text("\n".join(["date;valeur", *(f"{time:%d/%m/%Y %H:%M};{n % 9},5" for n, time in enumerate(times))]))
    command = [sys.executable, "-m", "mitoyen.cli", "import", str(path), "--thing", "b0", *GAS]
    began = time.monotonic()
    whole = installation.json("import", path, "--thing", "whole", *GAS)["accepted"]
    took = time.monotonic() - began
    dice = random.Random(20)
    outcomes = {"killed": 0, "ended": 0}
    for _kill in range(KILLS):
        process = subprocess.Popen(
            command, env=installation.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(dice.uniform(0.2, 1.1) * took)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        outcomes["ended" if process.returncode == 0 else "killed"] += 1
        batch = installation.json("import", path, "--thing", "b0", *GAS)
        assert batch["accepted"] + batch["duplicates"] == whole
        installation.run("check")
        installation.json("import", "--undo", batch["batch"])
    print(f"{KILLS} moments: {outcomes}; each file whole or absent, nothing doubled")
    assert outcomes["killed"] > 10, outcomes
