"""From messages to the journal: names to numbers, a batch a minute and sender, one thread that writes."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connection
from django.utils import timezone

from mitoyen.gate.messages import Fault, Observation, microseconds
from mitoyen.history import journal
from mitoyen.history.batches import open_batch
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch

MOST_WAITING = 200
BATCH_S = 60
NAMES = "SELECT t.slug, d.observed_property, d.id FROM history_datastream d JOIN territory_thing t ON t.id = d.thing_id"

_writer = ThreadPoolExecutor(max_workers=1)
_places = asyncio.Semaphore(MOST_WAITING)
_numbers: dict[str, int] = {}
_batches: dict[str, tuple[int, float]] = {}


class Busy(Exception):
    """More requests wait than the journal can soon take."""


async def take(observations: Sequence[Observation], owner: str) -> dict[str, int]:
    """Counts of accepted, duplicate and conflicting observations, once they are durable: all or none.

    Raises Fault for a datastream that isn't known, Busy, and Refused when the disk takes nothing.
    """
    if _places.locked():
        raise Busy
    async with _places:
        return await asyncio.get_running_loop().run_in_executor(_writer, _write, observations, owner)


def _write(observations: Sequence[Observation], owner: str) -> dict[str, int]:
    close_old_connections()
    rows = [
        (_number(one.datastream, place), microseconds(one.time), one.length, one.value, 0)
        for place, one in enumerate(observations)
    ]
    appended = journal.append(rows, _batch(owner)) if rows else journal.Appended(0, 0, 0)
    return appended._asdict()


def _number(name: str, place: int) -> int:
    if name not in _numbers:
        with connection.cursor() as cursor:
            cursor.execute(NAMES)
            _numbers.update({f"{thing}/{observed}": number for thing, observed, number in cursor.fetchall()})
    try:
        return _numbers[name]
    except KeyError:
        raise Fault(f"Observation {place}: {name!r} is not a known datastream (thing/property).") from None


def _batch(owner: str) -> int:
    """The sender's batch of this minute, while nobody took it back."""
    number, opened = _batches.get(owner, (0, 0.0))
    over = time.monotonic() - opened > BATCH_S
    if over or not Batch.objects.filter(pk=number, state=BatchState.LIVE).exists():
        number = open_batch(BatchOrigin.LIVE, f"gate: {owner}", owner).pk
        Batch.objects.filter(pk=number).update(state=BatchState.LIVE, live_at=timezone.now())
        _batches[owner] = (number, time.monotonic())
    return number
