"""Messages in: read, kept, decoded, mapped, in the journal. Done again with the same messages, it changes nothing.

    taken = take(messages)      # returns once all of it is durable: the caller may acknowledge

The frames store comes first: it is durable and finds what came before. A process that stops between it and the journal
leaves a lot behind, which the next one takes again.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from django.db import DatabaseError
from django.utils import timezone

from mitoyen.connect.uplinks import days, decoding, encodings, keeping, quarantine, reading, seen
from mitoyen.connect.uplinks.keeping import Lot
from mitoyen.connect.uplinks.mapping import Known, Mapped, Row, register
from mitoyen.connect.uplinks.messages import IS_STATUS, Frame, Message, Unreadable
from mitoyen.history import journal
from mitoyen.history.batches import open_batch
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.faults import moment
from mitoyen.history.models import Batch
from mitoyen.ledger.refusal import Refused

FAILED = "failed"
# The machine's fault, not a message's: the same messages are to be brought again.
TROUBLE = (Refused, DatabaseError, OSError)
logger = logging.getLogger(__name__)
BATCH_S, RECOVER_S = 60.0, 30.0
_batches: dict[str, tuple[int, float]] = {}
_recovered: dict[str, float] = {}
# Installations whose frames are kept, but were refused by the journal: nothing more is taken before these are in it.
_owed: set[str] = set()


@dataclass(slots=True)
class Taken:
    """What became of the messages, in their order (`outcomes`: frame, duplicate, status or a reason), and counts.

    `frames` are new ones; `duplicates` were known. `unknown`: frames of devices that aren't registered.
    `decoded`: frames whose fields are known, from a codec or the sender; `undecoded`: where the codec failed, by
    reason.
    """

    messages: int = 0
    frames: int = 0
    duplicates: int = 0
    status_only: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    decoded: int = 0
    undecoded: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    accepted: int = 0
    conflicts: int = 0
    unmapped: int = 0
    not_numbers: int = 0
    undeployed: int = 0
    misfits: int = 0
    outcomes: list[str] = field(default_factory=list)

    def add(self, other: "Taken") -> None:
        """Count another batch of messages in."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, mine + theirs)


def take(
    messages: Sequence[Message],
    known: encodings.Encodings | None = None,
    witness: Callable[[Sequence[Frame]], None] | None = None,
    batch: Callable[[], int] | None = None,
) -> Taken:
    """Take messages in; durable when it returns. Raises Refused (the disk is full) before anything is acknowledged.

    `known`: what the sources are known to write; `witness` is shown the frames that were read; `batch` gives the
    number of the batch that readings belong to, where it isn't the door's of this minute.
    """
    home = str(days.folder())
    recover(0.0 if home in _owed else RECOVER_S)
    taken = Taken(messages=len(messages), outcomes=["frame"] * len(messages))
    frames, origins = read_all(messages, known, taken)
    if witness is not None:
        witness(frames)
    kept = keeping.keep(frames)
    fresh = [frames[place] for place in kept.order if kept.fresh[place]]
    _count(frames, kept.fresh, origins, taken)
    door = messages[0].door if messages else ""
    try:
        _settle(fresh, batch or (lambda: batch_of(door)), kept.lots, taken)
    except TROUBLE:
        # Sent again they would be duplicates, and be acknowledged before their readings are durable.
        owe()
        raise
    return taken


def read_all(
    messages: Sequence[Message], known: encodings.Encodings | None, taken: Taken, *, write: bool = True
) -> tuple[list[Frame], list[int]]:
    """The frames of messages, and the place of the message each came in; what can't be read is put in quarantine."""
    frames: list[Frame] = []
    origins: list[int] = []
    aside: list[tuple[Message, Unreadable]] = []
    told = known if known is not None else encodings.kept()
    for place, message in enumerate(messages):
        try:
            found = reading.read(message, told)
        except Unreadable as reason:
            taken.outcomes[place] = reason.reason
            found = []
            for part in reading.apart(message):
                try:
                    found += reading.read(part, told)
                except Unreadable as fault:
                    aside.append((part, fault))
                    taken.quarantined[fault.reason] += 1
        frames += found
        origins += [place] * len(found)
    if aside and write:
        quarantine.put(aside)
    return frames, origins


def _count(frames: Sequence[Frame], fresh: Sequence[bool], origins: Sequence[int], taken: Taken) -> None:
    for place, frame, new in zip(origins, frames, fresh, strict=True):
        if not new:
            taken.duplicates += 1
            taken.outcomes[place] = "duplicate"
        elif frame.flags & IS_STATUS:
            taken.status_only += 1
            taken.outcomes[place] = "status"
        else:
            taken.frames += 1


def _settle(frames: list[Frame], batch: Callable[[], int], lots: list[Lot], taken: Taken) -> None:
    """Decode and map frames that are kept already, put their readings into the journal, and settle their lots."""
    devices = register.devices({frame.address for frame in frames}) if frames else {}
    rows, told = _rows_of_all(frames, devices, taken)
    if rows:
        appended = journal.append(rows, batch())
        taken.accepted += appended.accepted
        taken.conflicts += appended.conflicts
    moment("frames_decoded")
    if lots:
        keeping.settle(lots)
    seen.tell(frames, devices, told)


