"""`mitoyen run rules` as it runs: behind the journal within seconds, and after a kill -9 where it was."""

import json
import os
import signal
import time

import pytest

from tests.operate.alerts import usage

PREPARE = """
import datetime as dt
from mitoyen.history.datastreams import datastream_for
from mitoyen.manifests.switches import switch_on
from mitoyen.territory.models import Commune, Thing
made = Commune.objects.create(insee="49000", name="Bourg", slug="bourg", longitude=-0.6, latitude=47.4)
switch_on("streets", made, since=dt.date(2026, 1, 1))
quay = Thing.objects.create(slug="quai", name="Quai", kind="station", commune=made)
print(datastream_for(quay, "level", "mm", "gauge").pk)
"""
PUT = """
import time
from mitoyen.history import journal
now = int(time.time() * 1e6)
journal.append([({stream}, now - age * 60_000_000, 0, value, 0) for age, value in {readings}])
"""
LIMIT_S = 10.0


@pytest.fixture
def territory(installation, tmp_path, monkeypatch):
    folder = tmp_path / "packages"
    folder.mkdir()
    usage.write(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return installation


def put(territory, stream, *readings):
    territory.python(PUT.format(stream=stream, readings=readings))
    return time.monotonic()


def states(territory):
    """Of the flood's alerts, the oldest first."""
    found = territory.json("alerts", "--usage", "streets", "--all")
    return [one["state"] for one in reversed(found) if one["rule"] == "flood"]


def until(territory, expected, since):
    while states(territory) != expected:
        assert time.monotonic() - since < 4 * LIMIT_S, f"still {states(territory)}"
        time.sleep(0.2)


@pytest.mark.long
def test_it_follows_what_comes_in_and_goes_on_after_a_kill(territory):
    stream = int(territory.python(PREPARE))
    with territory.serving("rules") as (process, _door, _gate):
        told = territory.home / "rules.json"
        began = time.monotonic()
        while not told.exists():
            assert time.monotonic() - began < 30
            time.sleep(0.1)
        since = put(territory, stream, (14, 3100), (2, 3100))
        until(territory, ["open"], since)
        os.kill(process.pid, signal.SIGKILL)
    put(territory, stream, (1, 2950))
    with territory.serving("rules"):
        since = put(territory, stream, (0, 2000))
        until(territory, ["closed"], since)
    assert json.loads(told.read_text())["behind_s"] < LIMIT_S
