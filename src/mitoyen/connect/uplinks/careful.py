"""For doors whose senders wait: one message that Mitoyen fails on is kept aside alone, and stops nobody."""

import logging
from collections.abc import Sequence

from mitoyen.connect.uplinks import quarantine, taking
from mitoyen.connect.uplinks.messages import Message, Unreadable
from mitoyen.connect.uplinks.taking import FAILED, TROUBLE, Taken

__all__ = ("TROUBLE", "take")

logger = logging.getLogger(__name__)


def take(messages: Sequence[Message]) -> Taken:
    """As taking.take, durable when it returns. Raises one of TROUBLE, and nothing else."""
    try:
        return taking.take(messages)
    except TROUBLE:
        raise
    except Exception as fault:
        if len(messages) == 1:
            return _kept_aside(messages[0], fault)
    # Those that were taken in already are found to be duplicates of themselves, or taken again: no harm.
    half = len(messages) // 2
    taken = take(messages[:half])
    taken.add(take(messages[half:]))
    return taken


def _kept_aside(message: Message, fault: Exception) -> Taken:
    logger.error("A message of %s could not be taken in; it is kept aside.", message.source, exc_info=fault)
    quarantine.put([(message, Unreadable(FAILED, f"{type(fault).__name__}: {fault}"))])
    taken = Taken(messages=1, outcomes=[FAILED])
    taken.quarantined[FAILED] += 1
    return taken
