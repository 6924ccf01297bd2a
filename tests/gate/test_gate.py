"""The machines' door, over HTTP, on a real installation."""

import json
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import pytest

from tests.installation import Installation

THING = """
from mitoyen.territory.models import Thing
from mitoyen.history.models import Datastream
thing = Thing.objects.create(slug="hall", name="Hall", kind="building")
Datastream.objects.create(thing=thing, observed_property="electricity", unit="kWh", kind="delta")
"""


def send(address, body, key="", path="/v1/observations"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def reading(minutes, value, **more):
    time = datetime(2026, 1, 31, tzinfo=UTC) + timedelta(minutes=minutes)
    return {"datastream": "hall/electricity", "time": time.isoformat(), "value": value, "length": 3600, **more}


@contextmanager
def opened(home):
    installation = Installation(home)
    installation.run("init")
    installation.python(THING)
    key = installation.run("gate-key", "supplier", "--may", "observations").stdout.strip()
    with installation.serving("gate") as (process, _door, address):
        yield installation, process, address, key


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("gate") / "home") as parts:
        yield parts


def test_a_reading_acknowledged_is_read_back_and_sending_it_again_changes_nothing(door):
    installation, _process, address, key = door
    readings = [reading(60 * i, i / 10) for i in range(1, 25)]
    assert send(address, readings, key) == (200, {"accepted": 24, "duplicates": 0, "conflicts": 0})
    assert send(address, readings[:5], key) == (200, {"accepted": 0, "duplicates": 5, "conflicts": 0})
    assert send(address, [reading(60, 99.0)], key) == (200, {"accepted": 0, "duplicates": 0, "conflicts": 1})
    out = installation.json("read", "hall/electricity", "--from", "2026-01-31", "--to", "2026-02-01")
    assert [row["value"] for row in out["values"]] == [i / 10 for i in range(1, 25)]


def test_what_was_acknowledged_outlives_a_kill(tmp_path):
    with opened(tmp_path / "home") as (installation, process, address, key):
        send(address, [reading(60, 1.5)], key)
        process.kill()
    out = installation.json("read", "hall/electricity", "--from", "2026-01-31", "--to", "2026-01-31")
    assert [row["value"] for row in out["values"]] == [1.5]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "JSON"),
        (b"[" * 100_000, 400, "JSON"),
        (b'[{"datastream": "hall/electricity", "time": "2026-01-31T00:00:00Z", "value": NaN}]', 400, "JSON"),
        (b'[{"datastream": "hall/electricity", "time": "2026-01-31T00:00:00Z", "value": 1e999}]', 400, ""),
        ([reading(0, 1.0, surprise=1)], 400, "surprise"),
        ([reading(0, 1.0), reading(60, 1.0, time="2026-01-31T10:00:00")], 400, "Observation 1: its time has no offset"),
        ([reading(0, 1.0, time="1900-01-01T00:00:00Z")], 400, "Observation 0: its time"),
        ([reading(0, 1.0, time="2100-01-01T00:00:00Z")], 400, "Observation 0: its time"),
        ([reading(0, 1.0, length=-1)], 400, "Observation 0: its length"),
        ([reading(0, 1.0, datastream="hall/gas' OR 1=1")], 400, "not a known datastream"),
    ],
)
def test_bad_messages_are_refused_whole_with_the_place_and_the_reason(door, body, status, words):
    _installation, _process, address, key = door
    got, content = send(address, body, key)
    assert (got, content["taken"], words in content["error"]) == (status, 0, True), content


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(door):
    _installation, _process, address, key = door
    connection = HTTPConnection(address.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/v1/observations")
    connection.putheader("Authorization", f"Bearer {key}")
    connection.putheader("Content-Length", str(11 * 1024 * 1024))
    connection.endheaders()
    with closing(connection), connection.getresponse() as answer:
        assert answer.status == 413


def test_only_known_keys_are_let_in_and_keys_are_not_kept(door):
    installation, _process, address, _key = door
    key = installation.run("gate-key", "another", "--may", "observations").stdout.strip()
    assert send(address, [reading(60, 1.0)], "")[0] == 401
    assert send(address, [reading(60, 1.0)], key + "x")[0] == 401
    kept = installation.home / "gate.keys"
    assert key not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_text("".join(line for line in kept.read_text().splitlines(True) if not line.startswith("another ")))
    assert send(address, [reading(60, 1.0)], key)[0] == 401


def test_other_addresses_say_what_there_is(door):
    _installation, _process, address, _key = door
    assert send(address, [], path="/nothing")[0] == 404
    assert send(address, [], path="/health")[0] == 405
