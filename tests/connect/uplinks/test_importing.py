"""Files of messages: the real one with the right answers of its README, and small ones with every trap."""

import gzip
import json

import pytest

from mitoyen.connect.devices.models import Quarantined
from mitoyen.connect.uplinks import days, importing, keeping
from mitoyen.history.models import Batch
from mitoyen.ledger.refusal import Refused
from tests.connect.uplinks.conftest import NOON, SECOND, message, stored
from tests.connect.uplinks.samples import UPLINKS, changed, content

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.django_db]


@pytest.fixture
def real(real_data):
    return real_data / "iot" / "campusiot-sainteynard-chirpstack3.ndjson.gz"


def test_the_grenoble_uplinks(real, site):
    site.registration.address = "d1d1e80000000032"
    site.registration.save()
    site.field("pressure", unit="hPa")
    site.deploy("pressure")
    first = importing.run(real, "chirpstack3").to_json()
    counted = {"messages": 9786, "status_only": 368, "gaps": 2609, "missed": 4369, "quarantined": 0, "devices": 1}
    assert {name: first[name] for name in counted} == counted
    # One frame came twice, ten milliseconds apart.
    assert (first["frames"], first["duplicates"], first["decoded"], first["unknown_device"]) == (9417, 1, 9417, 0)
    assert first["payload_encoding"] == "hex"
    assert first["payload_evidence"] == {"hex_only": 1546, "base64_only": 0, "either": 7872}
    assert first["flags"] == {"time_missing": 7304, "status": 368}
    assert first["observations"]["accepted"] == len(stored()) == 2 * 6138
    assert first["observations"]["conflicts"] == 0
    batch = Batch.objects.get(pk=first["batch"])
    assert (batch.source, batch.by, batch.state) == (real.name, "mitoyen uplinks", "live")
    (one,) = keeping.kept(first=1_687_511_428_000_000, last=1_687_511_429_000_000)
    assert one[0].payload.hex().startswith("50270c048b920a000f04")
    again = importing.run(real).to_json()
    assert (again["format"], again["format_recognised"], again["duplicates"]) == ("chirpstack3", True, 9786)
    assert (again["frames"], again["observations"]["accepted"], again["batch"]) == (0, 0, None)
    assert len(stored()) == 2 * 6138


def test_a_dry_run_says_the_same_and_writes_nothing(real, home):
    report = importing.run(real, "chirpstack3", dry_run=True).to_json()
    assert (report["frames"], report["duplicates"], report["decoded"], report["gaps"]) == (9417, 1, 9417, 2609)
    assert (report["unknown_device"], report["unknown_devices"]) == (9785, ["d1d1e80000000032"])
    assert days.files() == []
    assert not (home / "journal.sqlite3").exists()


def test_each_fault_is_told_with_its_line(site, tmp_path):
    file = tmp_path / "messages.ndjson"
    good = [message(n, NOON + n * 60 * SECOND).content for n in range(3)]
    file.write_bytes(b"\n".join([good[0], b'{"device":"x","device":"y"}', b"", good[1], b"{", good[2]]))
    report = importing.run(file, "plain").to_json()
    assert (report["messages"], report["frames"], report["quarantined"]) == (5, 3, 2)
    assert report["quarantined_reasons"] == {"duplicate_key": 1, "not_json": 1}
    assert [(one["line"], one["reason"]) for one in report["quarantined_examples"]] == [
        (2, "duplicate_key"),
        (4, "not_json"),
    ]
    assert Quarantined.objects.count() == 2
    assert len(stored()) == 3


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_or_a_single_message_over_several_lines(site, tmp_path, indent):
    file = tmp_path / "messages.json"
    file.write_text(json.dumps([UPLINKS["thethings3"], UPLINKS["thethings3"]], indent=indent))
    assert importing.run(file).to_json()["frames"] == 1
    file.write_text(json.dumps(UPLINKS["loriot"], indent=indent))
    assert importing.run(file).to_json()["format"] == "loriot"


def test_a_packed_file_and_a_damaged_one(tmp_path):
    file = tmp_path / "messages.gz"
    file.write_bytes(gzip.compress(content(UPLINKS["wanesy"])))
    assert importing.run(file).to_json()["frames"] == 1
    file.write_bytes(gzip.compress(content(UPLINKS["wanesy"]) * 9)[:-12])
    with pytest.raises(Refused) as refused:
        importing.run(file)
    assert refused.value.code == "damaged"


def test_a_format_that_is_not_clear_is_asked_for(tmp_path):
    file = tmp_path / "messages.ndjson"
    file.write_bytes(content({"a": 1}))
    with pytest.raises(Refused) as refused:
        importing.run(file)
    assert refused.value.code == "format"
    file.write_bytes(content(UPLINKS["loriot"]) + b"\n" + content(UPLINKS["wanesy"]))
    with pytest.raises(Refused):
        importing.run(file)


def test_an_encoding_is_told_by_the_whole_file(tmp_path):
    """The first payload could be either; a later one says which."""
    file = tmp_path / "messages.ndjson"
    file.write_bytes(changed("chirpstack3", data="beef") + b"\n" + changed("chirpstack3", data="0367ff0a04", fCnt=42))
    report = importing.run(file).to_json()
    assert (report["payload_encoding"], report["flags"]) == ("hex", {})
    assert {one.payload.hex() for some in keeping.kept() for one in some} == {"beef", "0367ff0a04"}


def test_the_command_answers_for_scripts(shared_installation, tmp_path):
    installation = shared_installation
    file = tmp_path / "messages.ndjson"
    file.write_bytes(content(UPLINKS["thingpark"]))
    report = installation.json("uplinks", "import", file)
    keys = {"messages", "frames", "duplicates", "status_only", "quarantined", "decoded", "gaps"}
    assert keys <= report.keys()
    assert (report["messages"], report["frames"]) == (1, 1)
    assert "1 message" in installation.run("uplinks", "import", file, "--dry-run", MITOYEN_LANGUAGE="en").stdout
    assert len(installation.json("uplinks", "formats")) == 9
