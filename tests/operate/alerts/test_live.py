"""Declared rules behind the journal: what opens, what clears, what late, doubled, missing and odd readings do."""

import datetime as dt

import pytest

from mitoyen.history import journal
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.times import micros
from mitoyen.operate.alerts.live import Rules
from mitoyen.operate.alerts.models import Alert, Tuning
from mitoyen.territory.models import Deployment, Device, Thing

MINUTE = dt.timedelta(minutes=1)
NOW = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def rules(commune, home):
    with journal.closed():
        yield Rules()


@pytest.fixture
def level(station):
    return datastream_for(station, "level", "mm", "gauge")


@pytest.fixture
def no2(station):
    return datastream_for(station, "no2", "ug/m3", "gauge")


def at(minutes):
    return NOW + minutes * MINUTE


def put(stream, *readings, length=0):
    """Readings (minute, value)."""
    journal.append([(stream.pk, micros(at(minute)), length, value, 0) for minute, value in readings])


def alerts(rule, **where):
    return list(Alert.objects.filter(rule=rule, **where).order_by("id"))


def test_a_limit_passed_for_long_enough_opens_and_only_what_clears_it_closes(rules, level):
    rules.look(at(0))
    put(level, (1, 2950), (2, 3100))
    rules.look(at(2))
    assert alerts("flood") == [], "it must last ten minutes"
    put(level, (7, 3200), (12, 3300))
    rules.look(at(12))
    (alert,) = alerts("flood")
    assert (alert.state, alert.since, alert.seen_last) == ("open", at(2), at(12))
    assert alert.facts == {"value": 3300.0, "unit": "mm", "limit": 3000.0}
    assert alert.datastream == level
    put(level, (17, 2950))
    rules.look(at(17))
    assert alerts("flood", state="open"), "between clear and the limit it goes on"
    put(level, (22, 2890))
    rules.look(at(22))
    assert [one.state for one in alerts("flood")] == ["closed"]
    put(level, (27, 3100), (40, 3100))
    rules.look(at(40))
    assert [one.state for one in alerts("flood")] == ["closed", "open"]


def test_a_short_dip_begins_the_time_anew(rules, level):
    rules.look(at(0))
    put(level, (1, 3100), (6, 2990), (7, 3100), (12, 3100))
    rules.look(at(13))
    assert alerts("flood") == []


def test_a_late_or_doubled_reading_is_never_the_latest(rules, level):
    rules.look(at(0))
    put(level, (1, 3100), (12, 3100))
    rules.look(at(12))
    put(level, (11, 100), (12, 3100))
    rules.look(at(13))
    assert [one.state for one in alerts("flood")] == ["open"]


def test_a_reading_from_the_future_does_not_make_the_others_late(rules, level):
    rules.look(at(0))
    put(level, (60 * 24, 100))
    put(level, (1, 3100), (12, 3100))
    rules.look(at(12))
    assert len(alerts("flood")) == 1


def test_a_mean_is_that_of_a_clock_hour_mostly_read(rules, no2):
    rules.look(at(0))
    put(no2, (15, 190), (30, 260), (45, 260), (60, 190))
    rules.look(at(61))
    assert alerts("no2_high") == [], "readings of an hour may come in some minutes after it"
    rules.look(at(63))
    (alert,) = alerts("no2_high")
    assert (alert.since, alert.facts["value"], alert.level) == (at(0), 225.0, "danger")
    put(no2, (75, 50), (90, 50))
    rules.look(at(123))
    assert alerts("no2_high", state="open"), "half an hour read is no mean of an hour"
    put(no2, (135, 50), (150, 50), (165, 50), (180, 50))
    rules.look(at(183))
    assert [one.state for one in alerts("no2_high")] == ["closed"]


def test_a_late_reading_still_belongs_to_its_mean(rules, no2):
    rules.look(at(0))
    put(no2, (15, 150), (45, 260), (60, 190))
    rules.look(at(63))
    assert alerts("no2_high") == []
    put(no2, (30, 300))
    rules.look(at(64))
    assert [one.facts["value"] for one in alerts("no2_high")] == [225.0]


def test_a_rise_is_told_by_the_hour(rules, level):
    rules.look(at(0))
    put(level, *((minute, 1000 + 2 * minute) for minute in range(0, 61, 15)))
    rules.look(at(60))
    assert alerts("rising") == [], "120 mm an hour is less than 200"
    put(level, (75, 1210), (90, 1360))
    rules.look(at(90))
    (alert,) = alerts("rising")
    assert alert.facts["rate"] == pytest.approx(300.0), "1060 at half past, 1360 an hour later"


