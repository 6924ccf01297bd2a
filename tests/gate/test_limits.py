"""What a key may do: each way in tried in both senses, with keys that are limited to what their sender needs."""

import hashlib
import json
import urllib.error
import urllib.request

import pytest

from mitoyen.gate import issuing
from mitoyen.ledger.refusal import Refused
from tests.connect.uplinks.samples import EUI
from tests.gate.test_gate import THING, reading, send
from tests.gate.test_webhooks import DEVICE, bearer, post, uplink
from tests.installation import Installation

OTHERS = """
from mitoyen.connect.devices.models import DeviceModel, Registration
from mitoyen.territory.models import Commune, Deployment, Device, Thing
from mitoyen.history.models import Datastream
from datetime import UTC, datetime
elsewhere = Commune.objects.create(insee="49353", name="Trélazé", slug="trelaze", longitude=-0.5, latitude=47.4)
other = DeviceModel.objects.create(slug="maker-th2", name="TH2")
far = Thing.objects.create(slug="far", name="Far", kind="room", commune=elsewhere)
start = datetime(2020, 1, 1, tzinfo=UTC)
for address, model, thing in (
    ("70b3d5e75e0042b1", other, Thing.objects.get(slug="salle")),
    ("70b3d5e75e0042b2", DeviceModel.objects.get(slug="maker-th1"), far),
    ("70b3d5e75e0042b3", DeviceModel.objects.get(slug="maker-th1"), None),
):
    device = Device.objects.create(serial=address)
    Registration.objects.create(device=device, address=address, model=model)
    if thing is not None:
        Deployment.objects.create(device=device, thing=thing, observed_property="humidity", starts=start)
Datastream.objects.create(thing=far, observed_property="electricity", unit="kWh", kind="delta")
Thing.objects.filter(slug="hall").update(commune="49028")
"""
OTHER_MODEL, OTHER_COMMUNE, NOWHERE, STRANGER = (f"70b3d5e75e0042b{number}" for number in range(1, 5))
KEYS = {
    "all": ("--may", "all"),
    "observations": ("--may", "observations"),
    "uplinks": ("--may", "uplinks"),
    "read": ("--may", "read"),
    "format": ("--may", "uplinks", "--format", "chirpstack4"),
    "model": ("--may", "uplinks", "--model", "maker-th1"),
    "commune": ("--may", "all", "--commune", "Béhuard"),
}
BEFORE = "a key of before"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("limits") / "home")
    installation.run("init")
    installation.python(DEVICE + THING + OTHERS)
    made = """
from mitoyen.gate import issuing
from mitoyen.gate.limits import RIGHTS
import json
keys = {}
for name, options in %r.items():
    given = {"--may": [], "--format": [], "--model": [], "--commune": []}
    for option, value in zip(options[::2], options[1::2]):
        given[option] += RIGHTS if value == "all" else [value]
    keys[name] = issuing.issue(name, "tests", may=given["--may"], formats=given["--format"], models=given["--model"],
                               communes=given["--commune"])
print(json.dumps(keys))
"""
    keys = json.loads(installation.python(made % KEYS))
    with (installation.home / "gate.keys").open("a") as file:
        file.write(f"before {hashlib.sha256(BEFORE.encode()).hexdigest()}\n")
    keys["before"] = BEFORE
    with installation.serving("gate") as (_process, _door, address):
        yield installation, address, keys


def of_device(address, counter, form="chirpstack4"):
    body = uplink(counter)
    return f"/v1/uplinks/{form}".rstrip("/"), {**body, "deviceInfo": {**body["deviceInfo"], "devEui": address}}


def answer_of(address, key, what):
    """Status and answer of one of the requests there are."""
    if what.startswith("observe "):
        return send(address, [reading(60, 1.5, datastream=f"{what.split()[1]}/electricity")], key)
    if what.startswith("read "):
        request = urllib.request.Request(f"{address}/v1/datastreams/{what.split()[1]}", headers=bearer(key))
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
    _uplink, device, form = what.split(" ")
    path, body = of_device(device, 7, form)
    return post(address, path, body, bearer(key))[:2]


OURS = f"uplink {EUI} chirpstack4"


