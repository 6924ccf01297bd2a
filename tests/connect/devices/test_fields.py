"""What fields mean is proposed with reasons, and used only once a person confirmed it."""

import json

import pytest

from mitoyen.connect.devices import fields
from mitoyen.connect.devices.enums import FieldRole
from mitoyen.connect.devices.fields import Choice
from mitoyen.connect.devices.models import Codec, DeviceModel, Field, Registration
from mitoyen.connect.devices.proposing import leaves, propose, words_of
from mitoyen.connect.uplinks import taking
from mitoyen.connect.uplinks.mapping import register
from mitoyen.connect.uplinks.messages import Message
from mitoyen.history.models import Datastream
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device
from tests.connect.devices.conftest import NOON, S, us


@pytest.mark.parametrize(
    ("name", "values", "role", "observed", "unit", "kind", "factor"),
    [
        ("temperature", [21.5, 22.0], "observation", "temperature", "Cel", "gauge", 1.0),
        ("TempC_SHT", [21.5], "observation", "temperature", "Cel", "gauge", 1.0),
        ("temp", [215, 231], "observation", "temperature", "Cel", "gauge", 0.1),
        ("temperature_f", [70.1], "observation", "temperature", "[degF]", "gauge", 1.0),
        ("relativeHumidity", [5512], "observation", "humidity", "%", "gauge", 0.01),
        ("soilMoisture", [31], "observation", "soil_moisture", "%", "gauge", 1.0),
        ("energy_wh", [10, 20, 30, 40, 50], "observation", "electricity", "Wh", "counter", 1.0),
        ("waterVolume_l", [9, 12, 15, 15, 20], "observation", "water", "L", "counter", 1.0),
        ("vehicle count", [3, 0, 5, 1, 2, 0], "observation", "count", "1", "delta", 1.0),
        ("counter", [3, 5, 6, 9, 12, 12], "observation", "count", "1", "counter", 1.0),
        ("niveau_cm", [120, 121], "observation", "level", "cm", "gauge", 1.0),
        ("pm2_5", [12], "observation", "pm25", "ug/m3", "gauge", 1.0),
        ("occupied", [True, False], "observation", "occupancy", "1", "gauge", 1.0),
        ("batteryLevel", [98, 97], "battery_percent", "", "%", "gauge", 1.0),
        ("battery", [254, 250], "battery_percent", "", "%", "gauge", 0.393701),
        ("BatV", [3.61, 3.6], "battery_volts", "", "V", "gauge", 1.0),
        ("battery_mv", [3610], "battery_volts", "", "V", "gauge", 0.001),
        ("fCnt", [1, 2], "ignored", "", "", "gauge", 1.0),
        ("firmware version", ["1.2"], "ignored", "", "", "gauge", 1.0),
        ("xyzzy", [7], "ignored", "", "", "gauge", 1.0),
    ],
)
def test_what_a_name_and_its_values_say(name, values, role, observed, unit, kind, factor) -> None:
    (one,) = propose({name: value} for value in values)
    assert (one.role, one.observed_property, one.unit, one.kind, one.factor) == (role, observed, unit, kind, factor)
    assert one.why


def test_what_a_usage_declares_wins_and_nothing_is_proposed_twice() -> None:
    frames = [{"fill": {"level": 40}, "temperature": 20.0, "temperature_2": 21.0}]
    made = {one.path: one for one in propose(frames, {"level": "m"})}
    assert made["fill.level"].observed_property == "level"
    assert made["temperature"].observed_property == "temperature"
    assert made["temperature_2"].observed_property == "temperature_2"


def test_paths_of_nested_data() -> None:
    assert leaves({"a": {"b": [1, {"c": 2}]}, "x.y": 3}) == {"a.b.0": 1, "a.b.1.c": 2}
    assert words_of("modules.0.waterLevel_mm") == "modules 0 water level mm"


@pytest.fixture
def sends(home, model, lamp):
    """A registered device on the lamp for its whole model, whose frames carry their fields decoded."""
    taking.forget()
    device = Device.objects.create(serial="L-1")
    Registration.objects.create(
        device=device, address="70b3d50000000001", model=model, thing=lamp, starts=NOON, factor=2.0
    )

    def send(at: int, **data) -> None:
        content = {
            "deduplicationId": f"d{at}", "time": "", "deviceInfo": {"devEui": "70b3d50000000001"}, "fCnt": at,
            "fPort": 2, "data": "AQ==", "object": data,
        }  # fmt: skip
        taking.take([Message("chirpstack4", json.dumps(content).encode(), us(NOON) + at * 600 * S, "mqtt", "test")])

    return send