def test_silence_is_told_after_three_usual_intervals_unless_the_platform_is_deaf(rules, level, no2):
    rules.look(at(0))
    for minute in range(0, 61, 10):
        put(level, (minute, 1000))
        put(no2, (minute, 20))
        rules.look(at(minute))
    for minute in range(70, 91, 10):
        put(no2, (minute, 20))
        rules.look(at(minute))
    assert alerts("silent") == [], "not longer than three times ten minutes"
    put(no2, (91, 20))
    rules.look(at(91))
    (alert,) = alerts("silent")
    assert (alert.datastream, alert.since, alert.facts) == (level, at(60), {"usual_minutes": 10})
    rules.look(at(200))
    assert len(alerts("silent")) == 1, "nothing at all came in since: that is not no2's fault"
    put(level, (201, 1000))
    rules.look(at(201))
    assert [one.state for one in alerts("silent")] == ["closed"]
    for minute in (211, 221, 231):
        put(level, (minute, 1000))
        rules.look(at(minute))
    rules.look(at(232))
    assert [one.datastream for one in alerts("silent", state="open")] == [no2]


def test_the_very_same_value_for_six_hours_is_stuck(rules, level):
    rules.look(at(0))
    put(level, *((minute, 1234.5) for minute in range(0, 361, 30)))
    rules.look(at(361))
    (alert,) = alerts("frozen")
    assert (alert.since, alert.facts["readings"]) == (at(0), 13)
    put(level, (390, 1234.6))
    rules.look(at(391))
    assert [one.state for one in alerts("frozen")] == ["closed"]


def test_one_unlike_its_neighbours_is_told(rules, commune):
    things = [Thing.objects.create(slug=f"s{n}", name=f"S{n}", kind="station", commune=commune) for n in range(7)]
    streams = [datastream_for(thing, "no2", "ug/m3", "gauge") for thing in things]
    rules.look(at(0))
    for n, stream in enumerate(streams):
        put(stream, (1, 20 + n if n < 6 else 90))
    rules.look(at(2))
    (alert,) = alerts("apart")
    assert (alert.thing, alert.facts["peers"], alert.facts["usual"]) == (things[6], 6, 23.0)
    put(streams[6], (11, 26))
    rules.look(at(12))
    assert [one.state for one in alerts("apart")] == ["closed"]


def test_stored_values_become_true_ones_in_the_declared_unit(rules, commune, station):
    stream = datastream_for(station, "level", "mm", "gauge")
    device = Device.objects.create(serial="d1")
    Deployment.objects.create(
        device=device, thing=station, observed_property="level", starts=at(-9000), factor=10.0, offset=-100.0
    )
    rules.look(at(0))
    put(stream, (1, 311), (12, 311))
    rules.look(at(12))
    assert [one.facts["value"] for one in alerts("flood")] == [3010.0]


def test_a_commune_tunes_a_rule_or_switches_it_off(rules, commune, level):
    tuning = Tuning.objects.create(
        usage="streets", rule="flood", commune=commune, thresholds={"above": 3500.0}, by="a", why="Digue."
    )
    rules.look(at(0))
    put(level, (1, 3400), (12, 3400))
    rules.look(at(12))
    assert alerts("flood") == []
    put(level, (13, 3600), (24, 3600))
    rules.look(at(24))
    assert [one.facts["limit"] for one in alerts("flood")] == [3500.0]
    tuning.off = True
    tuning.save()
    rules.look(at(25))
    assert [one.state for one in alerts("flood")] == ["closed"]


def test_after_a_restart_only_what_clears_an_alert_ends_it(rules, level):
    rules.look(at(0))
    put(level, (1, 3100), (12, 3100), (15, 2950))
    rules.look(at(15))
    again = Rules()
    again.look(at(16))
    put(level, (20, 2950))
    again.look(at(20))
    assert [one.state for one in alerts("flood")] == ["open"]
    put(level, (25, 2800))
    again.look(at(25))
    assert [one.state for one in alerts("flood")] == ["closed"]


def test_what_came_in_while_nobody_looked_is_looked_at(rules, level):
    put(level, (1, 3100), (12, 3100))
    rules.look(at(12))
    assert len(alerts("flood")) == 1


def test_a_usage_that_is_off_looks_at_nothing(rules, level, commune):
    from mitoyen.manifests.switches import switch_off

    switch_off("streets", commune)
    rules.look(at(0))
    put(level, (1, 3100), (12, 3100))
    rules.look(at(12))
    assert Alert.objects.count() == 0
