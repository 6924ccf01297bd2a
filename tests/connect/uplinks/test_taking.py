"""Messages become readings: once, whatever their order, and after a kill too."""

import json
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.connect.devices import health
from mitoyen.connect.devices.models import Codec, Health, Quarantined
from mitoyen.connect.uplinks import keeping
from mitoyen.connect.uplinks.mapping import register
from mitoyen.connect.uplinks.messages import Message
from mitoyen.connect.uplinks.taking import Taken, gaps, take
from mitoyen.history import journal
from mitoyen.history.models import Batch, Datastream
from mitoyen.history.times import micros
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Thing
from tests.connect.uplinks.conftest import LONG_AGO, NOON, SECOND, forget, make_site, message, stored
from tests.connect.uplinks.samples import EUI

MINUTE = 60 * SECOND
DECODER = "function decodeUplink(input) { return {data: {temperature: input.bytes[0] / 10, none: 0 / 0}}; }"


def counts(taken: Taken) -> dict[str, int]:
    names = ("messages", "frames", "duplicates", "status_only", "unknown", "decoded", "accepted")
    return {name: value for name in names if (value := getattr(taken, name))}


def test_a_reading_comes_out_of_a_message(site):
    taken = take([message()])
    assert counts(taken) == {"messages": 1, "frames": 1, "decoded": 1, "accepted": 1}
    assert taken.outcomes == ["frame"]
    assert stored() == [(NOON, 20.0)]
    stream = Datastream.objects.get()
    assert (stream.name, stream.unit, stream.kind) == ("salle/temperature", "Cel", "gauge")
    (batch,) = Batch.objects.all()
    assert (batch.state, batch.source) == ("live", "uplinks: mqtt")


def test_the_same_messages_again_change_nothing(site):
    messages = [message(n, NOON + n * MINUTE) for n in range(5)]
    take(messages)
    before = stored()
    taken = take(messages)
    assert counts(taken) == {"messages": 5, "duplicates": 5}
    assert taken.outcomes == ["duplicate"] * 5
    assert stored() == before


def test_a_copy_keeps_the_time_of_the_first(site):
    take([message(7)])
    taken = take([message(7, NOON + 48 * SECOND), message(8, NOON + 49 * SECOND)])
    assert counts(taken) == {"messages": 2, "frames": 1, "duplicates": 1, "decoded": 1, "accepted": 1}
    assert stored() == [(NOON, 20.0), (NOON + 49 * SECOND, 20.0)]


def test_a_message_without_time_of_its_own_that_comes_again_is_one(site):
    first = message(7, 0, received=NOON)
    assert take([first]).frames == 1
    assert counts(take([first._replace(received=NOON + 3600 * SECOND)])) == {"messages": 1, "duplicates": 1}
    assert stored() == [(NOON, 20.0)]


def test_what_only_tells_of_health_is_never_decoded(site):
    site.model.codec = Codec.objects.create(name="c", sha256="1" * 64, script=DECODER)
    site.model.save()
    taken = take(
        [message(1, port=0, payload="c8"), message(2, data=None, payload=""), message(3, battery=70, data=None)]
    )
    assert (taken.decoded, taken.rows, taken.undecoded.total()) == (0, 0, 0)
    assert stored() == []


def test_an_unknown_device_is_kept_for_later(site):
    taken = take([message(1, device="autre")])
    assert counts(taken) == {"messages": 1, "frames": 1, "unknown": 1, "decoded": 1}
    assert [one.address for some in keeping.kept() for one in some] == ["autre"]
    assert stored() == []


def test_what_cannot_be_read_waits_and_the_rest_goes_on(site):
    bad = Message("plain", b'{"device":"x","device":"y"}', NOON, "mqtt", "t\0opic")
    taken = take([message(1), bad, message(2, NOON + MINUTE)])
    assert (taken.frames, dict(taken.quarantined)) == (2, {"duplicate_key": 1})
    assert taken.outcomes == ["frame", "duplicate_key", "frame"]
    assert len(stored()) == 2
    take([bad])
    waiting = Quarantined.objects.get()
    assert (waiting.reason, waiting.count, waiting.door, waiting.format) == ("duplicate_key", 2, "mqtt", "plain")
    assert bytes(waiting.content) == bad.content
    assert "\0" not in waiting.source


def test_one_of_a_list_that_cannot_be_read_keeps_no_other_back(site):
    good = [json.loads(message(n, NOON + n * MINUTE).content) for n in range(3)]
    body = json.dumps([good[0], {"device": EUI, "data": 5}, good[1], {"data": {"temperature": 1}}, good[2]]).encode()
    for form in ("plain", ""):
        taken = take([Message(form, body, NOON + 9 * MINUTE, "mqtt", "t")])
        assert dict(taken.quarantined) == {"data": 1, "address": 1}
    assert len(stored()) == 3
    assert sorted(bytes(one.content) for one in Quarantined.objects.all()) == sorted(
        [b'{"device":"%s","data":5}' % EUI.encode(), b'{"data":{"temperature":1}}']
    )


