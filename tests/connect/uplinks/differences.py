"""What network servers and devices are known to send differently, for each door: what becomes of it.

Times are minutes after START; NOW stands for the time of receipt. Readings are of the field `temperature`.
"""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from tests.connect.uplinks.samples import EUI, PAYLOAD, UPLINKS

START = datetime(2026, 5, 1, tzinfo=UTC)
NOW = -1


class Sent(NamedTuple):
    """A message: what the door says of it, and the readings (minute, value) that come of it."""

    name: str
    format: str
    content: bytes
    outcome: str = "frame"
    readings: tuple[tuple[int, float], ...] = ()


def at(minute: int, seconds: int = 0) -> datetime:
    return START + timedelta(minutes=minute, seconds=seconds)


def plain(counter: int | str | None, time: object, value: object, **more: object) -> bytes:
    body = {"device": EUI, "port": 2, "counter": counter, "time": time, "data": {"temperature": value}, **more}
    return json.dumps({name: one for name, one in body.items() if one is not None}).encode()


def chirp(counter: int, minute: int, value: float, seconds: int = 0, **more: object) -> bytes:
    body = {
        **UPLINKS["chirpstack4"], "fCnt": counter, "time": at(minute, seconds).isoformat(),
        "object": {"temperature": value}, **more,
    }  # fmt: skip
    return json.dumps({name: one for name, one in body.items() if one is not None}).encode()


def text(body: str) -> bytes:
    return body.replace("EUI", EUI).encode()


