"""Webhooks with the state and the journal in PostgreSQL: frames are taken, none is lost or counted twice."""

import random
import signal
import subprocess
import threading
import time

import pytest

from tests.gate.test_webhooks import DEVICE, bearer, post, uplink
from tests.resilience.test_postgresql import on_postgresql  # noqa: F401 - a fixture

pytestmark = pytest.mark.postgresql
COUNTS = """
from mitoyen.connect.devices.models import Quarantined
from mitoyen.connect.uplinks import keeping
print(sum(map(len, keeping.kept())), len(list(keeping.waiting())), Quarantined.objects.get().count)
"""


def send_on(address, key, first, acknowledged):
    """One a minute until the door is gone, each twice now and then; what was said yes to is noted."""
    counter = first
    while True:
        try:
            status, content, _headers = post(address, "/v1/uplinks/chirpstack4", uplink(counter, counter), bearer(key))
        except (OSError, ValueError):
            return
        assert status in (200, 503), content
        if status == 200:
            acknowledged.add(counter)
            counter += 1 if random.Random(counter).random() > 0.2 else 0
            if counter in acknowledged:
                counter += 1


def broken_off(folder):
    """As a server that is started again does to those who are connected to it."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'whole'"
    subprocess.run(
        ["psql", "-h", str(folder), "-U", "mitoyen", "postgres", "-qc", query], check=True, capture_output=True
    )


def test_uplinks_are_taken_once_through_kills_and_broken_links(on_postgresql, postgresql_folder):  # noqa: F811
    installation = on_postgresql
    installation.python(DEVICE)
    key = installation.run("gate-key", "network", "--may", "uplinks").stdout.strip()
    acknowledged: set[int] = set()
    for turn in range(2):
        with installation.serving("gate") as (process, _door, address):
            for expected in ("frame", "duplicate") if not turn else ("duplicate",):
                status, content, _headers = post(address, "/v1/uplinks", uplink(1, 1.0), bearer(key))
                assert (status, content) == (200, {"outcome": expected})
            assert post(address, "/v1/uplinks/plain", b'{"device":"\\u0000"}', bearer(key))[0] == 202
            acknowledged.add(1)
            sender = threading.Thread(target=send_on, args=(address, key, max(acknowledged) + 1, acknowledged))
            sender.start()
            time.sleep(0.5)
            broken_off(postgresql_folder)
            before = len(acknowledged)
            deadline = time.monotonic() + 20
            while len(acknowledged) < before + 5:
                assert time.monotonic() < deadline, "nothing comes in any more"
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            installation.kill_children(process)
            sender.join(30)
    with installation.serving("gate"):
        kept, waiting, quarantined = map(int, installation.python(COUNTS).split())
    out = installation.json("read", "salle/temperature", "--from", "2026-05-01", "--to", "2026-05-01")
    values = [row["value"] for row in out["values"]]
    assert len(values) == len(set(values)) == kept
    assert acknowledged <= set(values) <= acknowledged | {max(acknowledged) + 1}
    assert (waiting, quarantined) == (0, 2)
    assert len(acknowledged) > 10
    installation.run("check")
    assert not (installation.home / "journal.sqlite3").exists()
