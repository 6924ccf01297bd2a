"""What the broker has handed over and nobody has taken in yet."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mitoyen.connect.uplinks.messages import Message

# Messages without a promise (QoS 0) that may wait; the others are bounded by the broker's own window.
MOST_UNPROMISED = 50_000


class Held(NamedTuple):
    """A message, and what acknowledges it: its number and QoS, in the connection (a count) that brought it."""

    message: Message
    number: int
    qos: int
    connection: int


class Inbox:
    """Filled by the thread that reads the network, emptied by the one that takes messages in."""

    def __init__(self) -> None:
        self._waiting: deque[Held] = deque()
        self._there = threading.Event()
        self.dropped = 0

    def put(self, held: Held) -> None:
        if held.qos == 0 and len(self._waiting) >= MOST_UNPROMISED:
            self.dropped += 1
            return
        self._waiting.append(held)
        self._there.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def next(self, most: int, linger_s: float, patience_s: float, stopping: Callable[[], bool]) -> list[Held]:
        """What waits, `most` at most: after the first, more are waited for `linger_s`. Empty after `patience_s`."""
        ends = time.monotonic() + patience_s
        # It may be told of what was taken already: then it waits on.
        while not self._waiting:
            if not self._there.wait(max(0.0, ends - time.monotonic())):
                return []
            self._quiet()
        ends = time.monotonic() + linger_s
        while len(self._waiting) < most and not stopping() and (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, 0.002))
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._quiet()
        return taken

    def _quiet(self) -> None:
        """Nothing waits any more, unless something came in just now."""
        if not self._waiting:
            self._there.clear()
        if self._waiting:
            self._there.set()