def sent() -> list[Sent]:
    """In the order in which they are to come."""
    millis = int(at(2).timestamp()) * 1000
    paris = at(3).astimezone(timezone(timedelta(hours=2))).isoformat()
    eui64 = base64.b64encode(bytes.fromhex(EUI)).decode()
    three = {**UPLINKS["chirpstack3"], "devEUI": eui64, "fCnt": 300, "objectJSON": '{"temperature": 30}'}
    three["rxInfo"] = [{**three["rxInfo"][0], "time": at(30).isoformat()}]
    hexa = {**three, "fCnt": 301, "objectJSON": '{"temperature": 31}', "data": PAYLOAD.hex()}
    hexa["rxInfo"] = [{**three["rxInfo"][0], "time": at(31).isoformat()}]
    dashes = "-".join(EUI[place : place + 2] for place in range(0, 16, 2)).upper()
    return [
        # Identifiers and payloads.
        Sent("identifier in base64", "chirpstack3", json.dumps(three).encode(), "frame", ((30, 30.0),)),
        Sent("payload in hexadecimal", "chirpstack3", json.dumps(hexa).encode(), "frame", ((31, 31.0),)),
        Sent("identifier with dashes", "plain", plain(1, at(1).isoformat(), 1, device=dashes), "frame", ((1, 1.0),)),
        # Times.
        Sent("milliseconds since 1970", "plain", plain(2, millis, 2), "frame", ((2, 2.0),)),
        Sent("a local offset", "plain", plain(3, paris, 3), "frame", ((3, 3.0),)),
        Sent("no time", "plain", plain(4, None, 4), "frame", ((NOW, 4.0),)),
        Sent("a malformed time", "plain", plain(5, "28/05/2026 20h26", 5), "frame", ((NOW, 5.0),)),
        Sent("a clock in 1980", "plain", plain(6, "1980-01-06T00:00:00Z", 6), "frame", ((NOW, 6.0),)),
        Sent("a clock in 2036", "plain", plain(7, "2036-02-07T06:28:16Z", 7), "frame", ((NOW, 7.0),)),
        # Zeros left out, texts for numbers.
        Sent("zeros left out", "chirpstack4", chirp(0, 8, 8.0, fCnt=None, fPort=None), "frame"),
        Sent("a counter left out", "chirpstack4", chirp(0, 9, 9.0, fCnt=None), "frame", ((9, 9.0),)),
        Sent("numbers as texts", "plain", plain("10", at(10).isoformat(), "10.5", port="2"), "frame", ((10, 10.5),)),
        # Repetitions.
        Sent("a frame", "chirpstack4", chirp(65535, 11, 11.0), "frame", ((11, 11.0),)),
        Sent(
            "the same through another gateway", "chirpstack4",
            chirp(65535, 11, 11.0, rxInfo=[{"gatewayId": "7276ff0039030a12", "rssi": -60, "snr": 9}]), "duplicate",
        ),
        Sent("the same 48 seconds later", "chirpstack4", chirp(65535, 11, 11.0, seconds=48), "duplicate"),
        Sent("the counter starts over", "chirpstack4", chirp(0, 21, 12.0), "frame", ((21, 12.0),)),
        Sent("the counter begins anew", "chirpstack4", chirp(1, 22, 13.0), "frame", ((22, 13.0),)),
        Sent("the counter begins anew again", "chirpstack4", chirp(0, 33, 14.0), "frame", ((33, 14.0),)),
        # Health only.
        Sent("port 0", "chirpstack4", chirp(40, 40, 40.0, fPort=0), "frame"),
        Sent("an empty payload", "chirpstack4", chirp(41, 41, 41.0, data="", object=None), "frame"),
        # A field that is no number.
        Sent(
            "NaN", "plain",
            text('{"device":"EUI","counter":42,"time":"2026-05-01T00:42:00Z","data":{"other":NaN,"temperature":42}}'),
            "frame", ((42, 42.0),),
        ),
        Sent(
            "NaN in the field", "plain",
            text('{"device":"EUI","counter":43,"time":"2026-05-01T00:43:00Z","data":{"other":1,"temperature":NaN}}'),
        ),
        Sent(
            "a number that is too large", "plain",
            text('{"device":"EUI","counter":44,"time":"2026-05-01T00:44:00Z","data":{"temperature":1e999}}'),
        ),
        # What can't be read.
        Sent("nothing", "plain", b"", "empty"),
        Sent("a duplicate key", "plain", text('{"device":"EUI","data":{"temperature":1,"temperature":2}}'),
             "duplicate_key"),
        Sent("a lone surrogate", "plain", text('{"device":"EUI","data":{"temperature":1,"x":"\\ud800"}}'),
             "surrogate"),
        Sent("100,000 brackets", "plain", b"[" * 100_000, "too_deep"),
        Sent("100,000 objects", "plain", b'{"a":' * 100_000, "too_deep"),
        Sent("5,000 digits", "plain", text('{"device":"EUI","data":{"temperature":' + "9" * 5000 + "}}"),
             "number_too_long"),
        Sent("NUL", "plain", text('{"device":"EUI","data":{"temperature":1,"x":"\0"}}'), "nul"),
        Sent("NUL, escaped", "plain", text('{"device":"EUI","data":{"temperature":1,"x":"\\u0000"}}'), "nul"),
        Sent("Latin-1", "plain", '{"device":"école","data":{"temperature":1}}'.encode("latin-1"), "not_utf8"),
        Sent("no JSON", "plain", b"temperature=1", "not_json"),
        Sent("no device", "chirpstack4", b'{"deviceInfo":{"devEui":"zz"},"data":"AQ=="}', "address"),
        # After all of them.
        Sent("a late one", "plain", plain(50, "2026-04-30T22:00:00Z", -2), "frame", ((-120, -2.0),)),
        Sent("a last one", "plain", plain(51, at(51).isoformat(), 51), "frame", ((51, 51.0),)),
    ]  # fmt: skip


def expected() -> list[tuple[int, float]]:
    """Readings with a time of their own, in order; those of the time of receipt come last, by value."""
    of_all = [reading for one in sent() for reading in one.readings]
    timed = sorted(one for one in of_all if one[0] != NOW)
    return timed + sorted(one for one in of_all if one[0] == NOW)


def shown(micros: list[int], values: list[float]) -> list[tuple[int, float]]:
    """As `expected`, of the journal's rows."""
    start = int(START.timestamp()) * 1_000_000
    found = [((time - start) // 60_000_000, value) for time, value in zip(micros, values, strict=True)]
    recent = 60 * 24 * 30
    return sorted(one for one in found if one[0] < recent) + sorted((NOW, one[1]) for one in found if one[0] >= recent)