def test_a_field_that_is_no_number_is_dropped_alone(site):
    site.field("humidity", unit="%")
    site.deploy("humidity")
    body = b'{"device":"%s","time":%d,"counter":1,"data":{"temperature":NaN,"humidity":55}}' % (EUI.encode(), NOON)
    taken = take([Message("plain", body, NOON, "mqtt")])
    assert (taken.accepted, stored()) == (1, [(NOON, 55.0)])
    taken = take([message(2, NOON + MINUTE, data={"temperature": "n/a", "humidity": "56.5"})])
    assert (taken.not_numbers, stored()[1:]) == (1, [(NOON + MINUTE, 56.5)])
    assert take([message(3, NOON + 2 * MINUTE, data={"temperature": "1_000"})]).not_numbers == 1


def test_a_number_that_its_factor_makes_too_large_is_dropped_alone(site):
    site.field("energy", "electricity", "kWh", factor=1e10)
    site.deploy("electricity")
    site.field("power", "power", "kW")
    site.deploy("power")
    Datastream.objects.create(thing=site.thing, observed_property="power", unit="W", kind="gauge")
    taken = take([message(1, data={"temperature": 20, "energy": 1e300, "power": 1e307})])
    assert (taken.not_numbers, stored()) == (2, [(NOON, 20.0)])


def test_a_codec_decodes_and_its_nan_drops_that_field(site):
    site.model.codec = Codec.objects.create(name="c", sha256="1" * 64, script=DECODER)
    site.model.save()
    site.field("none")
    site.deploy("none")
    taken = take([message(1, payload="c8", data={"temperature": 99})])
    assert (taken.decoded, taken.accepted) == (1, 1)
    assert stored() == [(NOON, 20.0)]


def test_a_codec_that_fails_is_counted_and_the_frame_kept(site):
    script = "function decodeUplink(input) { throw new Error('no') }"
    site.model.codec = Codec.objects.create(name="c", sha256="2" * 64, script=script)
    site.model.save()
    taken = take([message(1, payload="c8")])
    assert (taken.decoded, dict(taken.undecoded)) == (0, {"threw": 1})
    assert len(list(keeping.kept())) == 1


def test_a_frame_that_we_fail_on_costs_itself_only(site, monkeypatch):
    mapped = register.map

    def failing(known, frame, data):
        if data["temperature"] == 21:
            raise AssertionError("a fault of ours")
        return mapped(known, frame, data)

    monkeypatch.setattr(register, "map", failing)
    sent = [message(n, NOON + n * MINUTE, data={"temperature": 20 + n}) for n in range(3)]
    taken = take(sent)
    assert (taken.frames, taken.decoded, taken.accepted, dict(taken.undecoded)) == (3, 2, 2, {"failed": 1})
    assert stored() == [(NOON, 20.0), (NOON + 2 * MINUTE, 22.0)]
    assert list(keeping.waiting()) == []
    assert [len(some) for some in keeping.kept()] == [3]


def test_units_factors_and_nested_fields(site):
    site.field("modules.1.power", "power", "kW", factor=0.1, offset=1.0)
    site.deploy("power")
    Datastream.objects.create(thing=site.thing, observed_property="power", unit="W", kind="gauge")
    taken = take([message(1, data={"modules": [{"power": 1}, {"power": 20}], "open": True, "other": 1})])
    assert stored() == [(NOON, 3000.0)]
    assert taken.unmapped == 2


def test_true_and_false_are_one_and_zero(site):
    site.field("open", "door_open", "1")
    site.deploy("door_open")
    take([message(1, data={"open": True}), message(2, NOON + MINUTE, data={"open": False})])
    assert stored() == [(NOON, 1.0), (NOON + MINUTE, 0.0)]


def test_only_confirmed_fields_of_what_is_deployed_are_mapped(site):
    site.field("humidity", unit="%", confirmed_by="")
    site.field("pressure", unit="hPa")
    site.field("payloadVersion", role="ignored")
    taken = take([message(1, data={"temperature": 20, "humidity": 50, "pressure": 990, "payloadVersion": 1})])
    assert (taken.accepted, taken.unmapped, taken.undeployed) == (1, 1, 1)


