"""A school with a water meter in a commune that switched the buildings usage on, and hours put in its history."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.history import batches, staging
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.engine import connected
from mitoyen.manifests.switches import switch_on
from mitoyen.territory.models import Commune, Thing

FIRST = dt.date(2025, 6, 1)


@pytest.fixture
def commune(db):
    made = Commune.objects.create(
        insee="49329", name="Savennières", slug="savennieres", longitude=-0.65, latitude=47.38
    )
    switch_on("buildings", made, since=FIRST)
    return made


@pytest.fixture
def school(commune):
    attributes = {"use": "school", "floor_area_m2": 800, "users": 100, "opening_hours": "Mo-Fr 08:00-18:00"}
    return Thing.objects.create(
        slug="ecole", name="École des Coteaux", kind="building", commune=commune, attributes=attributes
    )


@pytest.fixture
def water(school):
    meter = Thing.objects.create(slug="ecole-eau", name="Eau", kind="meter", commune=school.commune, part_of=school)
    return datastream_for(meter, "water", "m3", "delta")


@pytest.fixture
def tell(home):
    """Put hours into the history: from a day on, one value an hour, UTC."""

    def put(datastream, first, values):
        start = np.datetime64(first, "us")
        columns = {
            "datastream": np.full(len(values), datastream.pk, np.int32),
            "time": start + (np.arange(len(values)) + 1) * np.timedelta64(1, "h"),
            "value": np.asarray(values, float),
        }
        batch = batches.open_batch("file", "test.csv", "someone@example.org")
        with connected() as con:
            con.register("told", columns)
            rows = "SELECT datastream, time, 3600 AS length, value, 0 AS quality FROM told"
            batches.commit(staging.stage(con, rows, batch))

    return put
