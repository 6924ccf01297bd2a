"""From messages to the journal: names to numbers, a batch a minute and sender, one transaction for all that wait."""

import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from mitoyen.gate.connection import looked_after
from mitoyen.gate.limits import UNLIMITED, Limits
from mitoyen.gate.messages import Columns, Fault
from mitoyen.gate.together import Together
from mitoyen.gate.within import elsewhere
from mitoyen.history import journal
from mitoyen.history.batches import open_batch
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch

# As many as the journal takes in within a few seconds.
MOST_WAITING = 500_000
# No write lock longer than 200 ms, on a slow machine too.
MOST_AT_ONCE = 20_000
BATCH_S = 60.0
_ALL = "SELECT t.slug, d.observed_property, d.id FROM history_datastream d JOIN territory_thing t ON t.id = d.thing_id"
_ONE = f"{_ALL} WHERE t.slug = %s AND d.observed_property = %s"

_numbers: dict[str, int] = {}
_batches: dict[str, tuple[int, float]] = {}


class Given(NamedTuple):
    """What one request brings, and whose key it came with."""

    columns: Columns
    owner: str
    limits: Limits = UNLIMITED


async def take(given: Given) -> dict[str, int]:
    """Counts of accepted, duplicate and conflicting observations, once they are durable: all or none.

    Raises Fault for a datastream that isn't known, Forbidden for one that the key has nothing to do with, Busy, and
    Refused when the disk takes nothing.
    """
    return await _journal.do(given, len(given.columns.names))


def _write(given: Sequence[Given]) -> Sequence[dict[str, int] | Exception]:
    """Write them in one transaction, all but those that name what isn't known."""
    with looked_after():
        rows = [elsewhere(one.columns.names, one.limits) or _rows(one.columns) for one in given]
        batches = _open_batches({one.owner for one in given})
        taken = [(found, batches[one.owner]) for found, one in zip(rows, given, strict=True) if isinstance(found, list)]
        appended = iter(journal.append_all(taken))
    return [next(appended)._asdict() if isinstance(found, list) else found for found in rows]


def _rows(columns: Columns) -> list[tuple[int, int, int, float, int]] | Fault:
    try:
        return columns.rows(_numbers)
    except KeyError:
        _learn(set(columns.names) - _numbers.keys())
    try:
        return columns.rows(_numbers)
    except KeyError as unknown:
        (name,) = unknown.args
        place = columns.names.index(name)
        return Fault(f"Observation {place}: {name!r} is not a known datastream (thing/property).")


def _learn(names: Collection[str]) -> None:
    """The numbers of these datastreams: of all at once when none is known yet, one by one later."""
    with connection.cursor() as cursor:
        if not _numbers:
            cursor.execute(_ALL)
            _numbers.update({f"{thing}/{observed}": number for thing, observed, number in cursor.fetchall()})
            return
        for name in names:
            thing, _slash, observed = name.rpartition("/")
            cursor.execute(_ONE, (thing, observed))
            found = cursor.fetchone()
            if found is None:
                return
            _numbers[name] = found[2]


def _open_batches(owners: Collection[str]) -> dict[str, int]:
    """Each sender's batch of this minute, while nobody took it back."""
    now = time.monotonic()
    known = [_batches[owner][0] for owner in owners if owner in _batches and now - _batches[owner][1] <= BATCH_S]
    live = set()
    if known:
        # Not by the ORM: this is done for every group.
        query = f"SELECT id FROM history_batch WHERE state = %s AND id IN ({', '.join(['%s'] * len(known))})"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(query, (BatchState.LIVE, *known))
            live = {number for (number,) in cursor.fetchall()}
    for owner in owners:
        if _batches.get(owner, (0, 0.0))[0] not in live:
            _batches[owner] = (_opened(owner), now)
    return {owner: _batches[owner][0] for owner in owners}


def _opened(owner: str) -> int:
    number: int = open_batch(BatchOrigin.LIVE, f"gate: {owner}", owner).pk
    Batch.objects.filter(pk=number).update(state=BatchState.LIVE, live_at=timezone.now())
    return number


_journal: Together[Given, dict[str, int]] = Together(
    "journal", _write, most_waiting=MOST_WAITING, most_at_once=MOST_AT_ONCE
)
