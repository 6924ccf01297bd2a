"""Kept frames again: the difference is shown, then written as a correction; the quarantine is read again."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mitoyen.connect.devices.enums import QuarantineState
from mitoyen.connect.devices.models import Codec, Quarantined
from mitoyen.connect.uplinks import days, formats, quarantine, reading, replaying, taking
from mitoyen.connect.uplinks.mapping import register
from mitoyen.connect.uplinks.messages import Message, Unreadable
from mitoyen.connect.uplinks.replaying import Choice, compare, write
from mitoyen.connect.uplinks.rereading import reread
from mitoyen.history import batches, read, sealing
from mitoyen.history.datastreams import datastream_named
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Thing
from tests.connect.uplinks.conftest import NOON, SECOND, make_site, message, stored
from tests.connect.uplinks.test_taking import SEND, content_of, registered

MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


def brought(site, values=(20.0, 21.0, 22.5), start: int = NOON) -> None:
    taking.take([message(n, start + n * MINUTE, data={"temperature": value}) for n, value in enumerate(values)])


def values(name: str = "salle/temperature") -> list[float]:
    return [float(value) for value in read.readings(datastream_named(name)).value]


def change(name: str = "salle/temperature", **choice) -> replaying.Change:
    return compare(Choice(**choice)).datastreams[name]


def test_nothing_differs_when_nothing_changed(site):
    brought(site)
    made = compare(Choice())
    assert (made.frames, made.decoded, made.to_write) == (3, 3, 0)
    assert made.datastreams == {"salle/temperature": replaying.Change(same=3)}
    assert write(Choice(), "camille", "to see").batch is None
    assert values() == [20.0, 21.0, 22.5]


@pytest.mark.parametrize("sealed", [False, True])
def test_an_energy_a_hundred_times_too_high_is_put_right_in_one_action(site, sealed):
    site.field("energy", "electricity", "kWh", kind="counter")
    site.deploy("electricity")
    for day in range(3):
        taking.take([message(day, NOON + day * DAY, data={"energy": 1200 + 100 * day})])
    if sealed:
        sealing.seal()
    site.field("energy", "electricity", "kWh", kind="counter", factor=0.01)
    shown = change("salle/electricity")
    assert (shown.same, shown.new, shown.changed, shown.gone) == (0, 0, 3, 0)
    assert (shown.smallest, shown.largest) == (14.0 - 1400, 12.0 - 1200)
    assert values("salle/electricity") == [1200.0, 1300.0, 1400.0]
    made = write(Choice(model="maker-th1"), "camille", "index in hundredths of kWh")
    assert values("salle/electricity") == [12.0, 13.0, 14.0]
    batch = Batch.objects.get(pk=made.batch or 0)
    assert (batch.origin, batch.state, batch.why) == ("correction", "live", "index in hundredths of kWh")
    assert batch.summary["datastreams"] == ["salle/electricity"]
    stream = datastream_named("salle/electricity")
    first, last = days.day_of(NOON - DAY), days.day_of(NOON + 5 * DAY)
    corrected = read.corrections_of(stream, first, last)
    assert [(one.old, one.new, one.by) for one in corrected] == [
        (1200.0, 12.0, "camille"), (1300.0, 13.0, "camille"), (1400.0, 14.0, "camille")
    ]  # fmt: skip
    assert compare(Choice()).to_write == 0


def test_a_mended_codec_decodes_the_past_again(site):
    broken = "function decodeUplink(input) { return {data: {temperature: input.bytes[0]}}; }"
    site.model.codec = Codec.objects.create(name="c", sha256="1" * 64, script=broken)
    site.model.save()
    taking.take([message(n, NOON + n * MINUTE, payload=f"{200 + n:02x}", data=None) for n in range(3)])
    assert values() == [200.0, 201.0, 202.0]
    mended = broken.replace("input.bytes[0]", "input.bytes[0] / 10")
    site.model.codec = Codec.objects.create(name="c", sha256="2" * 64, script=mended)
    site.model.save()
    register.forget()
    write(Choice(), "camille", "tenths of a degree")
    assert values() == [20.0, 20.1, 20.2]


def test_a_codec_that_fails_now_leaves_what_there_is(site):
    brought(site)
    site.model.codec = Codec.objects.create(name="c", sha256="3" * 64, script="function decodeUplink() { throw 1 }")
    site.model.save()
    taking.take([message(9, NOON + 9 * MINUTE, payload="01")])
    made = compare(Choice())
    assert (made.undecoded.total(), made.datastreams["salle/temperature"].same) == (1, 3)


def test_a_device_registered_later_gets_its_past(site):
    taking.take([message(n, NOON + n * MINUTE, device="later") for n in range(4)])
    assert stored() == []
    cellar = Thing.objects.create(slug="cave", name="Cave", kind="room")
    make_site(cellar, "later")
    made = compare(Choice(devices=("later",)))
    assert made.datastreams == {"cave/temperature": replaying.Change(new=4)}
    assert Datastream.objects.count() == 0
    write(Choice(devices=("LATER",)), "camille", "registered today")
    assert values("cave/temperature") == [20.0] * 4


def test_a_field_confirmed_later_gets_its_past_and_the_rest_stays(site):
    taking.take([message(n, NOON + n * MINUTE, data={"temperature": 20, "humidity": 50 + n}) for n in range(3)])
    site.field("humidity", unit="%")
    site.deploy("humidity")
    made = write(Choice(), "camille", "humidity confirmed")
    assert made.datastreams == {
        "salle/humidity": replaying.Change(new=3), "salle/temperature": replaying.Change(same=3)
    }  # fmt: skip
    assert (values("salle/humidity"), values()) == ([50.0, 51.0, 52.0], [20.0] * 3)


def test_what_no_longer_comes_out_is_shown_and_stays(site):
    brought(site)
    site.field("temperature", confirmed_by="")
    assert change().gone == 3
    write(Choice(), "camille", "to see")
    assert values() == [20.0, 21.0, 22.5]


def test_only_the_device_the_model_and_the_time_asked_for(site):
    brought(site)
    make_site(Thing.objects.create(slug="cave", name="Cave", kind="room"), "other")
    taking.take([message(1, device="other")])
    site.field("temperature", factor=2.0)
    assert change(devices=(site.device.serial,)).changed == 3
    assert set(compare(Choice(devices=("other",))).datastreams) == {"cave/temperature"}
    assert change(first=NOON + MINUTE, last=NOON + MINUTE).changed == 1
    assert change(devices=(site.registration.address,), last=NOON).changed == 1
    for wrong in (Choice(model="nothing"), Choice(devices=("nobody",))):
        with pytest.raises(Refused):
            compare(wrong)
    with pytest.raises(Refused) as refused:
        write(Choice(), "camille", " ")
    assert refused.value.code == "no_reason"
    assert values() == [20.0, 21.0, 22.5]


def test_readings_of_other_times_and_devices_are_left_alone(site):
    """A swap: what the device before had sent is not the new one's to correct."""
    brought(site)
    serving = site.thing.deployments.get()
    serving.ends = datetime.fromtimestamp((NOON + MINUTE) / 1e6, UTC)
    serving.save()
    site.field("temperature", factor=2.0)
    shown = change()
    assert (shown.changed, shown.gone, compare(Choice()).undeployed) == (1, 0, 2)


