"""What is read in a message of each format; whatever comes, it is read or refused with a reason."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.connect.uplinks import encodings, formats, times
from mitoyen.connect.uplinks.encodings import Encodings
from mitoyen.connect.uplinks.messages import UNTIMED, Flag, Frame, Message, Unreadable
from mitoyen.connect.uplinks.reading import REASONS, read
from mitoyen.connect.uplinks.telling import reason
from tests.connect.uplinks.samples import EUI, GATEWAY, MICROS, PAYLOAD, RECEIVED, STATUSES, UPLINKS, changed, content


def one(body: bytes, name: str = "", known: Encodings | None = None) -> Frame:
    (frame,) = read(Message(name, body, RECEIVED, "webhook", "key"), known or Encodings())
    return frame


def fault(body: bytes, name: str = "") -> str:
    with pytest.raises(Unreadable) as refused:
        read(Message(name, body, RECEIVED, "webhook", "key"), Encodings())
    assert refused.value.reason in REASONS
    assert reason(refused.value.reason) != refused.value.reason
    return refused.value.reason


@pytest.mark.parametrize("name", [form.name for form in formats.FORMATS])
def test_each_format_is_recognised_and_says_the_same(name):
    body = content(UPLINKS[name])
    assert formats.identify(body) == name
    frame = one(body, name)
    assert (frame.address, frame.counter, frame.port, frame.payload) == (EUI, 41, 2, PAYLOAD)
    assert abs(frame.time - MICROS) < 1000
    assert (frame.received, frame.flags, frame.format) == (RECEIVED, 0, name)
    assert frame.carries
    if name not in ("wanesy", "loriot", "milesight"):
        assert frame.data == {"temperature": 21.5}
    (signal,) = frame.signals
    assert (signal.rssi, signal.snr) == (-97.0, 7.5)
    if name in ("chirpstack4", "chirpstack3", "thethings3", "wanesy", "loriot", "milesight", "plain"):
        assert signal.gateway == GATEWAY
    if name in ("chirpstack4", "chirpstack3", "thethings3", "thingpark", "wanesy", "loriot"):
        assert (signal.longitude, signal.latitude) == (-0.55, 47.47)


@pytest.mark.parametrize("name", STATUSES)
def test_what_tells_of_the_device_only_carries_nothing(name):
    body = content(STATUSES[name])
    assert formats.identify(body) == name
    frame = one(body, name)
    assert frame.address == EUI
    assert frame.flags & Flag.STATUS
    assert not frame.carries
    if "battery" in body.decode():
        assert frame.battery == 80.0


def test_every_format_says_what_it_was_checked_against():
    assert all(form.checked for form in formats.FORMATS)
    assert {form.name for form in formats.FORMATS} == set(UPLINKS)


def test_a_format_that_is_not_clear_is_asked_for():
    assert fault(b'{"devEUI": "70b3d5e75e0042a7", "fCnt": 3}') == "format_unknown"
    mixed = {**UPLINKS["chirpstack4"], **UPLINKS["thingpark"]}
    assert fault(content(mixed)) == "format_ambiguous"


def test_a_format_that_is_gone_is_a_reason():
    assert fault(content(UPLINKS["plain"]), "of_yesterday") == "format_unknown"


@pytest.mark.parametrize("place", [(0, 0), (200, 47), (None, 47), ("x", 47), (-0.5, -91)])
def test_a_gateway_without_a_place_is_heard_all_the_same(place):
    heard = {"gweui": GATEWAY, "rssi": -97, "lon": place[0], "lat": place[1]}
    (signal,) = one(changed("loriot", gws=[heard, "nonsense", {}])).signals
    assert (signal.gateway, signal.rssi, signal.longitude, signal.latitude) == (GATEWAY, -97.0, None, None)


def test_a_battery_without_a_level_says_none():
    assert one(content({**STATUSES["chirpstack3"], "batteryLevelUnavailable": True})).battery is None
    assert one(content({**STATUSES["chirpstack3"], "externalPowerSource": True})).battery is None
    assert one(changed("loriot", bat=127)).battery == 50.0
    assert one(changed("loriot", bat=255)).battery is None
    assert one(changed("loriot", bat=0)).battery is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  ", "empty"),
        (b"{", "not_json"),
        (b'{"device":"x","data":{}} 1', "not_json"),
        (b'{"device":"x","device":"y","data":{"a":1}}', "duplicate_key"),
        (b'{"device":"x","data":{"a":1,"a":1}}', "duplicate_key"),
        (b'{"device":"x","data":{"a" : 1, "\\u0061":2}}', "duplicate_key"),
        (b'{"device":"x","data":{"a\\u003a":":", "b":1, "b":{"c":1}}}', "duplicate_key"),
        (b'{"device":"\\ud800","data":{"a":1}}', "surrogate"),
        (b'{"device":"x\\udc00y","data":{"a":1}}', "surrogate"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"device":"x","data":{"a":' + b"9" * 5_000 + b"}}", "number_too_long"),
        (b'{"device":"x\x00","data":{"a":1}}', "nul"),
        (b'{"device":"x\\u0000","data":{"a":1}}', "nul"),
        ('{"device":"réservoir","data":{"a":1}}'.encode("latin-1"), "not_utf8"),
        ('{"device":"x","data":{"a":1}}'.encode("utf-16"), "nul"),
        (b'{"device":"x","data":' + b" " * (1 << 20) + b"{}}", "too_large"),
        (b"3", "format_unknown"),
        (b"[]", "format_unknown"),
        (b'{"device":"","data":{"a":1}}', "address"),
        (b'{"device":7,"data":{"a":1}}', "address"),
        (b'{"device":"x","data":[1]}', "data"),
        (b'{"device":"x","payload":"0g"}', "payload"),
        (b'{"device":"x","payload":7}', "payload"),
        (b'{"device":"x","payload":"00","encoding":"rot13"}', "payload"),
        (b'{"device":"x","payload":"00","counter":-1}', "counter"),
        (b'{"device":"x","payload":"00","counter":true}', "counter"),
        (b'{"device":"x","payload":"00","port":256}', "port"),
    ],
)
def test_what_cannot_be_read_says_why(body, reason):
    assert fault(body) == reason


def test_a_list_of_messages_is_read_one_by_one():
    body = content([{"device": "a", "data": {"level": 1}}, {"device": "b", "data": {"level": 2}}])
    frames = read(Message("", body, RECEIVED), Encodings())
    assert [(frame.address, frame.data) for frame in frames] == [("a", {"level": 1}), ("b", {"level": 2})]


@pytest.mark.parametrize("wrong", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1E999"])
def test_a_number_that_is_none_drops_that_field_only(wrong):
    frame = one(b'{"device":"x","data":{"a":' + wrong + b',"b":"NaN 1e999","c":2.5}}')
    assert frame.data == {"a": None, "b": "NaN 1e999", "c": 2.5}
    assert frame.flags & Flag.NOT_A_NUMBER


@pytest.mark.parametrize("name", ["chirpstack4", "chirpstack3"])
def test_zeros_left_out_are_zeros(name):
    frame = one(changed(name, fCnt=None, fPort=None, data=None, object=None, objectJSON=None))
    assert (frame.counter, frame.port, frame.payload) == (0, 0, b"")
    assert not frame.carries


def test_zeros_left_out_of_the_things_stack():
    uplink = UPLINKS["thethings3"]["uplink_message"]
    short = {key: value for key, value in uplink.items() if key != "f_cnt"}
    assert one(changed("thethings3", uplink_message=short)).counter == 0


def test_numbers_may_be_texts():
    frame = one(changed("chirpstack4", fCnt="65535", fPort="7"))
    assert (frame.counter, frame.port) == (65535, 7)


def test_port_zero_and_an_empty_payload_carry_nothing():
    assert not one(changed("chirpstack4", fPort=0)).carries
    assert not one(changed("chirpstack4", data="", object={})).carries
    assert not one(changed("thingpark", DevEUI_uplink={"DevEUI": EUI, "FPort": "3", "FCntUp": "1"})).carries


@pytest.mark.parametrize(
    ("given", "expected", "flag"),
    [
        ("2026-05-28T20:26:38.500Z", MICROS, 0),
        ("2026-05-28T22:26:38.500+02:00", MICROS, 0),
        (MICROS // 1000, MICROS, 0),
        (str(MICROS // 1000), MICROS, 0),
        (MICROS / 1_000_000, MICROS, 0),
        (MICROS, MICROS, 0),
        (MICROS * 1000, MICROS, 0),
        (None, RECEIVED, Flag.TIME_MISSING),
        ("yesterday", RECEIVED, Flag.TIME_MALFORMED),
        ("2026-05-28T20:26:38", RECEIVED, Flag.TIME_MALFORMED),
        ("2026-13-28T20:26:38Z", RECEIVED, Flag.TIME_MALFORMED),
        ([], RECEIVED, Flag.TIME_MALFORMED),
        ("1980-01-06T00:00:00Z", RECEIVED, Flag.TIME_ABSURD),
        ("2036-02-07T06:28:16Z", RECEIVED, Flag.TIME_ABSURD),
        ("2026-05-28T22:26:38Z", RECEIVED, Flag.TIME_ABSURD),
        ("2024-05-28T20:26:38Z", MICROS - 730 * 86_400_000_000 - 500_000, 0),
        (-5, RECEIVED, Flag.TIME_MALFORMED),
    ],
)
def test_a_time_that_cannot_be_right_is_the_receipt_and_is_flagged(given, expected, flag):
    frame = one(changed("plain", time=given))
    assert abs(frame.time - expected) <= 1
    assert frame.flags == flag


def test_the_next_time_that_can_be_right_is_taken():
    frame = one(changed("chirpstack4", time="1980-01-06T00:00:18Z"))
    assert frame.time == MICROS + 200_000
    assert frame.flags == 0


def test_what_a_relay_wrote_is_the_receipt_of_a_file_only():
    body = changed("plain", time=None, _timestamp=MICROS // 1000)
    (from_file,) = read(Message("plain", body, RECEIVED, "import", "f:1"), Encodings())
    assert (from_file.time, from_file.received) == (MICROS, MICROS)
    assert one(body).time == RECEIVED


# Hexadecimal or base64


def v3(text: str) -> bytes:
    return changed("chirpstack3", data=text)


def test_a_payload_that_fits_one_encoding_is_read_so():
    assert one(v3("0367ff0a04")).payload == PAYLOAD
    assert one(v3("A2f/CgQ=")).payload == PAYLOAD
    assert one(v3("A2f_CgQ=")).payload == PAYLOAD


def test_a_payload_that_fits_both_is_read_as_its_source_writes():
    as_base64, as_hex = one(v3("beef")), one(v3("beefbeefbeefbeef"))
    assert (as_base64.payload, as_base64.flags) == (base64.b64decode("beef"), Flag.ENCODING_ASSUMED)
    assert (as_hex.payload, as_hex.flags) == (bytes.fromhex("beefbeefbeefbeef"), Flag.ENCODING_ASSUMED)
    known = Encodings()
    one(v3("0367ff0a04"), known=known)
    assert (one(v3("beef"), known=known).payload, one(v3("beef"), known=known).flags) == (b"\xbe\xef", 0)
    known = Encodings()
    one(v3("A2f/CgQ="), known=known)
    told = one(v3("beefbeefbeefbeef"), known=known)
    assert (told.payload, told.flags) == (base64.b64decode("beefbeefbeefbeef"), 0)


def test_a_source_that_writes_both_tells_nothing():
    known = Encodings()
    for text in ("A2f/CgQ=", "0367ff0a04"):
        assert one(v3(text), known=known).payload == PAYLOAD
    assert one(v3("beef"), known=known).flags == Flag.ENCODING_ASSUMED


def test_what_a_source_writes_is_remembered(tmp_path):
    file = tmp_path / "frames" / "encodings.json"
    one(v3("0367ff0a04"), known=Encodings(file))
    assert one(v3("beef"), known=Encodings(file)).payload == b"\xbe\xef"
    file.write_text("{half")
    assert one(v3("beef"), known=Encodings(file)).flags == Flag.ENCODING_ASSUMED


def test_two_processes_keep_what_each_learnt(tmp_path):
    file = tmp_path / "encodings.json"
    first, second = Encodings(file), Encodings(file)
    first.note("a", "0367ff0a04")
    second.note("b", "A2f/CgQ=")
    assert (Encodings(file).of("a"), Encodings(file).of("b")) == ("hex", "base64")


def test_sources_are_alike_whatever_the_device():
    known = Encodings()
    topic = "application/3/device/{}/event/up"
    for eui, text in (("70b3d5e75e0042a7", "0367ff0a04"), ("70b3d5e75e0042a8", "beef")):
        (frame,) = read(Message("chirpstack3", v3(text), RECEIVED, "mqtt", topic.format(eui)), known)
    assert frame.payload == b"\xbe\xef"


@given(st.binary(min_size=1, max_size=60))
def test_a_payload_comes_back_from_either_encoding(payload):
    in_base64 = base64.b64encode(payload).decode()
    assert encodings.decoded(in_base64, ("base64",), Encodings(), "")[0] == payload
    assert encodings.decoded(payload.hex(), ("hex",), Encodings(), "")[0] == payload
    assert encodings.fitting(in_base64) in ("base64", "both")
    assert encodings.fitting(payload.hex()) in ("hex", "both")


@pytest.mark.parametrize(
    "text", ["70B3D5E75E0042A7", "70-b3-d5-e7-5e-00-42-a7", "70:B3:D5:E7:5E:00:42:A7", "cLPV514AQqc="]
)
def test_identifiers_in_hexadecimal_or_base64(text):
    assert encodings.eui(text) == EUI


# Whatever comes

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def check(body: bytes, name: str) -> None:
    reason, frames = "", []
    try:
        frames = read(Message(name, body, RECEIVED, "webhook", "key"), Encodings())
    except Unreadable as refused:
        reason = refused.reason
    assert bool(frames) != (reason in REASONS)
    for frame in frames:
        assert frame.address
        assert times.EARLIEST <= frame.time <= RECEIVED + times.AHEAD_US
        assert (frame.time == RECEIVED) or not frame.flags & UNTIMED
        assert frame.counter is None or 0 <= frame.counter < 1 << 32
        assert frame.port is None or 0 <= frame.port <= 255


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body):
    check(body, "")
    check(body, "plain")


@given(st.sampled_from(sorted(UPLINKS)), st.data())
def test_any_value_anywhere_is_read_or_refused(name, data):
    sample = json.loads(content(UPLINKS[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        place = sample
        while True:
            key = data.draw(st.sampled_from(sorted(place)))
            if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
                break
            place = place[key]
        place[key] = data.draw(trees)
    check(json.dumps(sample).encode(), name)
    check(json.dumps(sample).encode(), "")


@given(st.sampled_from(sorted(UPLINKS)), st.data())
def test_damaged_messages_are_read_or_refused(name, data):
    body = bytearray(content(UPLINKS[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(body), name)