def test_nothing_is_used_before_someone_confirms_and_then_the_device_serves_it(sends, model, lamp) -> None:
    with pytest.raises(Refused) as refused:
        fields.refresh(model)
    assert refused.value.code == "nothing_seen"
    for at in range(6):
        sends(at, temperature=20.5 + at, index_wh=100 * at, batt=3.6, mode="eco")
    proposed = {one.path: one for one in fields.refresh(model)}
    assert {path: one.role for path, one in proposed.items()} == {
        "temperature": "observation", "index_wh": "observation", "batt": "battery_volts", "mode": "ignored",
    }  # fmt: skip
    assert proposed["index_wh"].kind == "counter"
    assert fields.why_words(proposed["index_wh"])
    assert not Datastream.objects.exists()
    opened = fields.confirm(model, [fields.as_choice(one) for one in proposed.values()], "camille@example.org")
    assert opened == 2
    served = Deployment.objects.get(observed_property="temperature")
    assert (served.thing, served.starts, served.factor) == (lamp, NOON, 2.0)
    register.forget()
    sends(7, temperature=30.0, index_wh=900)
    assert Datastream.objects.get(observed_property="temperature").unit == "Cel"
    entry = AuditEntry.objects.get(action="devices.fields_confirmed")
    assert entry.actor == "camille@example.org"


def test_a_confirmed_field_is_not_proposed_otherwise_later(sends, model) -> None:
    for at in range(3):
        sends(at, temperature=20.5)
    fields.refresh(model)
    fields.confirm(model, [Choice("temperature", "observation", "outside", "Cel")], "camille")
    fields.refresh(model)
    assert Field.objects.get(path="temperature").observed_property == "outside"


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        (Choice("t", "observation", "Temperature!", "Cel"), "bad_property"),
        (Choice("t", "observation", "temperature", "furlong"), "unknown_unit"),
        (Choice("t", "observation", "temperature", "Cel", "sort"), "bad_kind"),
        (Choice("t", "observation", "count", "1", "delta"), "no_interval"),
        (Choice("t", "observation", "temperature", "Cel", "gauge", 0.0), "bad_factor"),
        (Choice("t", "nonsense"), "bad_role"),
        (Choice("t", "observation", "humidity", "%"), "property_twice"),
    ],
)
def test_what_cannot_be_is_refused(model, choice, code) -> None:
    Field.objects.create(model=model, path="h", observed_property="humidity", unit="%", confirmed_by="camille")
    with pytest.raises(Refused) as refused:
        fields.confirm(model, [choice], "camille")
    assert refused.value.code == code
    assert not Field.objects.filter(path="t").exists()


def test_examples_of_a_codec_are_enough(model, tmp_path) -> None:
    lines = tmp_path / "examples.jsonl"
    lines.write_text('{"temperature": 21.5}\n{"temperature": 22}\n', encoding="utf-8")
    assert [one.observed_property for one in fields.refresh(model, lines)] == ["temperature"]
    # Asked again with nothing new to look at, what was proposed stays.
    assert [one.observed_property for one in fields.refresh(model)] == ["temperature"]
    lines.write_text("{not json", encoding="utf-8")
    with pytest.raises(Refused):
        fields.refresh(model, lines)


def test_a_model_with_a_codec_is_proposed_from_what_it_decodes(sends, model) -> None:
    script = "function decodeUplink(input) { return {data: {humidity: input.bytes[0] * 50}}; }"
    model.codec = Codec.objects.create(name="half", sha256="c" * 64, script=script)
    model.save()
    sends(0, temperature=20.0)
    (one,) = fields.refresh(model)
    assert (one.path, one.observed_property, one.examples) == ("humidity", "humidity", [50])


def test_a_model_is_found_by_name(model) -> None:
    assert fields.model_named("ACME lamp") == model
    with pytest.raises(Refused):
        fields.model_named("nothing")
    assert FieldRole.IGNORED in FieldRole.values
    assert DeviceModel.objects.count() == 1
