"""Silent devices as alerts: one each, one for all behind a gateway, over by themselves."""

import datetime as dt
from datetime import timedelta

import pytest
from django.utils import translation

from mitoyen.connect.devices import health
from mitoyen.connect.devices.health import Seen
from mitoyen.connect.devices.models import DeviceModel, Health, Registration
from mitoyen.operate.alerts import deciding, ranking, silences
from mitoyen.operate.alerts.keeping import Settled
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.wording import describe, usage_title
from mitoyen.territory.models import Commune, Deployment, Device, Thing

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
EVERY = 600


@pytest.fixture(autouse=True)
def nothing_gathered():
    health._gathered.taken()
    yield
    health._gathered.taken()


@pytest.fixture
def commune(db):
    return Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)


@pytest.fixture
def deployed(commune):
    """Makes devices that each serve a lamp of its own."""

    def make(count):
        model, _new = DeviceModel.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
        first = Device.objects.count()
        devices = Device.objects.bulk_create(Device(serial=f"L{first + n}") for n in range(count))
        Registration.objects.bulk_create(
            Registration(device=one, address=f"{one.pk:016x}", model=model) for one in devices
        )
        lamps = Thing.objects.bulk_create(
            Thing(slug=f"l{one.pk}", name=f"Lampe {one.pk}", kind="lamp", commune=commune) for one in devices
        )
        Deployment.objects.bulk_create(
            Deployment(device=one, thing=lamp, observed_property="power", starts=NOON - timedelta(days=9))
            for one, lamp in zip(devices, lamps, strict=True)
        )
        return [one.pk for one in devices]

    return make


def heard(devices, seconds=0, gateway="gw", frames=20, **more):
    """Frames each ten minutes, the last one so many seconds after noon (a little earlier for most)."""
    last = round(NOON.timestamp()) + seconds
    for device in devices:
        shift = device % 10 * 20
        times = [(last - shift - n * EVERY) * 1_000_000 for n in reversed(range(frames))]
        health.note(Seen(device, time, gateway=gateway, rssi=-90.0, **more) for time in times)
    health.flush()


def look(seconds):
    """As of so many seconds after noon."""
    return silences.look(NOON + timedelta(seconds=seconds + health.LONGEST_S))


def test_a_device_is_told_within_two_intervals_then_surely_and_is_over_when_it_sends(deployed):
    dead, *others = deployed(8)
    heard([dead])
    heard(others, 1200)
    look(1150)
    assert not Alert.objects.exists()
    assert look(1400) == Settled(opened=1, open=1)
    alert = Alert.objects.get()
    row = Health.objects.get(device=dead)
    assert (alert.thing.name, alert.commune_id, alert.level) == (f"Lampe {dead}", "49028", "notice")
    assert alert.since == row.last_seen
    assert look(1400) == Settled(open=1), "looked at again, nothing opens twice"
    with translation.override("en"):
        words = describe(alert)
    assert words.title == "Perhaps a silent device"
    assert "every 10 minutes" in words.sentence
    assert "54% sure" in words.sentence
    heard(others, 7000)
    look(7100)
    alert.refresh_from_db()
    assert (alert.level, alert.sure) == ("warning", silences.SURELY)
    with translation.override("fr"):
        words = describe(alert)
    assert "sûr à 98\xa0%" in words.sentence
    assert "depuis le 2 novembre" in words.sentence
    assert "antenne" in words.action
    heard([dead], 7300, frames=1)
    assert look(7400) == Settled(closed=1)
    alert.refresh_from_db()
    assert alert.state == "closed"


def test_a_gateway_down_is_one_alert_not_eight_hundred(deployed):
    behind, others = deployed(800), deployed(40)
    early = behind[0]
    heard([early], -1500)
    heard([*behind[1:], *others], -600)
    look(0)
    assert Alert.objects.filter(part_of=None).count() == 1, "one device alone"
    heard(behind, 0, frames=1)
    look(60)
    heard(others, 1500, "other")
    assert look(1500).opened == 1
    alert = Alert.objects.get(state="open")
    assert (alert.rule, alert.level, alert.thing.kind) == ("silent_together", "warning", "gateway")
    assert alert.facts["devices"] == len(behind)
    assert len(alert.covers) == len(behind)
    assert alert.commune_id == "49028", "all behind it are there"
    assert look(1560).opened == 0
    with translation.override("en"):
        assert "800 devices behind the gateway gw fell silent together" in describe(alert).sentence
    (line,) = ranking.lines(ranking.open_alerts())
    assert line.parts == len(behind)
    heard([*behind, *others], 3000, frames=1)
    assert look(3100) == Settled(closed=1)
    assert Thing.objects.filter(kind="gateway").count() == 1


def test_a_device_told_alone_before_is_told_with_its_gateway(deployed):
    behind, others = deployed(40), deployed(20)
    early = next(one for one in behind if one % 10 == 0)
    heard([early], -1250)
    heard([one for one in behind if one != early])
    heard(others, 0, "other")
    look(30)
    alone = Alert.objects.get()
    assert alone.part_of_id is None
    heard(others, 1500, "other")
    look(1500)
    alone.refresh_from_db()
    assert (alone.state, alone.part_of) == ("open", Alert.objects.get(rule="silent_together"))
    (line,) = ranking.lines(ranking.open_alerts())
    assert line.alert.rule == "silent_together"


def test_all_that_comes_in_gone_stands_for_the_gateways_told_before(deployed):
    first, second, third = deployed(30), deployed(30), deployed(30)
    for devices, gateway in ((first, "one"), (second, "two"), (third, "three")):
        heard(devices, 0, gateway)
    heard([*second], 1500, "two", frames=2)
    heard([*third], 1500, "three", frames=2)
    look(1500)
    assert Alert.objects.get().facts["gateways"] == ["one"]
    look(3200)
    whole = Alert.objects.get(state="open", part_of=None)
    assert (whole.level, whole.thing.name) == ("danger", "Ce que tous les capteurs envoient")
    assert Alert.objects.get(facts__gateways=["one"]).part_of == whole
    for devices, gateway in ((first, "one"), (second, "two"), (third, "three")):
        heard(devices, 3600, gateway, frames=1)
    look(3660)
    assert not Alert.objects.filter(state="open").exists()


def test_a_device_that_serves_nothing_and_one_silent_for_long_before_raise_nothing(deployed):
    spare, old, *others = deployed(9)
    Deployment.objects.filter(device=spare).update(ends=NOON - timedelta(days=1))
    heard([spare], -4000)
    heard([old], -40 * 86_400)
    heard(others)
    look(30)
    assert not Alert.objects.exists()
    assert Health.objects.filter(silent_since__isnull=False).count() == 2, "their pages tell them"


def test_a_retired_device_s_alert_is_over(deployed):
    dead, *others = deployed(8)
    heard([dead], -4000)
    heard(others)
    assert look(30).opened == 1
    Registration.objects.filter(device=dead).update(retired_at=NOON)
    assert look(90).closed == 1


def test_one_set_aside_is_left_in_peace_and_a_low_battery_is_said(deployed):
    dead, *others = deployed(8)
    heard([dead], -20_000, battery=8.0)
    heard(others)
    look(30)
    alert = Alert.objects.get()
    with translation.override("en"):
        assert "it was at 8%" in describe(alert).action
        assert usage_title(alert.usage) == "Devices"
    deciding.decide([alert], "dismissed", "a@example.org", "Travaux.")
    assert look(90).opened == 0