def test_a_deployment_serves_from_its_start_until_its_end(site):
    first = site.thing.deployments.get()
    first.ends = first.starts + timedelta(microseconds=NOON + MINUTE - micros(first.starts))
    first.save()
    other = Thing.objects.create(slug="cave", name="Cave", kind="room")
    site.device.deployments.create(thing=other, observed_property="temperature", starts=first.ends)
    register.forget()
    take([message(1, NOON + MINUTE - 1), message(2, NOON + MINUTE)])
    names = {row[0]: Datastream.objects.get(pk=row[0]).name for row in _rows()}
    assert sorted(names.values()) == ["cave/temperature", "salle/temperature"]
    assert [(names[number], time) for number, time in _rows()] == [
        ("salle/temperature", NOON + MINUTE - 1),
        ("cave/temperature", NOON + MINUTE),
    ]


def _rows() -> list[tuple[int, int]]:
    columns = journal.rows_between(-(1 << 62), 1 << 62)
    return list(zip(columns["datastream"].tolist(), columns["time"].tolist(), strict=True))


def test_a_datastream_of_another_kind_is_left_alone_until_it_fits(site, monkeypatch):
    stream = Datastream.objects.create(thing=site.thing, observed_property="temperature", unit="Cel", kind="counter")
    taken = take([message()])
    assert (taken.misfits, taken.rows) == (1, 0)
    stream.kind = "gauge"
    stream.save()
    monkeypatch.setattr("mitoyen.connect.uplinks.mapping.CHECK_S", -1.0)
    assert take([message(2, NOON + MINUTE)]).rows == 1


def test_an_amount_has_the_length_of_the_models_interval(site):
    site.field("energy", "electricity", "kWh", kind="delta")
    site.deploy("electricity")
    assert take([message(1, data={"energy": 2})]).misfits == 1
    site.model.expected_interval_s = 900
    site.model.save()
    register.forget()
    take([message(2, NOON + 900 * SECOND, data={"energy": 2})])
    assert journal.rows_between(NOON, 1 << 62)["length"].tolist() == [900]


def test_two_devices_on_one_thing_do_not_erase_each_other(site):
    beside = make_site_beside(site)
    take([message(1), message(1, device=beside)])
    assert sorted(stored()) == [(NOON, 20.0), (NOON, 20.0)]
    assert Datastream.objects.count() == 2


def make_site_beside(site) -> str:
    other = "70b3d5e75e0042a8"
    thing = Thing.objects.create(slug="beside", name="Beside", kind="room", part_of=site.thing)
    make_site(thing, other)
    return other


def test_a_change_of_fields_or_register_is_seen_without_being_told(site, monkeypatch):
    take([message(1, device="autre")])
    site.registration.address = "autre"
    site.registration.save()
    monkeypatch.setattr("mitoyen.connect.uplinks.mapping.CHECK_S", -1.0)
    assert take([message(2, NOON + MINUTE, device="autre")]).accepted == 1
    site.model.fields.update(factor=2.0)
    take([message(3, NOON + 2 * MINUTE, device="autre")])
    assert [value for _time, value in stored()] == [20.0, 40.0]
    site.registration.retired_at = site.thing.deployments.get().starts + timedelta(microseconds=_since(3 * MINUTE))
    site.registration.save()
    assert take([message(4, NOON + 3 * MINUTE, device="autre")]).undeployed == 1
    assert take([message(5, NOON + 3 * MINUTE - 1, device="autre")]).accepted == 1


def _since(later: int) -> int:
    """Microseconds from the start of the site's deployment to NOON, and `later`."""
    return NOON + later - micros(LONG_AGO)


def test_health_is_told(site):
    site.field("volts", role="battery_volts")
    heard = [{"id": "b", "rssi": -110, "snr": 1}, {"id": "a", "rssi": -80, "snr": 9}]
    take([message(1, data={"volts": 3.5}, gateways=heard), message(3, NOON + MINUTE, battery=64)])
    health.flush()
    told = Health.objects.get(device=site.device)
    assert (told.last_counter, told.frames, told.missed) == (3, 2, 1)
    assert (told.gateway, told.rssi, told.battery_volts, told.battery_percent) == ("a", -80.0, 3.5, 64.0)


def test_a_reading_with_the_time_of_its_receipt_is_flagged_when_its_own_was_wrong(site):
    times = (NOON, "1980-01-06T00:00:00Z", "2036-02-07T06:28:16Z", "noon", None)
    take([message(n, 0, time=own, received=NOON + n * MINUTE) for n, own in enumerate(times)])
    columns = journal.rows_between(NOON, 1 << 62)
    assert columns["time"].tolist() == [NOON + n * MINUTE for n in range(5)]
    assert columns["quality"].tolist() == [0, 1, 1, 1, 0]


