"""The messages in quarantine read again, once what kept them from being read is mended."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mitoyen.connect.uplinks import quarantine, reading, taking
from mitoyen.connect.uplinks.messages import Unreadable

_AT_ONCE = 500


@dataclass(slots=True)
class Reread:
    """Of the `waiting` ones: those that can be read now, those that still can't (why), those that were too large to be
    kept whole; and the readings that came of it."""

    waiting: int = 0
    readable: int = 0
    still: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    accepted: int = 0

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "waiting": self.waiting, "readable": self.readable, "still": dict(self.still), "cut": self.cut,
            "accepted": self.accepted,
        }  # fmt: skip


def reread(*, write: bool) -> Reread:
    """Read the waiting messages again; take in those that can be read, if `write`."""
    made = Reread(waiting=quarantine.waiting())
    whole = quarantine.messages()
    made.cut = made.waiting - len(whole)
    readable = []
    for kept, message in whole:
        try:
            reading.read(message)
        except Unreadable as fault:
            made.still[fault.reason] += 1
        else:
            readable.append((kept.pk, message))
    made.readable = len(readable)
    for start in range(0, len(readable) if write else 0, _AT_ONCE):
        some = readable[start : start + _AT_ONCE]
        made.accepted += taking.take([message for _number, message in some]).accepted
        quarantine.read_again([number for number, _message in some])
    return made
