"""The channel's process killed in the middle of sending: nothing is lost, nothing is sent twice."""

import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.channels.sms import message_centre

PUT = """
from mitoyen.ledger.models import Notice
from django.utils import timezone
bodies = ["Avis {n}: eau coupée demain.", "Avis {n}: " + "eau coupée demain. " * 12]
Notice.objects.bulk_create(
    Notice(key=f"n{n}", way="sms", to=f"+336{n:08}", body=bodies[n % 10 == 0].format(n=n), due_at=timezone.now())
    for n in range(COUNT)
)
"""
STATES = """
from mitoyen.ledger.models import Notice
from mitoyen.channels.sms.models import Segment
print(set(Notice.objects.values_list("state", flat=True)), set(Segment.objects.values_list("state", flat=True)))
"""
LONG_PARTS = 2


def _started(installation, centre, log: Path, **settings):
    settings = {"window": 10, "per_second": 2000, **settings}
    named = {"host": "127.0.0.1", "port": centre.port, "user": "mitoyen", "password": "secret", "source": "38000"}
    environment = {f"MITOYEN_SMS_{name.upper()}": value for name, value in {**named, **settings}.items()}
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "mitoyen.cli", "run", "sms"],
            env=installation.environment(**environment), stdout=out, stderr=out,
        )  # fmt: skip


def _lines(centre):
    return centre.log.read_bytes().count(b"\n") if centre.log.exists() else 0


def _until(done, process, seconds):
    deadline = time.monotonic() + seconds
    while not done():
        assert process.poll() is None, "the channel ended by itself"
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.002)


def _killed_while_sending(installation, folder, count, kills, seed, seconds, *, doubt_seconds=2, **centre_options):
    """Send `count` notices, killing the process at `kills` seeded moments; what the SMSC took, how many parts it was
    expected to take, and how many were in doubt at each start."""
    chosen = random.Random(seed)
    log = folder / "sms.log"
    expected = count + count // 10 * (LONG_PARTS - 1)
    moments = sorted(chosen.sample(range(expected // 20, expected * 9 // 10), kills))
    installation.python(PUT.replace("COUNT", str(count)))
    options = {"answerMs": 10, "receiptMs": 40, **centre_options}
    with message_centre.running(folder, **options) as centre:
        started = time.monotonic()
        for moment in moments:
            process = _started(installation, centre, log, doubt_seconds=doubt_seconds)
            try:
                _until(lambda moment=moment: _lines(centre) >= moment, process, seconds)
                time.sleep(chosen.random() * 0.03)
            finally:
                process.kill()
                process.wait()
        process = _started(installation, centre, log, doubt_seconds=doubt_seconds)
        try:
            _until(lambda: _lines(centre) >= expected, process, seconds)
            took = time.monotonic() - started
            # Whatever is still in doubt would be sent again within this time.
            time.sleep(doubt_seconds + 1)
        finally:
            process.terminate()
            assert process.wait(20) == 0
        taken = centre.taken()
    doubts = [int(number) for number in re.findall(r"(\d+) messages are in doubt", log.read_text())]
    again = [int(number) for number in re.findall(r"(\d+) messages in doubt had no receipt", log.read_text())]
    told = {"parts": len(taken), "seconds": round(took, 1), "in doubt": doubts, "sent again": again}
    print(f"{count} notices, killed at {moments}: {told}")
    return taken, expected, doubts


def _assert_once(installation, taken, expected):
    keys = Counter((entry["to"], *entry["udh"]) for entry in taken)
    twice = {key: times for key, times in keys.items() if times > 1}
    assert not twice
    assert len(keys) == expected
    assert installation.python(STATES).strip() == "{'arrived'} {'arrived'}"


def test_killed_three_times_in_500_notices(installation, tmp_path):
    taken, expected, doubts = _killed_while_sending(installation, tmp_path, 500, 3, 1, 60)
    _assert_once(installation, taken, expected)
    # The instant that the test is about did come.
    assert sum(doubts) > 0


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("seed", "more"),
    [(0, {}), (1, {"receiptMs": 8000, "doubt_seconds": 20}), (2, {"echo": False})],
    ids=["", "receipts come late", "our reference is not repeated"],
)
def test_killed_in_the_middle_of_10_000_notices(installation, tmp_path, seed, more):
    taken, expected, doubts = _killed_while_sending(installation, tmp_path, 10_000, 12, seed, 400, **more)
    _assert_once(installation, taken, expected)
    assert sum(doubts) > 0


def test_a_second_process_is_refused_and_the_first_comes_back_when_the_smsc_does(installation, tmp_path):
    with message_centre.running(tmp_path) as centre:
        process = _started(installation, centre, tmp_path / "sms.log")
        try:
            centre.wait_for("bound")
            assert _started(installation, centre, tmp_path / "second.log").wait(60) == 1
            centre.order("drop")
            centre.wait_for("bound")
        finally:
            process.terminate()
            assert process.wait(20) == 0
        centre.wait_for("unbound")
    text = (tmp_path / "sms.log").read_text()
    assert "No link to the SMSC" in text
    assert "secret" not in text