def test_undoing_a_replay_brings_the_old_values_back(site):
    brought(site)
    site.field("temperature", offset=-1.0)
    made = write(Choice(), "camille", "one degree too warm")
    assert values() == [19.0, 20.0, 21.5]
    batches.undo(Batch.objects.get(pk=made.batch or 0), "camille", "no")
    assert values() == [20.0, 21.0, 22.5]


def test_the_quarantine_is_read_again_once_its_reason_is_mended(site, monkeypatch):
    unknown = Message("", message(1).content.replace(b'"device"', b'"sensor"'), NOON + SECOND, "mqtt", "t")
    taking.take([unknown, Message("plain", b"{", NOON, "mqtt", "t")])
    assert Quarantined.objects.filter(state=QuarantineState.WAITING).count() == 2
    assert reread(write=True).to_json() == {
        "waiting": 2, "readable": 0, "still": {"format_unknown": 1, "not_json": 1}, "cut": 0, "accepted": 0,
    }  # fmt: skip
    assert Quarantined.objects.filter(reason="not_json").get().count == 1
    plain = formats.BY_NAME["plain"]
    own = formats.at("sensor", "device")
    mended = with_changes(plain, address=own, marks=(formats.at("sensor", "data"),))
    monkeypatch.setattr(formats, "FORMATS", (mended,))
    monkeypatch.setitem(formats.BY_NAME, "plain", mended)
    assert reread(write=False).readable == 1
    assert stored() == []
    done = reread(write=True)
    assert (done.readable, done.accepted, stored()) == (1, 1, [(NOON, 20.0)])
    assert [one.state for one in Quarantined.objects.order_by("reason")] == ["read_again", "waiting"]
    assert quarantine.messages()[0][0].reason == "not_json"


def with_changes(form: formats.Format, **changes: object) -> formats.Format:
    return replace(form, **changes)  # type: ignore[arg-type]


def test_a_message_too_large_to_be_kept_whole_waits(site):
    taking.take([Message("plain", b"{" + b" " * 70_000, NOON, "mqtt", "t")])
    assert reread(write=True).cut == 1
    with pytest.raises(Unreadable):
        reading.read(Message("plain", b"{" + b" " * 70_000, NOON))


def test_the_command_shows_then_writes(shared_installation):
    installation = shared_installation
    bodies = [content_of(number, "replayed") for number in range(3)]
    installation.python(f"{registered('replayed')}\n{SEND}\nsend({bodies!r})\n"
                        "Field.objects.filter(model=model).update(factor=0.5)")  # fmt: skip
    shown = installation.json("replay", "--model", "replayed")
    assert (shown["to_write"], shown["batch"]) == (3, None)
    assert shown["datastreams"][0]["changed"] == 3
    assert installation.json("replay", "--write", expect=1)["refused"] == "no_reason"
    told = installation.run("replay", "--device", "replayed", "--write", "--why", "half").stdout
    assert "replayed/temperature" in told
    assert installation.json("replay", "--quarantine", "--since", "2026-01-01")["waiting"] == 0
