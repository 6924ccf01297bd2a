"""What waits is handed over once there is something, and nothing is said to be nothing too early."""

import threading
import time

from mitoyen.connect.mqtt.inbox import Held, Inbox
from mitoyen.connect.uplinks.messages import Message


def held(number):
    return Held(Message("plain", b"%d" % number, 0, "mqtt", "town/1"), number, 1, 0)


def never():
    return False


def test_in_order_and_so_many_at_most():
    inbox = Inbox()
    for number in range(5):
        inbox.put(held(number))
    assert [one.number for one in inbox.next(3, 0, 1, never)] == [0, 1, 2]
    assert [one.number for one in inbox.next(3, 0, 1, never)] == [3, 4]


def test_nothing_only_after_the_patience():
    began = time.monotonic()
    assert Inbox().next(10, 0, 0.2, never) == []
    assert time.monotonic() - began >= 0.2


def test_word_of_what_was_taken_already_does_not_end_the_wait():
    inbox = Inbox()
    # As the network's thread does, which another one can interrupt between the two.
    inbox._there.set()
    threading.Timer(0.1, inbox.put, [held(1)]).start()
    assert [one.number for one in inbox.next(10, 0, 5, never)] == [1]
