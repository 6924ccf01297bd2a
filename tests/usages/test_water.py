"""Water: planted leaks, bursts and stuck meters are found and healthy meters left alone; the balance of a district."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from bench.usages import study, water

from mitoyen.history.times import utc64
from mitoyen.manifests.registry import installed
from mitoyen.operate.detect import Group, Subject, Window
from mitoyen.usages.water import balance, flows

COUNT = 10
SORTS = [replace(sort, every=dt.timedelta(hours=24)) for sort in water.SORTS]
FAULTY = [sort for sort in SORTS if sort.rule]
USAGE = installed()["water"]
START, NOW = dt.datetime(2025, 3, 1, tzinfo=dt.UTC), dt.datetime(2025, 3, 29, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def scores():
    """A short seeded run of `python -m bench.usages water`."""
    return {score.name: score for score in study.run("water", SORTS, COUNT, 7)}


def test_planted_faults_are_found_by_their_rule(scores):
    planted = sum(scores[sort.name].planted for sort in FAULTY)
    assert planted == COUNT * len(FAULTY)
    assert sum(scores[sort.name].found for sort in FAULTY) / planted >= 0.93
    assert {sort.name: scores[sort.name].recall for sort in FAULTY if scores[sort.name].recall < 0.7} == {}


def test_healthy_meters_are_left_alone(scores):
    false = [rule for score in scores.values() for rule in score.false]
    assert len(false) <= 3, false


def metered(name, hourly, kind="counter", step=0.001):
    """A meter (number by name) whose hours from START on are these cubic metres."""
    time = utc64(START) + np.arange(1, len(hourly) + 1) * np.timedelta64(3600, "s")
    value = np.floor(np.cumsum(hourly) / step + 1e-9) * step + 100.0 if kind == "counter" else np.asarray(hourly)
    length = np.full(len(hourly), 0 if kind == "counter" else 3600, np.int32)
    return Window(time.astype("M8[us]"), length, value, "m3", kind, hash(name) % 1000)


def meter(name, hourly, **attributes):
    return Subject(len(name), name, "water_meter", 9, attributes=attributes, windows={"volume": metered(name, hourly)})


def rule(name):
    return next(one for one in USAGE.manifest.alerts if one.name == name)


def days(hours, by_day=0.03):
    """Water by day, none at night."""
    hour = np.arange(hours) % 24
    return np.where((hour > 6) & (hour < 22), by_day, 0.0)


def test_a_leak_is_told_in_litres_an_hour_and_cubic_metres_a_year():
    used = days(28 * 24)
    used[23 * 24 :] += 0.02
    (told,) = flows.leak(rule("leak"), Group((meter("logement", used, use="dwelling", step_m3=0.001),), START, NOW))
    assert told.facts["litres"] == pytest.approx(20, abs=1)
    assert told.facts["m3_a_year"] == pytest.approx(175, abs=10)
    assert dt.datetime(2025, 3, 23, tzinfo=dt.UTC) < told.since < dt.datetime(2025, 3, 26, tzinfo=dt.UTC)


def test_what_never_stops_is_compared_with_its_own_past():
    steady = np.full(28 * 24, 0.5) + days(28 * 24)
    group = Group((meter("hopital", steady, use="hospital"),), START, NOW)
    assert list(flows.leak(rule("leak"), group)) == []
    steady[22 * 24 :] += 0.4
    (told,) = flows.leak(rule("leak"), Group((meter("hopital", steady, use="hospital"),), START, NOW))
    assert told.facts["litres"] == pytest.approx(400, rel=0.1)


@pytest.mark.parametrize("odd", ["wrap", "swap", "slip"])
def test_an_index_that_begins_again_or_slips_is_no_fault(odd):
    subject = meter("m", days(28 * 24), use="dwelling")
    value = subject.windows["volume"].value
    if odd == "wrap":
        value = (value + 9_997.0 - value[400]) % 10_000
    elif odd == "swap":
        value[400:] += 4_000 - value[400]
    else:
        value[400] = value[399] - 2
    window = replace(subject.windows["volume"], value=value)
    group = Group((replace(subject, windows={"volume": window}),), START, NOW)
    told = {one.name: list(getattr(flows, one.code.partition(":")[2])(one, group)) for one in USAGE.manifest.alerts}
    assert {name: found for name, found in told.items() if found} == {}


def test_people_away_for_a_fortnight_have_no_stuck_meter_and_after_a_month_somebody_should_look():
    used = days(60 * 24)
    used[44 * 24 :] = 0.0
    end = START + dt.timedelta(days=60)
    assert list(flows.stuck(rule("meter_stuck"), Group((meter("l", used, use="dwelling"),), START, end))) == []
    used[28 * 24 :] = 0.0
    (told,) = flows.stuck(rule("meter_stuck"), Group((meter("l", used, use="dwelling"),), START, end))
    assert told.facts["stood_hours"] > 30 * 24


def district(inflow, *meters):
    whole = Subject(9, "Bourg", "district", windows={"inflow": metered("Bourg", inflow)})
    return Group(meters, START, NOW, whole)


def balanced(group):
    """The balance's numbers by name, and the share of readings that came."""
    shown = balance.balance(USAGE.manifest.shows[0], [group])
    assert shown is not None
    told = {one.name: (one.value or 0.0, one.low or 0.0, one.high or 0.0) for one in shown.numbers}
    return told, shown.heard


def test_the_balance_is_what_entered_without_what_was_counted():
    one, two = meter("a", days(28 * 24)), meter("bb", days(28 * 24))
    told, heard = balanced(district(2 * days(28 * 24) + 0.05, one, two))
    value, low, high = told["unaccounted"]
    assert value == pytest.approx(1.2, rel=0.03)
    assert low < 1.2 < high
    assert heard == pytest.approx(1.0, abs=0.01)


def test_a_meter_that_is_not_heard_widens_the_interval():
    one, silent = meter("a", days(28 * 24)), Subject(3, "c", "water_meter", 9)
    (_value, low, high) = balanced(district(days(28 * 24) + 0.05, one))[0]["unaccounted"]
    told, heard = balanced(district(2 * days(28 * 24) + 0.05, one, silent))
    value, wide_low, wide_high = told["unaccounted"]
    assert wide_high - wide_low > 3 * (high - low)
    assert heard == pytest.approx(0.5, abs=0.01)
    assert value == pytest.approx(1.2, rel=0.03)


def test_a_district_of_few_homes_has_no_row_of_its_own():
    homes = [meter("a" * (n + 1), days(28 * 24)) for n in range(5)]
    for some, rows in ((homes, 1), (homes[:4], 0)):
        shown = balance.balance(USAGE.manifest.shows[0], [district(len(some) * days(28 * 24) + 0.05, *some)])
        assert shown is not None
        assert len(shown.rows) == rows


def test_a_district_that_is_not_read_has_no_balance():
    group = Group((meter("a", days(28 * 24)),), START, NOW, Subject(9, "Bourg", "district"))
    assert balance.balance(USAGE.manifest.shows[0], [group]) is None
