"""A commune that switched the tests' own usage on: a cabinet with lamps, and stations."""

import datetime as dt
import sys

import pytest

from mitoyen.history.datastreams import datastream_for
from mitoyen.manifests import registry
from mitoyen.manifests.switches import switch_on
from mitoyen.territory.models import Commune, Thing
from tests.operate.alerts import usage

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def streets(tmp_path, monkeypatch):
    """The installed usage."""
    folder = tmp_path / "packages"
    folder.mkdir()
    usage.write(folder)
    monkeypatch.syspath_prepend(str(folder))
    registry.forget()
    yield registry.installed()["streets"]
    registry.forget()
    for name in [name for name in sys.modules if name.startswith("their_streets")]:
        del sys.modules[name]


@pytest.fixture
def rule_of(streets):
    return {rule.name: rule for rule in streets.manifest.alerts}.__getitem__


@pytest.fixture
def commune(db, streets):
    made = Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)
    switch_on("streets", made, since=dt.date(2026, 1, 1))
    return made


@pytest.fixture
def cabinet(commune):
    return Thing.objects.create(slug="armoire", name="Armoire 1", kind="cabinet", commune=commune)


@pytest.fixture
def lamps(cabinet):
    made = [
        Thing.objects.create(
            slug=f"lampe-{n}", name=f"Lampe {n}", kind="lamp", commune=cabinet.commune, part_of=cabinet,
            longitude=-0.6 + n / 1000, latitude=47.4,
        )
        for n in range(4)
    ]  # fmt: skip
    for lamp in made:
        datastream_for(lamp, "power", "W", "power")
    return made


@pytest.fixture
def station(commune):
    return Thing.objects.create(slug="quai", name="Quai", kind="station", commune=commune, attributes={"people": 119})
