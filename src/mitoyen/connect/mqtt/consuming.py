"""Messages from the inbox into the journal, in lots, then acknowledged; none can stop those behind it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from django.db import close_old_connections

from mitoyen.connect.mqtt.inbox import Held, Inbox
from mitoyen.connect.uplinks import careful
from mitoyen.connect.uplinks.messages import Message
from mitoyen.connect.uplinks.taking import Taken

# A lot costs some milliseconds however small it is; waiting that long for more of them costs nobody anything.
MOST_AT_ONCE, LINGER_S, PATIENCE_S = 500, 0.02, 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
LOOKED_AFTER_S = 1.0

logger = logging.getLogger(__name__)


class Consumer:
    """`acknowledge` is called with what is durable, and only then."""

    def __init__(self, inbox: Inbox, acknowledge: Callable[[Sequence[Held]], int], stop: threading.Event) -> None:
        self._inbox, self._acknowledge, self._stop = inbox, acknowledge, stop
        self._looked_after = 0.0
        self.taken = Taken()
        self.acknowledged = 0

    def once(self) -> None:
        """Take in what waits, if anything does within a second."""
        held = self._inbox.next(MOST_AT_ONCE, LINGER_S, PATIENCE_S, self._stop.is_set)
        if not held:
            return
        if time.monotonic() - self._looked_after > LOOKED_AFTER_S:
            close_old_connections()
            self._looked_after = time.monotonic()
        if self._taken([one.message for one in held]):
            self.acknowledged += self._acknowledge(held)

    def _taken(self, messages: Sequence[Message]) -> bool:
        """Until they are durable, or we are told to stop: a full disk or a database that is away is waited for."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                taken = careful.take(messages)
            except careful.TROUBLE as trouble:
                logger.warning("MQTT: messages can't be kept: %s Again in %.0f s; the broker waits.", trouble, pause)
                close_old_connections()
                if self._stop.wait(pause):
                    return False
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                taken.outcomes = []
                self.taken.add(taken)
                return True
