"""Serving, killed at any moment: what was acknowledged is there afterwards, once."""

import random
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.gate.test_gate import THING, send
from tests.installation import Installation

# So long ago that the quickest machine does not send what lies ahead: ten minutes of it a reading, 1.3 million of them.
START = datetime(2001, 1, 1, tzinfo=UTC)


def sent_until_it_breaks(address, key, first, acknowledged):
    """Send growing hours, fifty a request, each request twice now and then; note what was acknowledged."""
    hour = first
    while True:
        body = [
            {
                "datastream": "hall/electricity",
                "time": (START + timedelta(minutes=10 * number)).isoformat(),
                "value": number / 7,
                "length": 600,
            }
            for number in range(hour, hour + 50)
        ]
        try:
            status, answer = send(address, body, key)
        except (OSError, ValueError):
            return
        assert status == 200, answer
        acknowledged.update(range(hour, hour + 50))
        hour += 50 if hour % 3 else 25  # a third of the requests overlap the one before


def killed_and_read_back(home, kills, seed):
    chance = random.Random(seed)
    installation = Installation(home)
    installation.run("init")
    installation.python(THING)
    key = installation.run("gate-key", "supplier", "--may", "observations").stdout.strip()
    acknowledged: set[int] = set()
    for _ in range(kills):
        with installation.serving("gate") as (process, _door, address):
            first = max(acknowledged, default=0)
            sender = threading.Thread(target=sent_until_it_breaks, args=(address, key, first, acknowledged))
            sender.start()
            time.sleep(chance.uniform(0.01, 0.8))
            process.send_signal(signal.SIGKILL)
            installation.kill_children(process)
            sender.join(30)
    last = START + timedelta(minutes=10 * (max(acknowledged) + 1000))
    out = installation.json("read", "hall/electricity", "--from", "2000-12-31", "--to", last.date())
    times = [row["time"] for row in out["values"]]
    assert len(times) == len(set(times)), "a reading came twice"
    values = {round(row["value"] * 7) for row in out["values"]}
    assert acknowledged <= values, f"lost: {sorted(acknowledged - values)[:10]}"
    installation.run("check")
    return len(acknowledged)


def test_readings_acknowledged_before_a_kill_are_there_once(tmp_path):
    assert killed_and_read_back(tmp_path / "home", kills=3, seed=1) > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_kills_while_serving_lose_and_double_nothing(tmp_path, capsys):
    count = killed_and_read_back(tmp_path / "home", kills=100, seed=2026)
    with capsys.disabled():
        print(f"\n100 kills while serving: {count} acknowledged readings, 0 lost, 0 doubled")
