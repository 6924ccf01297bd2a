"""A disk that is full, a file that is locked, a door that was killed: told with 503, nothing half kept or lost."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests.gate.test_webhooks import DEVICE, bearer, post, uplink
from tests.installation import Installation

HELD = """
from mitoyen.connect.devices.models import Quarantined
from mitoyen.connect.uplinks import keeping
print(sum(map(len, keeping.kept())), Quarantined.objects.count())
"""


@contextmanager
def mounted(folder):
    """A file system of its own there, of a few megabytes."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own can't be mounted here (needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    file = folder / "filler"
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 4096)
        except OSError:
            return file


def values(installation, day):
    out = installation.json("read", "salle/temperature", "--from", day, "--to", day)
    return [row["value"] for row in out["values"]]


def ready(home):
    installation = Installation(home)
    installation.run("init")
    installation.python(DEVICE)
    return installation, installation.run("gate-key", "network", "--may", "uplinks").stdout.strip()


@pytest.fixture(scope="module")
def on_a_small_disk(tmp_path_factory):
    with mounted(tmp_path_factory.mktemp("trouble") / "small") as small:
        yield ready(small)


def test_a_full_disk_is_told_with_503_and_nothing_is_half_kept(on_a_small_disk):
    installation, key = on_a_small_disk
    with installation.serving("gate") as (_process, _door, address):
        assert post(address, "/v1/uplinks/chirpstack4", uplink(1), bearer(key))[0] == 200
        filler = fill(installation.home)
        # Of another day, so that it wants a file of its own.
        refused = {**uplink(2, 33.0), "time": "2026-05-02T10:00:00Z"}
        for body in (refused, b"{"):
            status, content, headers = post(address, "/v1/uplinks/chirpstack4", body, bearer(key))
            assert (status, headers["Retry-After"]) == (503, "30")
            assert "disk" in content["error"], content
        filler.unlink()
        assert installation.python(HELD).split() == ["1", "0"]
        status, content, _headers = post(address, "/v1/uplinks/chirpstack4", refused, bearer(key))
        assert (status, content) == (200, {"outcome": "frame"})
        assert post(address, "/v1/uplinks/chirpstack4", refused, bearer(key))[1] == {"outcome": "duplicate"}
    assert values(installation, "2026-05-02") == [33.0]


def test_what_a_killed_door_kept_is_in_the_journal_once_the_next_one_answers(on_a_small_disk):
    installation, key = on_a_small_disk
    with installation.serving("gate") as (_process, _door, address):
        assert post(address, "/v1/uplinks/chirpstack4", uplink(1), bearer(key))[0] == 200
    with installation.serving("gate", MITOYEN_KILL_AT="frames_durable") as (process, _door, address):
        with pytest.raises(OSError, match=r"closed|reset|aborted"):
            post(address, "/v1/uplinks/chirpstack4", uplink(3, 21.5), bearer(key))
        installation.kill_children(process)
    assert 21.5 not in values(installation, "2026-05-01")
    with installation.serving("gate"):
        assert 21.5 in values(installation, "2026-05-01")


@pytest.mark.long
@pytest.mark.parametrize("name", ["journal.sqlite3", "frames/2026-05-01.sqlite3", "state.sqlite3"])
def test_a_locked_database_is_told_with_503_and_what_came_is_kept_once(tmp_path, name):
    installation, key = ready(tmp_path / "home")
    lock = f"""
import sqlite3, sys, time
held = sqlite3.connect({str(installation.home / name)!r}, isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
    with installation.serving("gate") as (_process, _door, address):
        assert post(address, "/v1/uplinks/chirpstack4", uplink(1), bearer(key))[0] == 200
        time.sleep(61 if name == "state.sqlite3" else 0)  # Then a batch has to be opened there.
        with subprocess.Popen(
            [sys.executable, "-c", lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None and holder.stdin is not None  # noqa: PT018 (for the types)
            assert holder.stdout.readline() == "locked\n"
            status, content, headers = post(address, "/v1/uplinks/chirpstack4", uplink(2, 33.0), bearer(key))
            holder.stdin.close()
        assert (status, headers["Retry-After"]) == (503, "30"), content
        for _turn in range(2):
            assert post(address, "/v1/uplinks/chirpstack4", uplink(2, 33.0), bearer(key))[0] == 200
            assert values(installation, "2026-05-01") == [20.0, 33.0]
    assert installation.python(HELD).split() == ["2", "0"]
