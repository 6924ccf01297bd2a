"""Consumer, broker and machines' door killed under load: what was acknowledged is there afterwards, once."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException

import pytest

from tests.connect.mqtt.conftest import PASSWORD, USER
from tests.connect.uplinks.samples import EUI
from tests.gate.test_webhooks import DEVICE
from tests.installation import Installation

START = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())
COUNTS = """
import json
from mitoyen.connect.uplinks import days, taking
from mitoyen.history import journal
taking.recover()
columns = journal.rows_between(0, 1 << 62)
kept = sum(days.of(day).connection.execute("SELECT count(*) FROM frame").fetchone()[0] for day, _file in days.files())
print(json.dumps([kept, len(journal.aside()), columns["value"].tolist()]))
"""


def reading(number):
    at = datetime.fromtimestamp(START + 5 * number, UTC).isoformat()
    body = {"device": EUI, "counter": number, "port": 2, "time": at, "data": {"temperature": number}}
    return json.dumps(body).encode()


class Consumer:
    """`mitoyen run mqtt`, in a group of its own."""

    process: "subprocess.Popen[bytes]"

    def __init__(self, installation, broker):
        self.installation, self.broker = installation, broker

    def start(self):
        environment = self.installation.environment(
            MITOYEN_MQTT_HOST="127.0.0.1", MITOYEN_MQTT_PORT=self.broker.port, MITOYEN_MQTT_USER=USER,
            MITOYEN_MQTT_PASSWORD=PASSWORD, MITOYEN_MQTT_TOPICS="town/#=plain",
        )  # fmt: skip
        command = [sys.executable, "-m", "mitoyen.cli", "run", "mqtt"]
        with (self.installation.home.parent / "mqtt.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log, stdout=log, start_new_session=True)

    def kill(self):
        self.installation.kill_children(self.process)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0


def publish_until(stop, publisher, count):
    """One reading after the other; never so many ahead of the broker that its killing them would prove nothing."""
    while not stop.is_set():
        if publisher.waiting < 100:
            publisher.publish(count[0], f"town/{EUI}", reading(count[0]))
            count[0] += 1
        time.sleep(0.004)


def kept(installation):
    """How many frames are kept, readings aside, and the number that each reading in the journal tells."""
    frames, aside, values = json.loads(installation.python(COUNTS))
    return frames, aside, [round(value) for value in values]


def until_all_in(installation, acknowledged, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        found = kept(installation)
        missing = acknowledged - set(found[2])
        if not missing or time.monotonic() > deadline:
            return found, missing
        time.sleep(1)


def killed_on_the_way(installation, mosquitto, consumer_kills, broker_kills, seed):
    """Each falls alone, and is back before the next one does. Numbers acknowledged to the publisher, and published."""
    chance = random.Random(seed)
    falls = ["consumer"] * consumer_kills + ["broker"] * broker_kills
    chance.shuffle(falls)
    stop, count = threading.Event(), [0]
    with consuming(installation, mosquitto) as consumer, mosquitto.publisher("server") as publisher:
        # The broker keeps nothing for a session that never was, or that it has not written yet.
        until_connected(mosquitto)
        time.sleep(2.5)
        sender = threading.Thread(target=publish_until, args=(stop, publisher, count))
        sender.start()
        try:
            for fall in falls:
                until_caught_up(installation, mosquitto, count)
                time.sleep(chance.uniform(0.05, 0.6))
                part = consumer if fall == "consumer" else mosquitto
                part.kill()
                time.sleep(chance.uniform(0, 0.3))
                part.start()
        finally:
            stop.set()
            sender.join(30)
        publisher.settle(60)
        _found, missing = until_all_in(installation, publisher.acknowledged)
        return missing, len(publisher.acknowledged), count[0]


def until_caught_up(installation, mosquitto, published, seconds=60):
    """Until the consumer is there and takes in what is published now.

    Before that, a broker that is killed does lose what it said yes to: it says so before it writes what waits.
    """
    until_connected(mosquitto)
    deadline = time.monotonic() + seconds
    while True:
        last = [0.0]
        # The consumer makes the journal when it first writes.
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{installation.home}/journal.sqlite3?mode=ro", uri=True)) as journal,
        ):
            last = journal.execute("SELECT value FROM observation ORDER BY time DESC LIMIT 1").fetchone() or last
        if last[0] and last[0] >= published[0] - 50:
            return
        assert time.monotonic() < deadline, (published, last)
        time.sleep(0.05)


@contextmanager
def consuming(installation, mosquitto):
    consumer = Consumer(installation, mosquitto)
    consumer.start()
    try:
        yield consumer
        consumer.stop()
    finally:
        consumer.kill()


def until_connected(mosquitto, seconds=60):
    """Until the broker, as it runs now, has the consumer's last connection open."""
    deadline = time.monotonic() + seconds
    while True:
        now = (mosquitto.folder / "log").read_text().rpartition(" starting")[2]
        came = now.rfind(" as mitoyen (")
        if came >= 0 and "Client mitoyen" not in now[came:]:
            return
        assert time.monotonic() < deadline, now[-2000:]
        time.sleep(0.05)


def door_killed(installation, kills, seed, first):
    """Webhooks while the door is killed: the numbers that were answered with 200."""
    chance = random.Random(seed)
    key = installation.run("gate-key", "network", "--may", "uplinks").stdout.strip()
    acknowledged, count, lock = set(), [first], threading.Lock()

    def post_until_it_breaks(address):
        connection = HTTPConnection(address.removeprefix("http://"), timeout=20)
        while True:
            with lock:
                number = count[0]
                count[0] += 1
            try:
                connection.request("POST", "/v1/uplinks/plain", reading(number), {"X-API-Key": key})
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                return connection.close()
            assert answer.status == 200
            acknowledged.add(number)

    for _ in range(kills):
        with installation.serving("gate") as (process, _door, address):
            senders = [threading.Thread(target=post_until_it_breaks, args=(address,)) for _ in range(6)]
            for sender in senders:
                sender.start()
            time.sleep(chance.uniform(0.05, 1.5))
            process.send_signal(signal.SIGKILL)
            installation.kill_children(process)
            for sender in senders:
                sender.join(30)
    return acknowledged


def proven(tmp_path, mosquitto, consumer_kills, broker_kills, door_kills, seed):
    installation = Installation(tmp_path / "home")
    installation.run("init")
    installation.python(DEVICE)
    missing, acknowledged, published = killed_on_the_way(installation, mosquitto, consumer_kills, broker_kills, seed)
    assert not missing, f"lost: {sorted(missing)[:10]} of {acknowledged}"
    posted = door_killed(installation, door_kills, seed, published)
    (frames, aside, numbers), missing = until_all_in(installation, posted, seconds=0)
    assert not missing, f"lost: {sorted(missing)[:10]} of {len(posted)}"
    assert len(numbers) == len(set(numbers)) == frames
    assert aside == 0
    installation.run("check")
    return acknowledged, len(posted), len(numbers)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_kills_lose_and_double_nothing(tmp_path, mosquitto, capsys):
    by_broker, by_door, held = proven(tmp_path, mosquitto, 45, 35, 20, seed=2026)
    with capsys.disabled():
        print(
            f"\n100 kills (45 of the consumer, 35 of the broker, 20 of the machines' door): {by_broker} messages"
            f" acknowledged by the broker and {by_door} by the door, 0 lost, 0 doubled; {held} readings held"
        )


@pytest.mark.timeout(120)
def test_each_part_killed_once_loses_and_doubles_nothing(tmp_path, mosquitto):
    assert min(proven(tmp_path, mosquitto, 1, 1, 1, seed=1)) > 0
