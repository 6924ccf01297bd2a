"""Rules of code: what they are given, how often they run, and that one which fails harms no other."""

import datetime as dt

import msgspec
import numpy as np
import pytest

from mitoyen.history import journal
from mitoyen.history.times import micros
from mitoyen.operate.alerts import detecting
from mitoyen.operate.alerts.detecting import Detectors, detect
from mitoyen.operate.alerts.gathering import groups, lots
from mitoyen.operate.alerts.models import Alert, Tuning
from mitoyen.territory.models import Commune, Deployment, Device, Thing
from tests.operate.alerts.conftest import NOW

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def lit(lamps, home):
    """Every lamp reads so many watts, every ten minutes of the last two hours."""

    def put(watts, minutes=0):
        for lamp, value in zip(lamps, watts, strict=True):
            stream = lamp.datastreams.get()
            times = [micros(NOW + (minutes - 120 + step * 10) * MINUTE) for step in range(1, 13)]
            journal.append([(stream.pk, time, 600, value, 0) for time in times])

    with journal.closed():
        yield put


@pytest.fixture
def rule(rule_of):
    return rule_of("lamp_out")


def test_a_lamp_out_is_one_alert_and_a_cabinet_s_fault_is_one(streets, rule, lamps, cabinet, lit):
    lit([0, 80, 80, 80])
    assert detect(streets, rule, NOW).opened == 1
    alert = Alert.objects.get()
    assert (alert.thing, alert.facts["lamps"]) == (lamps[0], 1)
    lit([0, 0, 0, 0], minutes=120)
    done = detect(streets, rule, NOW + 120 * MINUTE)
    assert (done.opened, done.closed) == (1, 1)
    whole = Alert.objects.get(state="open")
    assert (whole.thing, whole.people, len(whole.covers)) == (cabinet, 120, 4)


def test_it_is_given_true_values_in_the_declared_unit_by_group(rule, lamps, cabinet, commune, lit):
    lit([10, 80, 80, 80])
    device = Device.objects.create(serial="d1")
    Deployment.objects.create(
        device=device, thing=lamps[0], observed_property="power", starts=NOW - 60 * MINUTE, factor=2.0, offset=1.0
    )
    stream = lamps[1].datastreams.get()
    stream.unit = "kW"
    stream.save()
    ((lot, group),) = groups(rule, lots(rule, {commune.insee}), {"power": "W"}, NOW)
    assert group.parent is not None
    assert (lot.commune, group.parent.thing, group.now) == (commune.insee, cabinet.pk, NOW)
    assert [subject.thing for subject in group.subjects] == [lamp.pk for lamp in lamps]
    first, second = group.subjects[0].windows["power"], group.subjects[1].windows["power"]
    assert first.value.tolist() == [10.0] * 6 + [21.0] * 6
    assert set(second.value.tolist()) == {80_000.0}
    assert (second.unit, second.kind, second.length_s[0]) == ("W", "power", 600)
    assert np.all(first.time > np.datetime64(group.start.replace(tzinfo=None)))


def test_groups_are_gathered_in_chunks_and_come_out_the_same(rule, lamps, commune, lit, monkeypatch):
    lit([1, 2, 3, 4])
    rule = msgspec.structs.replace(rule, together="thing")
    whole = [group for _lot, group in groups(rule, lots(rule, {commune.insee}), {}, NOW)]
    monkeypatch.setattr("mitoyen.operate.alerts.gathering.STREAMS_AT_ONCE", 1)
    bits = [group for _lot, group in groups(rule, lots(rule, {commune.insee}), {}, NOW)]
    assert [[s.windows["power"].value.tolist() for s in g.subjects] for g in bits] == [
        [s.windows["power"].value.tolist() for s in g.subjects] for g in whole
    ]
    assert len(bits) == 4


def test_only_communes_that_switched_it_on_are_looked_at_each_with_its_own_thresholds(
    streets, rule, lamps, commune, lit
):
    other = Commune.objects.create(insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47)
    Thing.objects.filter(pk=lamps[3].pk).update(commune=other, part_of=None)
    lit([20, 80, 80, 0])
    assert detect(streets, rule, NOW).opened == 0
    Tuning.objects.create(
        usage="streets", rule="lamp_out", commune=commune, thresholds={"least_watts": 30.0}, by="a", why="Anciennes."
    )
    assert detect(streets, rule, NOW).opened == 1
    Tuning.objects.update(off=True)
    assert detect(streets, rule, NOW + MINUTE).closed == 1


def test_a_group_that_fails_harms_no_other_and_closes_nothing(streets, rule, lamps, lit, monkeypatch, caplog):
    lit([0, 80, 80, 80])
    detect(streets, rule, NOW)

    def broken(rule, group):
        raise ZeroDivisionError

    monkeypatch.setattr("their_streets.lamps.out", broken)
    assert detect(streets, rule, NOW + MINUTE).closed == 0
    assert "Lampe 0" in caplog.text
    assert Alert.objects.get().state == "open"


def test_they_run_as_often_as_they_want(streets, rule, lamps, lit, monkeypatch):
    monkeypatch.setattr(detecting, "coded", lambda: [(streets, rule)])
    detectors = Detectors()
    lit([0, 80, 80, 80])
    ran = [detectors.run_due(NOW + minutes * MINUTE) for minutes in (0, 1, 14, 15, 16)]
    assert ran == [1, 0, 0, 1, 0]
    assert Alert.objects.count() == 1


def test_a_rule_that_remembers_is_given_the_days_before_an_open_fault(streets, rule, lamps, commune, lit):
    lit([0, 80, 80, 80])
    rule = msgspec.structs.replace(rule, remembers=True)
    detect(streets, rule, NOW)
    alert = Alert.objects.get()
    given: list[int] = []
    later = NOW + dt.timedelta(days=30)

    def looked_at(told):
        streets_lots = lots(told, {commune.insee})
        since = detecting._open_since("streets", told)
        ((_lot, group),) = groups(told, streets_lots, {}, later, since)
        given[:] = [len(one.windows["power"].value) if one.windows else 0 for one in group.subjects]
        return group.start, [one.open_since for one in group.subjects]

    assert looked_at(rule) == (alert.since - dt.timedelta(days=rule.days), [alert.since, None, None, None])
    assert given == [12, 12, 12, 12]
    assert looked_at(msgspec.structs.replace(rule, remembers=False)) == (later - dt.timedelta(days=1), [None] * 4)
    # Whoever sets it aside says that this is usual.
    Alert.objects.update(state="dismissed")
    assert looked_at(rule) == (later - dt.timedelta(days=1), [None] * 4)
