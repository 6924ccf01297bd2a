"""A home's meter is in no list, page, file or figure that everyone can see; what homes use together is told."""

import datetime as dt

import numpy as np
import pytest
from django.core.cache import cache

from mitoyen.history import journal
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.times import micros
from mitoyen.manifests.models import UsageSwitch
from mitoyen.manifests.personal import personal_kinds
from mitoyen.operate import showing
from mitoyen.operate.models import ShownFigures
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.register import load_communes

NOW = dt.datetime(2025, 11, 10, 12, tzinfo=dt.UTC)


@pytest.fixture
def homes(db, home):
    """Five meters of homes that are read each hour, one of which leaks."""
    cache.clear()
    load_communes()
    behuard = Commune.objects.get(slug="behuard")
    UsageSwitch.objects.create(usage="water", commune=behuard, since=dt.date(2025, 1, 1))
    rows = []
    for number, floor in enumerate((0.0, 0.0, 0.05, 0.0, 0.0)):
        meter = Thing.objects.create(
            slug=f"logement-{number}", name=f"Logement {number}", kind="water_meter", commune=behuard
        )
        stream = datastream_for(meter, "volume", "m3", "counter")
        used = np.array([floor + (0.02 if 7 <= hour % 24 < 22 else 0.0) for hour in range(28 * 24)])
        start = NOW - dt.timedelta(days=28)
        rows += [
            (stream.pk, micros(start + dt.timedelta(hours=i)), 0, float(value), 0)
            for i, value in enumerate(100 + np.cumsum(used))
        ]
    journal.append(rows)
    return behuard


def test_a_home_is_found_nowhere(homes, client):
    assert personal_kinds() == {"water_meter"}
    readings = "/donnees/mesures/logement-2/volume/"
    for path in (readings, f"{readings}2025.csv", "/batiments/logement-2/"):
        assert client.get(path).status_code == 404, path
    for path in ("/donnees/", "/donnees/communes/behuard/", "/donnees/catalogue.json"):
        assert "logement-2" not in client.get(path).content.decode().lower(), path
    assert client.get("/donnees/catalogue.json").json()["total"] == 0


def test_leaks_are_told_together_and_no_home_is_named(homes, client):
    showing.refresh(NOW)
    kept = ShownFigures.objects.get(show="leaks")
    assert kept.content["facts"] == {"meters": 5, "leaks": 1}
    assert (kept.content["rows"], kept.content["datastreams"]) == ([], [])
    # One that was made before rows of homes were left out.
    kept.content |= {"rows": [["Logement 2", 50.0, 438.0]], "datastreams": ["logement-2/volume"]}
    kept.save()
    page = client.get("/communes/behuard/usages/water/").content.decode()
    assert "fuites vues : 1" in page
    assert "ogement" not in page


def test_what_few_homes_make_together_is_not_told(homes):
    showing.refresh(NOW)
    assert ShownFigures.objects.filter(show="leaks").exists()
    Thing.objects.filter(slug__in=("logement-3", "logement-4")).update(kind="meter")
    showing.refresh(NOW)
    assert not ShownFigures.objects.exists()