def _rows_of_all(
    frames: Sequence[Frame], devices: dict[str, Known | None], taken: Taken
) -> tuple[list[Row], dict[int, Mapped]]:
    """As `_rows`; a frame that we fail on costs itself only: it is kept, and replay may do better with it."""
    counted = Taken()
    try:
        made = _rows(frames, devices, counted)
        taken.add(counted)
        return made
    except TROUBLE:
        raise
    except Exception:
        logger.exception("One of %d frames could not be taken in; they are tried one by one.", len(frames))
    rows: list[Row] = []
    told: dict[int, Mapped] = {}
    for place, frame in enumerate(frames):
        counted = Taken()
        try:
            some, said = _rows([frame], devices, counted)
        except TROUBLE:
            raise
        except Exception:
            logger.exception("A frame of %s could not be taken in.", frame.address)
            taken.undecoded[FAILED] += 1
            continue
        taken.add(counted)
        rows += some
        if 0 in said:
            told[place] = said[0]
    return rows, told


def _rows(
    frames: Sequence[Frame], devices: dict[str, Known | None], taken: Taken
) -> tuple[list[Row], dict[int, Mapped]]:
    """Rows for the journal, and what the fields of each frame (by its place) said."""
    carrying: list[tuple[Known, Frame]] = []
    places: list[int] = []
    for place, frame in enumerate(frames):
        known = devices.get(frame.address)
        if known is None:
            taken.unknown += 1
            taken.decoded += bool(frame.data) and frame.carries
        elif frame.carries:
            carrying.append((known, frame))
            places.append(place)
    answers = decoding.decode(carrying)
    taken.undecoded += decoding.reasons(answers)
    rows: list[Row] = []
    told: dict[int, Mapped] = {}
    for place, (known, frame), answer in zip(places, carrying, answers, strict=True):
        if isinstance(answer, str):
            continue
        taken.decoded += 1
        made = register.map(known, frame, answer)
        told[place] = made
        rows += made.rows
        taken.unmapped += made.unmapped
        taken.not_numbers += made.not_numbers
        taken.undeployed += made.undeployed
        taken.misfits += made.misfits
    taken.rows += len(rows)
    return rows, told


def examine(
    messages: Sequence[Message],
    known: encodings.Encodings | None = None,
    witness: Callable[[Sequence[Frame]], None] | None = None,
    preview: keeping.Preview | None = None,
) -> Taken:
    """What `take` would count, but for the journal's part: nothing is written."""
    taken = Taken(messages=len(messages), outcomes=["frame"] * len(messages))
    frames, origins = read_all(messages, known, taken, write=False)
    if witness is not None:
        witness(frames)
    fresh = (preview if preview is not None else keeping.Preview()).fresh(frames)
    _count(frames, fresh, origins, taken)
    new = [frame for frame, is_new in zip(frames, fresh, strict=True) if is_new]
    devices = register.devices({frame.address for frame in new}) if new else {}
    strangers = [frame for frame in new if devices.get(frame.address) is None]
    taken.unknown = len(strangers)
    carrying = [(found, frame) for frame in new if (found := devices.get(frame.address)) is not None and frame.carries]
    answers = decoding.decode(carrying)
    taken.undecoded += decoding.reasons(answers)
    sent_decoded = sum(1 for frame in strangers if frame.data and frame.carries)
    taken.decoded = len(answers) - taken.undecoded.total() + sent_decoded
    return taken


def recover(older_s: float = 0.0) -> int:
    """Take again what a process kept but may not have brought into the journal; how many frames.

    With `older_s`, only lots that wait so long, and looked for as seldom. A door calls it once when it starts.
    """
    home = str(days.folder())
    if older_s and time.monotonic() - _recovered.get(home, -1e9) < older_s:
        return 0
    _recovered[home] = time.monotonic()
    found = 0
    for lot, frames in keeping.waiting(older_s):
        _settle(frames, lambda: batch_of("recovery"), [lot], Taken())
        found += len(frames)
    if not older_s:
        _owed.discard(home)
    return found


def owe() -> None:
    """Before anything else is taken, recover all that waits."""
    _owed.add(str(days.folder()))


def forget() -> None:
    """Open new batches, and look for what waits, when next asked."""
    _batches.clear()
    _recovered.clear()
    _owed.clear()


def batch_of(door: str) -> int:
    """The door's batch of this minute, while nobody took it back."""
    number, opened = _batches.get(door, (0, 0.0))
    over = time.monotonic() - opened > BATCH_S
    if over or not Batch.objects.filter(pk=number, state=BatchState.LIVE).exists():
        number = live_batch(f"uplinks: {door}", "mitoyen uplinks")
        _batches[door] = (number, time.monotonic())
    return number


def live_batch(source: str, by: str) -> int:
    """A new batch of readings that go to the journal: live from its first one."""
    number = open_batch(BatchOrigin.LIVE, source, by).pk
    Batch.objects.filter(pk=number).update(state=BatchState.LIVE, live_at=timezone.now())
    return number


def gaps(counters: Sequence[int]) -> tuple[int, int]:
    """Of the counters of one device in the order of time: how often some are missing, and how many.

    65535 to 0 goes on; a counter that falls otherwise began anew (the device joined again).
    """
    times = missed = 0
    for before, after in pairwise(counters):
        step = after - before
        if step < 0 and before <= 0xFFFF and before - after > 0x8000:
            step += 0x10000
        if step > 1:
            times += 1
            missed += step - 1
    return times, missed
