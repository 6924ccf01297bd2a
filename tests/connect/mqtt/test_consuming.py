"""Messages through a real Mosquitto: acknowledged once durable, whatever comes between."""

import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from mitoyen.connect.devices.models import Quarantined
from mitoyen.connect.mqtt import consuming, topics
from mitoyen.connect.mqtt.broker import Address, Broker
from mitoyen.connect.mqtt.consuming import Consumer
from mitoyen.connect.mqtt.inbox import Inbox
from mitoyen.connect.mqtt.topics import Topics
from mitoyen.connect.uplinks import taking
from mitoyen.history import journal
from mitoyen.ledger.refusal import Refused
from tests.connect.mqtt.conftest import PASSWORD, USER
from tests.connect.uplinks.conftest import afresh, site  # noqa: F401 - fixtures
from tests.connect.uplinks.samples import EUI

pytestmark = pytest.mark.django_db(transaction=True)
START = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())
TOPICS = "town/#=plain, chirp/+/up=chirpstack4"


def reading(number: int) -> bytes:
    """One a minute, each of its own."""
    at = datetime.fromtimestamp(START + 60 * number, UTC).isoformat()
    body = {"device": EUI, "counter": number, "port": 2, "time": at, "data": {"temperature": number / 10}}
    return json.dumps(body).encode()


@contextmanager
def consuming_from(broker, client="mitoyen", group=""):
    """The link alone; the test takes messages in itself, in this thread, by `once`."""
    inbox = Inbox()
    asked = Topics(topics.read(TOPICS), group)
    link = Broker(Address("127.0.0.1", broker.port, client, USER, PASSWORD, keepalive_s=5), asked, inbox)
    consumer = Consumer(inbox, link.acknowledge, threading.Event())
    link.start()
    try:
        wait_until(lambda: link.subscribed)
        yield consumer, link, inbox
    finally:
        link.stop()


def wait_until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def take(consumer, count, seconds=30):
    """Until that many messages were taken in."""
    deadline = time.monotonic() + seconds
    while consumer.taken.messages < count:
        assert time.monotonic() < deadline, consumer.taken
        consumer.once()
    return consumer.taken


def test_readings_come_in_once_and_the_broker_forgets_them(mosquitto, site):  # noqa: F811
    with consuming_from(mosquitto) as (consumer, _link, _inbox), mosquitto.publisher() as publisher:
        for number in range(50):
            publisher.publish(number, f"town/{EUI}", reading(number))
        taken = take(consumer, 50)
        assert (taken.frames, taken.accepted, consumer.acknowledged) == (50, 50, 50)
    assert journal.count() == 50
    with consuming_from(mosquitto) as (consumer, _link, inbox):
        consumer.once()
        assert (consumer.taken.messages, len(inbox)) == (0, 0)


def test_what_was_not_acknowledged_comes_again_and_counts_once(mosquitto, site):  # noqa: F811
    with mosquitto.publisher() as publisher:
        with consuming_from(mosquitto) as (consumer, _link, inbox):
            for number in range(20):
                publisher.publish(number, f"town/{EUI}", reading(number))
            publisher.settle()
            wait_until(lambda: len(inbox) == 20)
            # Taken in, but the process ends before it acknowledges.
            taking.take([held.message for held in inbox.next(20, 0, 1, lambda: False)])
        assert journal.count() == 20
        with consuming_from(mosquitto) as (consumer, _link, _inbox):
            taken = take(consumer, 20)
            assert (taken.frames, taken.duplicates, consumer.acknowledged) == (0, 20, 20)
    assert journal.count() == 20


def test_messages_of_another_connection_are_not_acknowledged(mosquitto, site):  # noqa: F811
    with consuming_from(mosquitto) as (_consumer, link, inbox):
        with mosquitto.publisher() as publisher:
            publisher.publish(0, f"town/{EUI}", reading(0))
            wait_until(lambda: len(inbox) == 1)
        (old,) = inbox.next(1, 0, 1, lambda: False)
        mosquitto.kill()
        wait_until(lambda: not link.connected)
        mosquitto.start()
        wait_until(lambda: link.subscribed)
        with mosquitto.publisher() as publisher:
            publisher.publish(1, f"town/{EUI}", reading(1))
            wait_until(lambda: len(inbox) == 1)
        # The broker began anew: it calls another message by the same number.
        (new,) = inbox.next(1, 0, 1, lambda: False)
        assert old.number == new.number
        assert link.acknowledge([old]) == 0
    with consuming_from(mosquitto) as (consumer, _link, _inbox):
        assert take(consumer, 1).frames == 1


