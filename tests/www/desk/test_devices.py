"""Devices at the desk: found by state and place, replaced, their factor put right, their fields confirmed."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from mitoyen.connect.devices.models import Field, Gateway, Health, Quarantined, Registration
from mitoyen.history.datastreams import datastream_for
from mitoyen.territory.models import Deployment
from mitoyen.www.desk.devices_forms import FactorForm
from tests.www.desk.conftest import registered_device


@pytest.fixture
def now(monkeypatch, home):
    return timezone.now()


def page(client, name, *arguments, **asked) -> str:
    answer = client.get(reverse(f"desk:{name}", args=arguments), asked)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_register_is_found_by_state_commune_and_number(desk, sign_in, now) -> None:
    registered_device(desk.school, "MUETTE", last_seen=now - dt.timedelta(days=2), silent_since=now, silent_sure=True)
    registered_device(desk.school, "PILE", last_seen=now, battery_percent=8.0)
    registered_device(desk.school, "SAINE", last_seen=now, battery_percent=80.0)
    client = sign_in(desk.reader)
    everything = page(client, "devices")
    assert all(name in everything for name in ("MUETTE", "PILE", "SAINE", "SONDE-1"))
    assert "1 capteur est silencieux" in everything
    for state, serial in (("silent", "MUETTE"), ("battery", "PILE"), ("well", "SAINE"), ("never", "SONDE-1")):
        found = page(client, "devices", etat=state)
        shown = {name for name in ("MUETTE", "PILE", "SAINE", "SONDE-1") if name in found}
        assert shown == {serial}, state
    assert "MUETTE" not in page(client, "devices", nom="SAIN")
    assert "MUETTE" in page(client, "devices", commune="49007")
    elsewhere = page(sign_in(desk.elsewhere), "devices")
    assert "MUETTE" not in elsewhere


def test_a_page_of_fifty_is_a_few_queries(desk, sign_in, now, django_assert_max_num_queries) -> None:
    for number in range(60):
        registered_device(desk.school, f"N-{number:03}", last_seen=now)
    client = sign_in(desk.reader)
    with django_assert_max_num_queries(25):
        assert "N-049" in page(client, "devices")
    assert "N-058" in page(client, "devices", page=2)


def test_a_gateway_that_is_down_is_said_once(desk, sign_in, now) -> None:
    for number in range(7):
        about = {"silent_since": now, "silent_with": "gw-7", "gateway": "gw-7"}
        registered_device(desk.school, f"BEHIND-{number}", last_seen=now, **about)
    registered_device(desk.school, "ALONE", last_seen=now, silent_since=now)
    Gateway.objects.create(address="gw-7", last_seen=now, silent_since=now, devices_silent=7)
    found = page(sign_in(desk.reader), "devices-silent")
    assert "7 de vos capteurs se sont tus avec elle" in found
    assert "BEHIND-0" not in found
    assert "ALONE" in found
    assert "gw-7" not in page(sign_in(desk.elsewhere), "devices-silent")


def test_a_device_tells_its_story(desk, sign_in, now) -> None:
    today = timezone.localdate()
    trail = [[today.toordinal() - 60 + day, 90 - day] for day in range(60)]
    Health.objects.create(
        device=desk.registration.device, last_seen=now - dt.timedelta(minutes=7), frames=900, missed=100,
        usual_interval_s=600.0, gateway="gw-1", rssi=-97.0, clock_drift_s=-240.0, battery_percent=31.0,
        battery_trail=trail, battery_ends=today + dt.timedelta(days=300), battery_ends_from=today,
        battery_ends_to=today + dt.timedelta(days=330),
    )  # fmt: skip
    found = page(sign_in(desk.reader), "device", desk.registration.pk)
    for words in (
        "il y a 7 minutes",
        "10,0",
        "toutes les 10 minutes",
        "gw-1",
        "en retard de 4 minutes",
        "Sans doute vide",
    ):
        assert words in found, words
    assert "<svg" in found
    assert "Remplacer ce capteur" not in found
    assert "Remplacer ce capteur" in page(sign_in(desk.contractor), "device", desk.registration.pk)


def test_a_device_is_replaced_and_taken_back(desk, sign_in, now) -> None:
    client = sign_in(desk.contractor)
    address = reverse("desk:device-replace", args=[desk.registration.pk])
    bad = client.post(address, {"at": "2026-10-01T10:00", "address": desk.registration.address})
    assert bad.status_code == 422
    assert "déjà dans le registre" in bad.content.decode()
    done = client.post(address, {"at": "2026-10-01T10:00", "address": "70b3d500000000ff", "serial": "NEUVE"})
    new = Registration.objects.get(address="70b3d500000000ff")
    assert done.url == reverse("desk:device", args=[new.pk])
    assert "Annuler le remplacement" in page(client, "device", new.pk)
    client.post(reverse("desk:device-take-back", args=[new.pk]), {"why": "mauvais capteur"})
    assert not Registration.objects.filter(pk=new.pk).exists()
    assert Deployment.objects.get(device=desk.registration.device).ends is None


def test_indexes_are_asked_for_what_is_an_index(desk, sign_in, now) -> None:
    name = f"temperature_{desk.registration.device.pk}"
    datastream_for(desk.school, name, "m3", "counter")
    client = sign_in(desk.officer)
    assert f"last_{name}" in page(client, "device-replace", desk.registration.pk)
    said = {"at": "2026-10-01T10:00", "address": "new", f"last_{name}": "1 250,5", f"first_{name}": "0"}
    client.post(reverse("desk:device-replace", args=[desk.registration.pk]), said)
    old = Deployment.objects.get(device=desk.registration.device)
    assert old.last_index == 1250.5
    assert Deployment.objects.get(device__registration__address="new").first_index == 0


def test_a_factor_is_shown_before_it_is_written(desk, sign_in, now) -> None:
    client = sign_in(desk.officer)
    address = reverse("desk:device-factor", args=[desk.registration.pk])
    shown = client.post(address, {"times": "0,01", "why": "poids d'impulsion"})
    assert "Ce qui changerait" in shown.content.decode()
    assert Deployment.objects.get(device=desk.registration.device).factor == 1.0
    client.post(address, {"times": "0,01", "why": "poids d'impulsion", "write": "1"})
    assert Deployment.objects.get(device=desk.registration.device).factor == 0.01
    assert client.post(address, {"why": "rien"}).status_code == 422


def test_fields_are_confirmed_with_what_is_written(desk, sign_in, now) -> None:
    client = sign_in(desk.operator)
    field = Field.objects.get(model=desk.device_model)
    assert "seulement proposé" in page(client, "device-model", "acme-probe")
    assert "1" in page(client, "device-models")
    said = {f"{field.pk}-{name}": value for name, value in (
        ("role", "observation"), ("observed_property", "outside"), ("unit", "°C"), ("kind", "gauge"), ("factor", "0,1"),
    )}  # fmt: skip
    address = reverse("desk:device-model", args=["acme-probe"])
    assert client.post(address, said).status_code == 422
    assert client.post(address, {**said, "field": field.pk, f"{field.pk}-unit": "arpents"}).status_code == 422
    assert client.post(address, {**said, "field": field.pk}).status_code == 302
    field.refresh_from_db()
    assert (field.observed_property, field.unit, field.factor) == ("outside", "Cel", 0.1)
    assert field.confirmed_by == "operator@example.org"
    client.post(address, {"interval": "1", "minutes": "15"})
    desk.device_model.refresh_from_db()
    assert desk.device_model.expected_interval_s == 900


def test_an_unreadable_message_is_set_aside_or_read_again(desk, sign_in, now) -> None:
    kept = [
        Quarantined.objects.create(
            door="webhook", reason=reason, content=b'{"a": <script>', sha256=f"{at:064}", last_at=timezone.now()
        )
        for at, reason in enumerate(("not_json", "nul"))
    ]  # fmt: skip
    client = sign_in(desk.operator)
    found = page(client, "devices-messages")
    assert "2 messages attendent" in found
    assert "<script>" not in found.partition("Son début")[2].partition("</details>")[0]
    client.post(reverse("desk:devices-messages-act"), {"aside": kept[0].pk})
    kept[0].refresh_from_db()
    assert kept[0].state == "discarded"
    said = client.post(reverse("desk:devices-messages-act"), {"again": "1"}, follow=True).content.decode()
    assert "0 message sur 1" in said


def test_a_factor_may_name_the_longest_object_and_measure():
    said = {"times": "2", "observed_property": f"{'o' * 120}/{'m' * 60}", "why": "un essai"}
    assert FactorForm(said).is_valid()