@pytest.mark.parametrize(
    ("name", "may", "may_not"),
    [
        ("before", ["observe hall", OURS, f"uplink {STRANGER} ", "read hall/electricity"], []),
        ("all", ["observe hall", "observe far", OURS, f"uplink {STRANGER} ", "read hall/electricity"], []),
        ("observations", ["observe hall", "observe far"], [OURS, "read hall/electricity"]),
        ("uplinks", [OURS, f"uplink {STRANGER} ", f"uplink {NOWHERE} "], ["observe hall", "read hall/electricity"]),
        ("read", ["read hall/electricity", "read far/electricity"], ["observe hall", OURS]),
        ("format", [OURS, f"uplink {STRANGER} chirpstack4"], [f"uplink {EUI} ", f"uplink {EUI} plain"]),
        (
            "model",
            [OURS, f"uplink {OTHER_COMMUNE} chirpstack4", f"uplink {NOWHERE} "],
            [f"uplink {OTHER_MODEL} chirpstack4", f"uplink {STRANGER} chirpstack4", "observe hall"],
        ),
        (
            "commune",
            [OURS, f"uplink {OTHER_MODEL} ", "observe hall", "read hall/electricity"],
            [
                f"uplink {OTHER_COMMUNE} ", f"uplink {NOWHERE} ", f"uplink {STRANGER} ", "observe far",
                "read far/electricity", "observe unknown",
            ],
        ),
    ],
)  # fmt: skip
def test_a_key_does_what_it_may_and_nothing_else(door, name, may, may_not):
    _installation, address, keys = door
    for what in may:
        status, content = answer_of(address, keys[name], what)
        assert status == 200, (what, content)
    for what in may_not:
        status, content = answer_of(address, keys[name], what)
        assert status == 403, (what, content)
        assert any(step in content["error"] for step in ("--may", "--format", "--model", "--commune", "register")), what


def test_what_is_refused_is_not_kept_and_stops_nobody(door):
    installation, address, keys = door
    path, body = of_device(OTHER_COMMUNE, 4000)
    assert post(address, path, body, bearer(keys["commune"]))[0] == 403
    # Nor in a list of which another one can't be read.
    assert post(address, path, [{"deviceInfo": {"devEui": "zz"}}, body], bearer(keys["commune"]))[0] == 403
    # Nor where it can't be read itself: it would be once that is mended.
    assert post(address, path, {**body, "data": "?"}, bearer(keys["commune"]))[0] == 403
    # What names no device goes to quarantine, whoever sent it.
    assert post(address, path, b"{", bearer(keys["commune"]))[0] == 202
    kept = (
        "from mitoyen.connect.uplinks import keeping\n"
        "print(sum(one.counter == 4000 for some in keeping.kept() for one in some))"
    )
    assert installation.python(kept) == "0\n"


def test_a_sender_asks_until_when_a_datastream_is_known(door):
    _installation, address, keys = door
    send(address, [reading(60, 1.5), reading(120, 2.5), reading(-60, 0.5)], keys["all"])
    assert answer_of(address, keys["read"], "read hall/electricity") == (
        200,
        {
            "datastream": "hall/electricity", "unit": "kWh", "kind": "delta",
            "first": "2026-01-30T23:00:00.000000Z", "last": "2026-01-31T02:00:00.000000Z",
        },
    )  # fmt: skip
    status, content = answer_of(address, keys["read"], "read hall/nothing")
    assert (status, "hall/nothing" in content["error"]) == (404, True)


def test_keys_are_asked_for_their_limits_listed_and_taken_out(door):
    installation, address, _keys = door
    said = installation.run("gate-key", "silent", expect=2, MITOYEN_LANGUAGE="en").stderr
    assert "--may" in said
    key = installation.run("gate-key", "brief", "--may", "observations", "--commune", "49028").stdout.strip()
    assert answer_of(address, key, "observe hall")[0] == 200
    assert "brief: observations --commune 49028" in installation.run("gate-key", "--list").stdout
    installation.run("gate-key", "brief", "--revoke")
    assert answer_of(address, key, "observe hall")[0] == 401


def test_a_line_that_says_what_nobody_knows_opens_nothing(door):
    installation, address, _keys = door
    for number, said in enumerate(('{"may":["fly"]}', "{}", '{"may":["read"],"moon":["x"]}', "x")):
        key = f"odd {number}"
        with (installation.home / "gate.keys").open("a") as file:
            file.write(f"odd {hashlib.sha256(key.encode()).hexdigest()} {said}\n")
        assert answer_of(address, key, "read hall/electricity")[0] == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"may": ["fly"]}, {"may": []}, {"may": ["read"], "models": ["maker-th1"]},
        {"may": ["uplinks"], "formats": ["x"]}, {"may": ["uplinks"], "models": ["x"]},
        {"may": ["uplinks"], "communes": ["Paris"]},
    ],
)  # fmt: skip
def test_limits_that_mean_nothing_make_no_key(home, wrong):
    with pytest.raises(Refused):
        issuing.issue("name", "tests", **wrong)
    with pytest.raises(Refused):
        issuing.issue("a name", "tests", may=["read"])
    with pytest.raises(Refused):
        issuing.revoke("name", "tests")
    assert issuing.listed() == []