def test_a_late_old_reading_is_never_the_latest(site):
    take([message(5, NOON)])
    take([message(2, NOON - 3600 * SECOND, received=NOON + MINUTE)])
    assert [time for time, _value in stored()] == [NOON - 3600 * SECOND, NOON]
    assert journal.extent() == (NOON - 3600 * SECOND, NOON)


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        ([1, 2, 3], (0, 0)),
        ([1, 3, 3, 7], (2, 4)),
        ([65534, 65535, 0, 1], (0, 0)),
        ([65534, 1], (1, 2)),
        ([500, 0, 1, 2], (0, 0)),
        ([70_000, 70_002], (1, 1)),
        ([], (0, 0)),
    ],
)
def test_gaps_of_a_counter(counters, expected):
    assert gaps(counters) == expected


def test_what_the_journal_refused_is_in_it_before_it_is_a_duplicate(site, monkeypatch):
    append = journal.append
    refusals = iter([True, True])

    def refusing(rows, batch):
        if next(refusals, False):
            raise Refused("The disk is full.")
        return append(rows, batch)

    monkeypatch.setattr(journal, "append", refusing)
    for _turn in range(2):
        with pytest.raises(Refused):
            take([message(1)])
    assert stored() == []
    assert take([message(1)]).outcomes == ["duplicate"]
    assert stored() == [(NOON, 20.0)]


# Kills


def test_killed_anywhere_and_sent_again_nothing_is_lost_or_doubled(shared_installation):
    installation = shared_installation
    installation.python(registered("killed"))
    moments = ("frames_kept", "frames_durable", "journal_append", "frames_decoded")
    lots = [[content_of(3 * turn + n, "killed") for n in range(3)] for turn in range(len(moments))]
    for moment, bodies in zip(moments, lots, strict=True):
        code = f"import django; django.setup()\n{SEND}\nsend({bodies!r})\n"
        environment = installation.environment(MITOYEN_KILL_AT=moment, DJANGO_SETTINGS_MODULE="mitoyen.settings")
        done = subprocess.run([sys.executable, "-c", code], env=environment, timeout=60, check=False)
        assert done.returncode == -signal.SIGKILL
    # What was durable is found by the next who starts; what wasn't (the first three) is sent again, as all may be.
    everything = [body for bodies in lots for body in bodies]
    again = f"import json\n{SEND}\nprint(taking.recover())\n{SHOW}\nsend({everything!r})\n{SHOW}"
    recovered, found, all_of_them = installation.python(again).splitlines()
    expected = [[NOON + n * MINUTE, 20.0 + n] for n in range(12)]
    assert recovered == "9"
    assert json.loads(found) == expected[3:]
    assert json.loads(all_of_them) == expected


def content_of(number: int, device: str) -> str:
    body = message(number, NOON + number * MINUTE, device=device, data={"temperature": 20.0 + number})
    return body.content.decode()


def registered(name: str) -> str:
    """Code that registers a device of this name, of a model and in a thing of the same name."""
    return f"""
from datetime import datetime, UTC
from mitoyen.connect.devices.models import *
from mitoyen.territory.models import *
thing = Thing.objects.create(slug="{name}", name="{name}", kind="room")
device = Device.objects.create(serial="{name}")
model = DeviceModel.objects.create(slug="{name}", name="{name}")
Field.objects.create(model=model, path="temperature", observed_property="temperature", unit="Cel", confirmed_by="c")
Registration.objects.create(device=device, address="{name}", model=model)
start = datetime(2020, 1, 1, tzinfo=UTC)
Deployment.objects.create(device=device, thing=thing, observed_property="temperature", starts=start)
"""


SEND = f"""
from mitoyen.connect.uplinks import taking
from mitoyen.connect.uplinks.messages import Message
def send(bodies):
    taking.take([Message("plain", body.encode(), {NOON + 3600 * SECOND}, "mqtt", "t") for body in bodies])
"""
SHOW = """
from mitoyen.history.datastreams import datastream_named
from mitoyen.history.gather import gathered
rows = gathered(datastream_named("killed/temperature").pk, 0, 1 << 60)
print(json.dumps(list(zip(rows["time"].astype(int).tolist(), rows["value"].tolist()))))
"""


# Any order, any number of times

messages = st.builds(
    lambda counter, minute, value, own: message(
        counter, NOON + minute * MINUTE if own else 0, received=NOON + minute * MINUTE, data={"temperature": value}
    ),
    st.integers(0, 4),
    st.integers(0, 20),
    st.sampled_from([20.0, 21.0]),
    st.booleans(),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(messages, max_size=10), st.randoms())
def test_in_any_order_and_again_the_readings_are_the_same(site, home, given, random):
    empty(home)
    take(given)
    first = stored()
    take(given)
    assert stored() == first
    random.shuffle(given)
    empty(home)
    take(given)
    assert stored() == first


def empty(home) -> None:
    forget()
    for file in [*home.glob("journal.sqlite3*"), *(home / "frames").glob("*.sqlite3*")]:
        file.unlink()
