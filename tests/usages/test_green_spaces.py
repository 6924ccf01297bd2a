"""Green spaces: planted faults are found, sites that are looked after are left alone; the water that was too much."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from bench.usages import green_spaces, study

from mitoyen.history.times import utc64
from mitoyen.manifests.registry import installed
from mitoyen.operate.detect import Group, Subject, Window
from mitoyen.usages.green_spaces import account, watering

COUNT = 16
SORTS = [replace(sort, every=dt.timedelta(hours=12)) for sort in green_spaces.SORTS]
FAULTY = [sort for sort in SORTS if sort.rule]
USAGE = installed()["green_spaces"]
NOW = dt.datetime(2025, 7, 15, tzinfo=dt.UTC)
START = NOW - dt.timedelta(days=7)


@pytest.fixture(scope="module")
def scores():
    """A short seeded run of `python -m bench.usages green_spaces`."""
    return {score.name: score for score in study.run("green_spaces", SORTS, COUNT, 7)}


def test_planted_faults_are_found_by_their_rule(scores):
    planted = sum(scores[sort.name].planted for sort in FAULTY)
    assert planted == COUNT * len(FAULTY)
    assert sum(scores[sort.name].found for sort in FAULTY) / planted >= 0.95
    assert {sort.name: scores[sort.name].recall for sort in FAULTY if scores[sort.name].recall < 0.8} == {}


def test_sites_that_are_looked_after_are_left_alone(scores):
    false = [rule for score in scores.values() for rule in score.false]
    assert len(false) <= 3, false


def site(plant="lawn", soil=20.0, flow=None, rain=None, **attributes):
    """A week of a site with one probe and one valve, hour by hour."""
    size = 7 * 24
    time = (utc64(START) + np.arange(1, size + 1) * np.timedelta64(3600, "s")).astype("M8[us]")
    hourly, instant = np.full(size, 3600, np.int32), np.zeros(size, np.int32)
    made = Subject(1, "Parc", "green_space", attributes={"plant": plant, **attributes}, windows={
        "rain": Window(time, hourly, np.zeros(size) if rain is None else rain, "mm", "delta"),
    })  # fmt: skip
    probe = Subject(2, "Sonde", "soil_probe", 1, windows={
        "soil_moisture": Window(time, instant, np.full(size, soil) + np.arange(size) % 5 / 10, "%", "gauge"),
    })  # fmt: skip
    valve = Subject(3, "Vanne", "valve", 1, attributes={"schedule": "Mo,We,Fr 22:00-00:00"}, windows={
        "watering": Window(time, hourly, np.zeros(size) if flow is None else flow, "m3", "delta"),
    })  # fmt: skip
    return Group((probe, valve), START, NOW, made)


def told(name, group):
    rule = next(one for one in USAGE.manifest.alerts if one.name == name)
    return list(getattr(watering, rule.code.partition(":")[2])(rule, group))


def test_dryness_depends_on_what_grows_there():
    assert told("too_dry", site("shrubs", soil=15.0)) == []
    (dry,) = told("too_dry", site("flower_bed", soil=15.0))
    assert dry.thing == 1
    assert dry.facts["limit"] == 18.0
    assert told("too_dry", site("flower_bed", soil=15.0, dry_below=12)) == []


def test_three_programmed_evenings_without_water_are_told_of_the_valve():
    (missed,) = told("not_watered", site(soil=16.0))
    assert (missed.thing, missed.facts["times"]) == (3, 3)
    rain = np.zeros(7 * 24)
    rain[::12] = 2.0
    assert told("not_watered", site(soil=16.0, rain=rain)) == []
    assert told("not_watered", site(soil=28.0)) == []


def test_watering_after_rain_is_counted_as_too_much():
    rain, flow = np.zeros(7 * 24), np.zeros(7 * 24)
    rain[150:153], flow[156:158], flow[40] = 4.0, 2.0, 3.0
    group = site(rain=rain, flow=flow)
    (wasted,) = told("watered_wet", group)
    assert wasted.facts["m3"] == pytest.approx(4.0)
    shown = account.watering(USAGE.manifest.shows[0], [group])
    assert shown is not None
    found = {number.name: number.value for number in shown.numbers}
    assert found["watered"] == pytest.approx(7.0)
    assert found["wasted"] == pytest.approx(4.0)


def test_a_group_that_is_no_site_is_left_alone():
    whole = site()
    assert told("too_dry", Group(whole.subjects, START, NOW)) == []
    assert account.watering(USAGE.manifest.shows[0], [Group(whole.subjects, START, NOW)]) is None
