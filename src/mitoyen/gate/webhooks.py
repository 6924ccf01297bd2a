"""Uplinks that network servers send, one a request: taken in with all that wait, answered once they are durable.

What can't be read is kept in quarantine and answered with 202: a network server that is told 4xx sends it again for
hours, or switches the webhook off, and the uplinks of all other devices with it.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection
from django.utils import translation

from mitoyen.connect.devices import health
from mitoyen.connect.uplinks import careful, days, strict, taking
from mitoyen.connect.uplinks.formats import BY_NAME
from mitoyen.connect.uplinks.messages import Message
from mitoyen.connect.uplinks.telling import reason
from mitoyen.gate import within
from mitoyen.gate.connection import looked_after
from mitoyen.gate.keys import Holder
from mitoyen.gate.limits import Limits
from mitoyen.gate.together import Together
from mitoyen.history import journal

# As over MQTT: a larger one is no uplink; anything less is kept, if only in quarantine.
LARGEST_BODY = strict.LARGEST
# As many as are taken in within a few seconds; and so few at once that the first one's sender doesn't wait long.
MOST_WAITING, MOST_AT_ONCE = 10_000, 500
# A large one counts for several, so that those that wait fit into memory.
_COUNTS_FOR_ONE = 16 * 1024
# What needs nobody's attention, whatever became of it.
FINE = ("frame", "duplicate", "status")

logger = logging.getLogger(__name__)


def start() -> None:
    """Before the first request: take again what this door kept before it stopped, but had no time to bring further."""
    # A thread of its own, since the server's may already run a loop, where Django's database refuses to work.
    thread = threading.Thread(target=_recover, name="recovery")
    thread.start()
    thread.join()


def _recover() -> None:
    try:
        with journal.for_this_thread():
            again = taking.recover()
        if again:
            logger.warning("%d frames that were kept before the last stop are in the journal now.", again)
    except careful.TROUBLE:
        logger.exception("Frames that were kept before the last stop can't be taken again yet.")
        taking.owe()
    finally:
        days.close_all()
        connection.close()


class Given(NamedTuple):
    """A message, and what the key that it came with may send."""

    message: Message
    limits: Limits


async def take(content: bytes, form: str, holder: Holder) -> tuple[int, dict[str, str]]:
    """Status and answer, once the uplink is durable. `form`: a format's name, "" to recognise it.

    Raises Forbidden, Busy, and what says that the machine keeps nothing now (careful.TROUBLE).
    """
    message = Message(form, content, time.time_ns() // 1000, "webhook", holder.name)
    outcome = await _uplinks.do(Given(message, holder.limits), 1 + len(content) // _COUNTS_FOR_ONE)
    if outcome in FINE:
        return 200, {"outcome": outcome}
    with translation.override("en"):
        return 202, {"outcome": "quarantine", "reason": outcome, "says": reason(outcome)}


def known(form: str) -> bool:
    return form in BY_NAME


def _take(given: Sequence[Given]) -> Sequence[str | Exception]:
    # Once: the health of devices is written behind, never while senders wait.
    health.in_background()
    with looked_after():
        refused = [within.refused(one.message, one.limits) for one in given]
        allowed = [one.message for one, says in zip(given, refused, strict=True) if says is None]
        outcomes = iter(careful.take(allowed).outcomes if allowed else ())
    return [says if says is not None else next(outcomes) for says in refused]


_uplinks: Together[Given, str] = Together("uplinks", _take, most_waiting=MOST_WAITING, most_at_once=MOST_AT_ONCE)