@pytest.mark.parametrize("mosquitto", [1], indirect=True)
def test_a_broker_that_was_killed_brings_what_it_had_acknowledged(mosquitto, site):  # noqa: F811
    with consuming_from(mosquitto):
        pass
    with mosquitto.publisher() as publisher:
        for number in range(300):
            publisher.publish(number, f"town/{EUI}", reading(number))
        publisher.settle(60)
    mosquitto.kill()
    mosquitto.start()
    with consuming_from(mosquitto) as (consumer, _link, _inbox):
        assert take(consumer, 300, 60).accepted == 300
    assert journal.count() == 300


POISON = [
    b"", b"\x00\xff\xfe", b"[" * 100_000, b'{"a": 1, "a": 2}', b"1" * 5000, "é".encode("latin-1"), b'"\\ud800"',
    b"{}", b"null", b'{"device": "x", "data": 3}', b"x" * 1_000_000,
]  # fmt: skip


def test_poison_goes_to_quarantine_and_those_behind_it_come_in(mosquitto, site):  # noqa: F811
    with consuming_from(mosquitto) as (consumer, _link, _inbox), mosquitto.publisher() as publisher:
        for number, content in enumerate(POISON):
            publisher.publish(number, "town/x", content)
            publisher.publish(1000 + number, "chirp/1/up", content)
        publisher.publish(5, f"town/{EUI}", reading(5))
        taken = take(consumer, 2 * len(POISON) + 1)
        assert (taken.quarantined.total(), taken.accepted) == (2 * len(POISON), 1)
        assert consumer.acknowledged == 2 * len(POISON) + 1
    # The same content of two topics is kept once.
    assert Quarantined.objects.count() >= len(POISON)


def test_a_message_that_we_fail_on_is_found_among_the_others(mosquitto, site, monkeypatch):  # noqa: F811
    real = taking.take

    def failing(messages):
        if any(b'"counter": 13' in one.content for one in messages):
            raise ZeroDivisionError("ours")
        return real(messages)

    monkeypatch.setattr(taking, "take", failing)
    with consuming_from(mosquitto) as (consumer, _link, _inbox), mosquitto.publisher() as publisher:
        for number in range(30):
            publisher.publish(number, f"town/{EUI}", reading(number))
        taken = take(consumer, 30)
        assert (taken.accepted, taken.quarantined) == (29, {"failed": 1})
    kept = Quarantined.objects.get()
    assert (kept.reason, bytes(kept.content)) == ("failed", reading(13))


def test_a_full_disk_is_waited_for_and_nothing_is_acknowledged_meanwhile(mosquitto, site, monkeypatch):  # noqa: F811
    real, full = taking.take, [True, True]

    def refusing(messages):
        if full:
            full.pop()
            assert consumer.acknowledged == 0
            raise Refused("The disk is full.")
        return real(messages)

    monkeypatch.setattr(taking, "take", refusing)
    monkeypatch.setattr(consuming, "FIRST_PAUSE_S", 0.05)
    with consuming_from(mosquitto) as (consumer, _link, _inbox), mosquitto.publisher() as publisher:
        publisher.publish(0, f"town/{EUI}", reading(0))
        assert take(consumer, 1).accepted == 1
        assert consumer.acknowledged == 1


def test_what_is_repeated_to_new_subscribers_is_left(mosquitto, site):  # noqa: F811
    with mosquitto.publisher() as publisher:
        publisher.publish(
            0, f"town/{EUI}", json.dumps({"device": EUI, "data": {"temperature": 9}}).encode(), retain=True
        )
        publisher.settle()
        with consuming_from(mosquitto) as (consumer, link, _inbox):
            publisher.publish(1, f"town/{EUI}", reading(1), retain=True)
            assert take(consumer, 1).accepted == 1
            wait_until(lambda: link.retained == 1)
    assert journal.count() == 1


def test_two_that_share_take_each_message_once(mosquitto, site):  # noqa: F811
    with (
        consuming_from(mosquitto, "one", "towns") as (first, _link, _inbox),
        consuming_from(mosquitto, "two", "towns") as (second, _other, _theirs),
        mosquitto.publisher() as publisher,
    ):
        for number in range(200):
            publisher.publish(number, f"town/{EUI}", reading(number))
        publisher.settle()
        deadline = time.monotonic() + 20
        while first.taken.messages + second.taken.messages < 200:
            assert time.monotonic() < deadline
            first.once()
            second.once()
        assert first.taken.messages + second.taken.messages == 200
        assert min(first.taken.messages, second.taken.messages) > 0
    assert journal.count() == 200


def test_a_wrong_password_is_said_without_the_password(mosquitto, caplog):
    inbox = Inbox()
    address = Address("127.0.0.1", mosquitto.port, "mitoyen", USER, "not the password")
    link = Broker(address, Topics(topics.read(TOPICS)), inbox)
    link.start()
    try:
        wait_until(lambda: "refuses us" in caplog.text)
    finally:
        link.stop()
    assert "not the password" not in caplog.text
