"""Street lighting: planted faults are found and healthy lamps left alone; the sun's schedule; a decree's hours."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from bench.usages import lighting, study

from mitoyen.manifests.registry import installed
from mitoyen.territory.mapping import Mapping
from mitoyen.territory.things import import_things
from mitoyen.usages.lighting import sky

COUNT = 8
SORTS = [replace(sort, every=dt.timedelta(hours=11)) for sort in lighting.SORTS]
FAULTY = [sort for sort in lighting.SORTS if sort.rule]
HEALTHY = [sort for sort in lighting.SORTS if not sort.rule]


@pytest.fixture(scope="module")
def scores():
    """A short seeded run of `python -m bench.usages lighting`."""
    return {score.name: score for score in study.run("lighting", SORTS, COUNT, 7)}


def test_its_manifest_has_no_fault():
    assert "lighting" in installed()


def test_planted_faults_are_found_by_their_rule(scores):
    found = sum(scores[sort.name].found for sort in FAULTY)
    planted = sum(scores[sort.name].planted for sort in FAULTY)
    assert planted == COUNT * len(FAULTY)
    assert found / planted >= 0.95
    assert {sort.name: scores[sort.name].recall for sort in FAULTY if scores[sort.name].recall < 0.75} == {}


def test_healthy_lamps_are_left_alone(scores):
    false = sum(len(scores[sort.name].false) for sort in HEALTHY)
    datastreams = sum(scores[sort.name].datastreams for sort in HEALTHY)
    assert datastreams > 60
    assert 1000 * false / datastreams <= 8


def test_a_cabinets_fault_is_told_once_and_not_lamp_by_lamp(scores):
    for name in ("cabinet out, lamps tell", "cabinet out, lamps fall silent", "circuit out", "cabinet lit by day"):
        assert scores[name].precision >= 0.75, name


def test_nights_follow_the_sun():
    dusk, dawn = sky.nights(dt.date(2025, 6, 21), dt.date(2025, 6, 21), -0.56, 47.47, sky.CIVIL)
    assert abs(dusk[0] - np.datetime64("2025-06-21T20:40")) < np.timedelta64(10, "m")
    assert abs(dawn[0] - np.datetime64("2025-06-22T03:27")) < np.timedelta64(10, "m")


def test_an_operators_light_sensor_moves_the_schedule():
    assert sky.depression({}) == sky.CIVIL
    assert sky.depression({"lux_rule": 3.4}) == pytest.approx(6.0)
    assert 0 < sky.depression({"lux_rule": 30}) < 4
    assert sky.depression({"lux_rule": 1000}) == 0


def test_a_decree_holds_from_its_first_evening_to_its_last_over_clock_changes():
    told = {"switch_off": "23:30-05:00", "switch_off_since": "2025-03-29", "switch_off_until": "2025-03-30"}
    starts, ends = sky.decree(told, dt.date(2025, 3, 1), dt.date(2025, 4, 30))
    assert starts.tolist() == [dt.datetime(2025, 3, 29, 22, 30), dt.datetime(2025, 3, 30, 21, 30)]
    assert ends.tolist() == [dt.datetime(2025, 3, 30, 3, 0), dt.datetime(2025, 3, 31, 3, 0)]
    late = sky.decree(told | {"switch_off": "0:30-5:00"}, dt.date(2025, 3, 29), dt.date(2025, 3, 29))
    assert late[0].tolist() == [dt.datetime(2025, 3, 29, 23, 30)]


@pytest.mark.parametrize(
    "told", [{}, {"switch_off": "23:30-05:00"}, {"switch_off": "a", "switch_off_since": "2025-01-01"}]
)
def test_what_is_not_told_whole_is_no_decree(told):
    starts, _ends = sky.decree(told, dt.date(2025, 1, 1), dt.date(2025, 1, 9))
    assert len(starts) == 0


def test_the_real_street_lights_of_montpellier_are_lamps_with_their_lantern(real_data, db):
    file = real_data / "equipment" / "montpellier-eclairage-public-shp-lambert93.zip"
    mapping = Mapping(kind="street_lamp", attributes={"lantern": "type_lante"})
    report = import_things(file, mapping, "agent@example.org", dry_run=True)
    assert (report.rows, report.new, report.duplicates, len(report.refused)) == (29_969, 29_845, 124, 0)
    assert report.facts["crs"] == "IGNF:LAMB93"
    kind = next(kind for kind in installed()["lighting"].manifest.kinds if kind.name == report.mapping.kind)
    assert set(report.mapping.attributes) <= {attribute.name for attribute in kind.attributes}
