"""Uplinks by webhook, over HTTP, on a real installation."""

import base64
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.connect.uplinks.samples import EUI, UPLINKS
from tests.installation import Installation

DEVICE = f"""
from datetime import UTC, datetime
from mitoyen.connect.devices.models import DeviceModel, Field, Registration
from mitoyen.territory.models import Commune, Deployment, Device, Thing
commune = Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)
thing = Thing.objects.create(slug="salle", name="Salle", kind="room", commune=commune)
model = DeviceModel.objects.create(slug="maker-th1", maker="Maker", name="TH1")
device = Device.objects.create(serial="{EUI}")
Registration.objects.create(device=device, address="{EUI}", model=model)
Field.objects.create(
    model=model, path="temperature", observed_property="temperature", unit="Cel", confirmed_by="camille"
)
Deployment.objects.create(
    device=device, thing=thing, observed_property="temperature", starts=datetime(2020, 1, 1, tzinfo=UTC)
)
"""


def post(address, path, body, headers):
    """Status, content and headers of the answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def uplink(counter, value=20.0):
    at = f"2026-05-01T{counter // 60:02}:{counter % 60:02}:00Z"
    return {**UPLINKS["chirpstack4"], "fCnt": counter, "time": at, "object": {"temperature": value}}


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("webhooks") / "home")
    installation.run("init")
    installation.python(DEVICE)
    key = installation.run("gate-key", "network", "--may", "uplinks").stdout.strip()
    with installation.serving("gate") as (_process, _door, address):
        yield installation, address, key


def test_an_uplink_is_in_the_journal_when_it_is_answered_and_counts_once(door):
    installation, address, key = door
    for expected in ("frame", "duplicate"):
        status, content, _headers = post(address, "/v1/uplinks/chirpstack4", uplink(1, 21.5), bearer(key))
        assert (status, content) == (200, {"outcome": expected})
    status, content, _headers = post(address, "/v1/uplinks", uplink(2, 22.5), bearer(key))
    assert (status, content) == (200, {"outcome": "frame"}), "the format is recognised"
    out = installation.json("read", "salle/temperature", "--from", "2026-05-01", "--to", "2026-05-01")
    assert [row["value"] for row in out["values"]] == [21.5, 22.5]


def test_many_at_once_are_each_answered_for_themselves(door):
    _installation, address, key = door
    bodies = [uplink(100 + i) if i % 3 else b"{" for i in range(60)]
    with ThreadPoolExecutor(20) as senders:
        answers = list(senders.map(lambda body: post(address, "/v1/uplinks/chirpstack4", body, bearer(key)), bodies))
    assert [status for status, _content, _headers in answers] == [200 if i % 3 else 202 for i in range(60)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"), (b"\xff", "not_utf8"), (b"[" * 100_000, "too_deep"), (b"{}", "address"),
        (b'{"a": 1, "a": 2}', "duplicate_key"), (b'{"deviceInfo": {"devEui": "zz"}}', "address"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_kept_with_its_reason_and_not_sent_again(door, body, reason):
    installation, address, key = door
    status, content, _headers = post(address, "/v1/uplinks/chirpstack4", body, bearer(key))
    assert (status, content["outcome"], content["reason"]) == (202, "quarantine", reason)
    assert content["says"] != reason
    kept = f"""
from mitoyen.connect.devices.models import Quarantined
print(Quarantined.objects.filter(reason={reason!r}, source="network", door="webhook").count())
"""
    assert int(installation.python(kept)) >= 1


def test_keys_come_in_the_ways_that_network_servers_know(door):
    _installation, address, key = door
    basic = base64.b64encode(f"network:{key}".encode()).decode()
    nobody = base64.b64encode(f":{key}".encode()).decode()
    other = base64.b64encode(f"another:{key}".encode()).decode()
    for headers, expected in (
        (bearer(key), 200),
        ({"Authorization": f"Basic {basic}"}, 200),
        ({"Authorization": f"Basic {nobody}"}, 200),
        ({"X-API-Key": key}, 200),
        ({"Authorization": f"Basic {other}"}, 401),
        ({"Authorization": "Basic !"}, 401),
        ({"Authorization": "Bearer x", "X-API-Key": key}, 401),
        ({"X-API-Key": key + "x"}, 401),
        ({}, 401),
    ):
        assert post(address, "/v1/uplinks/chirpstack4", uplink(1), headers)[0] == expected, headers
    assert post(address, f"/v1/uplinks/chirpstack4?key={key}", uplink(1), {})[0] == 401, "never in the address"


def test_unknown_formats_and_large_bodies_are_refused(door):
    _installation, address, key = door
    status, content, _headers = post(address, "/v1/uplinks/chirpstack9", uplink(1), bearer(key))
    assert (status, "chirpstack9" in content["error"]) == (404, True)
    for size in (1024 * 1024 + 1, 8 * 1024 * 1024):
        assert post(address, "/v1/uplinks/chirpstack4", b" " * size, bearer(key))[0] == 413
    request = urllib.request.Request(address + "/v1/uplinks/chirpstack4")
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(request)
