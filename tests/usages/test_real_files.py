"""Real files seen by the usages: Danish car parks that count too many cars, a street's air in Italy."""

import csv
import datetime as dt
from collections import defaultdict

import numpy as np
import pytest

from mitoyen.connect.imports import run
from mitoyen.connect.options import ColumnSpec, Options
from mitoyen.history.datastreams import datastream_named
from mitoyen.history.models import Datastream
from mitoyen.history.read import readings
from mitoyen.manifests.registry import installed
from mitoyen.operate.detect import Group, Subject, Window
from mitoyen.usages.air.account import days_above
from mitoyen.usages.mobility.counting import above_capacity

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.django_db]


def window_of(datastream: Datastream) -> Window:
    seen = readings(datastream)
    return Window(seen.time, seen.length_s, seen.value, datastream.unit, datastream.kind, datastream.pk)


def test_the_car_parks_of_aarhus_are_told_where_they_count_more_cars_than_places(real_data):
    path = real_data / "mobility" / "aarhus-parking-citypulse.csv"
    columns = {
        "updatetime": ColumnSpec(role="stamp"),
        "garagecode": ColumnSpec(role="meter"),
        "vehiclecount": ColumnSpec(property="occupancy", unit="1", kind="gauge"),
        "totalspaces": ColumnSpec(role="ignore"),
    }
    report = run(path, Options(tz="Europe/Paris", columns=columns, skip_bad_lines=True), "camille")
    # An hour of the night when the clocks went back stands there twice: its lines are refused, and said.
    assert (report.rows, len(report.refused)) == (55_264, 32)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    places: dict[str, float] = {}
    most: dict[str, float] = defaultdict(float)
    for row in rows:
        places[row["garagecode"]] = float(row["totalspaces"])
        most[row["garagecode"]] = max(most[row["garagecode"]], float(row["vehiclecount"]))
    assert sum(float(row["vehiclecount"]) > float(row["totalspaces"]) for row in rows) == 4_520
    rule = next(one for one in installed()["mobility"].manifest.alerts if one.name == "above_capacity")
    told = set()
    for stream in Datastream.objects.filter(observed_property="occupancy").select_related("thing"):
        window, capacity = window_of(stream), places[stream.thing.source_key or stream.thing.name]
        over = np.flatnonzero(window.value > capacity * (1 + rule.thresholds["share"]))
        if not len(over):
            continue
        # Seen at the end of its longest stretch above.
        runs = np.split(over, np.flatnonzero(np.diff(over) > 1) + 1)
        longest = max(runs, key=len)
        end = int(longest[-1]) + 1
        seen = Window(
            window.time[:end], window.length_s[:end], window.value[:end], window.unit, window.kind, window.datastream
        )
        now = window.time[end - 1].astype(dt.datetime).replace(tzinfo=dt.UTC)
        park = Subject(1, stream.thing.name, "car_park", attributes={"capacity": capacity}, windows={"occupancy": seen})
        if list(above_capacity(rule, Group((park,), now - dt.timedelta(days=2), now))):
            told.add(stream.thing.name.upper())
    assert told
    assert all(most[name] > places[name] for name in most if name in told)
    gaps = [
        np.diff(window_of(stream).time).max() for stream in Datastream.objects.filter(observed_property="occupancy")
    ]
    assert max(gaps) > np.timedelta64(9, "D")


def test_a_streets_air_is_read_without_its_missing_values_and_set_against_what_is_advised(real_data):
    columns = {
        "NO2(GT)": ColumnSpec(property="no2", unit="ug/m3", kind="gauge"),
        "T": ColumnSpec(property="temperature", unit="Cel", kind="gauge"),
    }
    report = run(
        real_data / "air" / "AirQualityUCI.csv",
        Options(thing="uci", tz="UTC", columns=columns, missing=("-200",)),
        "camille",
    )
    assert report.status == "imported"
    stream = datastream_named("uci/no2")
    window = window_of(stream)
    assert len(window.value) == 7_715
    assert window.value.min() > 0
    end = window.time[-1].astype(dt.datetime).replace(tzinfo=dt.UTC)
    subject = Subject(1, "rue", "air_sensor", windows={"no2": window})
    show = next(one for one in installed()["air"].manifest.shows if one.name == "days_above")
    made = days_above(show, [Group((subject,), end - dt.timedelta(days=30), end)])
    assert made is not None
    # A busy street: nearly every day is above the 25 µg/m³ that the WHO advises for a day.
    assert made.numbers[1].value is not None
    assert made.numbers[1].value >= 0.9 * len(made.rows)
