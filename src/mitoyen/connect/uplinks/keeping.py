"""Raw frames kept for a set time, a file a day of their time; what is durable here may be acknowledged.

The same frame through several gateways, or sent again, is one: same device, counter, port and content within five
minutes. A counter that begins anew, or starts over at 0, comes later than that or with another content. A frame whose
time is its receipt's is also known by the very message it came in, whenever that comes again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from mitoyen.connect.uplinks import days
from mitoyen.connect.uplinks.days import DAY_US, Day
from mitoyen.connect.uplinks.messages import UNTIMED, Frame
from mitoyen.history.faults import moment

WINDOW_US = 300 * 1_000_000
_BY_MESSAGE = -1
_MOST_NAMED = 500
_LATELY_US = 3600 * 1_000_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Lot(NamedTuple):
    """Frames of a day that wait to be decoded: numbers `first` to `last`."""

    day: date
    first: int
    last: int


class Kept(NamedTuple):
    """Of each frame given, whether it is new; their places in the order of time; and the lots to settle once their
    readings are durable."""

    fresh: list[bool]
    order: list[int]
    lots: list[Lot]


def keep(frames: Sequence[Frame]) -> Kept:
    """Keep the frames that are new; durable when it returns. Raises Refused when the disk takes nothing.

    The earliest of several alike is the one that is kept.
    """
    fresh = [False] * len(frames)
    keys = [key_of(frame) for frame in frames]
    order = in_order(frames, keys)
    by_day: dict[int, list[int]] = defaultdict(list)
    for place in order:
        by_day[frames[place].time // DAY_US].append(place)
    lots = []
    for places in by_day.values():
        day = days.day_of(frames[places[0]].time)
        new = _keep_day(day, [(frames[place], keys[place]) for place in places])
        for place in new.places:
            fresh[places[place]] = True
        if new.lot is not None:
            lots.append(new.lot)
    return Kept(fresh, order, lots)


class Preview:
    """Which frames would be new, of those seen so far and those that are kept; nothing is written."""

    def __init__(self) -> None:
        self._times: dict[int, list[int]] = defaultdict(list)
        self._messages: set[int] = set()

    def fresh(self, frames: Sequence[Frame]) -> list[bool]:
        fresh = [False] * len(frames)
        keys = [key_of(frame) for frame in frames]
        for place in in_order(frames, keys):
            fresh[place] = self._is_fresh(frames[place], keys[place])
        return fresh

    def _is_fresh(self, frame: Frame, key: int) -> bool:
        day = days.day_of(frame.time)
        window = 0 if frame.counter is None else WINDOW_US
        known = any(abs(time - frame.time) <= window for time in self._times[key])
        if _by_message(frame):
            known = known or frame.content in self._messages
            self._messages.add(frame.content)
        if known or (days.file_of(day).exists() and _is_known(days.of(day), day, frame, key)):
            return False
        self._times[key].append(frame.time)
        return True


class _New(NamedTuple):
    places: list[int]
    lot: Lot | None


def _keep_day(day: date, frames: Sequence[tuple[Frame, int]]) -> _New:
    """Keep those of a day's frames (each with its key) that are new."""
    file = days.of(day)
    with file.transaction() as connection:
        new = []
        book = _Book(file, frames)
        for place, (frame, key) in enumerate(frames):
            known = _is_known(book, day, frame, key)
            if _by_message(frame):
                book.know(_BY_MESSAGE, frame.content, frame.time)
            if not known:
                new.append(place)
                book.know(frame.time // WINDOW_US, key, frame.time)
        file.know(book.added)
        if not new:
            return _New([], None)
        first = file.last() + 1
        file.insert([_row(frames[place][0]) for place in new])
        lot = Lot(day, first, first + len(new) - 1)
        connection.execute("INSERT INTO lot VALUES (?, ?, ?)", (lot.first, lot.last, days.now_us()))
        moment("frames_kept")
    moment("frames_durable")
    return _New(new, lot)


class _Book:
    """What a day's file knows of the frames at hand, read at once, and what is to be added: a frame's own copies, too.

    Two look-ups and two rows written for each frame were most of what keeping it cost.
    """

    def __init__(self, file: Day, frames: Sequence[tuple[Frame, int]]) -> None:
        self.added: list[tuple[int, int, int]] = []
        self._times: dict[tuple[int, int], list[int]] = defaultdict(list)
        wanted: dict[int, set[int]] = defaultdict(set)
        for frame, key in frames:
            slot = frame.time // WINDOW_US
            for near in (slot - 1, slot, slot + 1):
                wanted[near].add(key)
            if _by_message(frame):
                wanted[_BY_MESSAGE].add(frame.content)
        for slot, keys in wanted.items():
            for key, time in file.times(slot, list(keys)):
                self._times[slot, key].append(time)

    def times_of(self, slots: Sequence[int], key: int) -> list[int]:
        return [time for slot in slots if (slot, key) in self._times for time in self._times[slot, key]]

    def know(self, slot: int, key: int, time: int) -> None:
        self._times[slot, key].append(time)
        self.added.append((slot, key, time))


def _is_known(file: Day | _Book, day: date, frame: Frame, key: int) -> bool:
    slot = frame.time // WINDOW_US
    if frame.counter is None:
        return frame.time in file.times_of([slot], key)
    if _near(file.times_of([slot - 1, slot, slot + 1], key), frame.time) or _near_midnight(day, frame, key):
        return True
    if not _by_message(frame):
        return False
    eve = day - timedelta(days=1)
    return bool(file.times_of([_BY_MESSAGE], frame.content) or _others(eve, [_BY_MESSAGE], frame.content))


def _near_midnight(day: date, frame: Frame, key: int) -> bool:
    """Whether the day beside holds it: copies of a frame may lie on both sides of midnight."""
    slot, into = frame.time // WINDOW_US, frame.time % DAY_US
    if into < WINDOW_US:
        return _near(_others(day - timedelta(days=1), [slot - 1, slot], key), frame.time)
    if into >= DAY_US - WINDOW_US:
        return _near(_others(day + timedelta(days=1), [slot, slot + 1], key), frame.time)
    return False


def _others(day: date, slots: list[int], key: int) -> list[int]:
    """Times known in the file of a day beside, if there is one."""
    return days.of(day).times_of(slots, key) if days.file_of(day).exists() else []


def _near(times: list[int], time: int) -> bool:
    return any(abs(one - time) <= WINDOW_US for one in times)


def _by_message(frame: Frame) -> bool:
    """Whether the frame has no time of its own, but a counter: the same message is then never another frame."""
    return frame.counter is not None and bool(frame.flags & UNTIMED)


def in_order(frames: Sequence[Frame], keys: Sequence[int]) -> list[int]:
    """The places of the frames by their time: the same frames come in the same order however they were given."""
    return sorted(range(len(frames)), key=lambda one: (frames[one].time, frames[one].received, keys[one]))


def key_of(frame: Frame) -> int:
    """A number that frames with the same device, counter, port and content share."""
    content = frame.payload or (_encode(frame.data) if frame.data else b"")
    head = f"{frame.address}\n{frame.counter}\n{frame.port}\n".encode()
    return int.from_bytes(blake2b(head + content, digest_size=8).digest(), "big") >> 1


def settle(lots: Iterable[Lot]) -> None:
    """Say that the readings of these frames are durable. Should a crash lose that, they are taken again."""
    by_day: dict[date, list[Lot]] = defaultdict(list)
    for lot in lots:
        by_day[lot.day].append(lot)
    for day, of_day in by_day.items():
        with days.of(day).unhurried() as connection:
            connection.executemany("DELETE FROM lot WHERE first = ?", [(lot.first,) for lot in of_day])


def waiting(older_s: float = 0.0) -> Iterator[tuple[Lot, list[Frame]]]:
    """Frames that were kept but whose readings may not be durable: a process stopped in between."""
    before = days.now_us() - int(older_s * 1_000_000)
    for day, file in days.files():
        # Looked for again and again, only where someone wrote of late.
        if older_s and days.written_at(file) < before - _LATELY_US:
            continue
        kept = days.of(day)
        for first, last in kept.lots(before):
            yield Lot(day, first, last), [_frame(row) for row in kept.frames("id BETWEEN ? AND ?", (first, last))]


def kept(
    first: int | None = None,
    last: int | None = None,
    addresses: Sequence[str] | None = None,
    *,
    backwards: bool = False,
) -> Iterator[list[Frame]]:
    """The kept frames with first <= time <= last (µs), of these devices, a day at a time; or the last day first."""
    for day, _file in reversed(days.files()) if backwards else days.files():
        start = (day - date(1970, 1, 1)).days * DAY_US
        low, high = max(first or start, start), min(last if last is not None else start + DAY_US, start + DAY_US)
        if low <= high:
            found = [_frame(row) for row in _of_day(day, low, high, addresses)]
            if found:
                yield found


def _of_day(day: date, first: int, last: int, addresses: Sequence[str] | None) -> list[tuple[Any, ...]]:
    kept_day = days.of(day)
    if addresses is None:
        return kept_day.frames("time BETWEEN ? AND ?", (first, last))
    if len(addresses) <= _MOST_NAMED:
        marks = ", ".join("?" * len(addresses))
        return kept_day.frames(f"time BETWEEN ? AND ? AND address IN ({marks})", (first, last, *addresses))
    wanted = frozenset(addresses)
    return [row for row in kept_day.frames("time BETWEEN ? AND ?", (first, last)) if row[0] in wanted]


def forget(before: int) -> int:
    """Remove the frames received before this time (µs): whole files, and what is old in the others. How many."""
    gone = 0
    for day, file in days.files():
        kept_day = days.of(day)
        with kept_day.transaction() as connection:
            gone += connection.execute("DELETE FROM frame WHERE received < ?", (before,)).rowcount
            empty = connection.execute("SELECT 1 FROM frame LIMIT 1").fetchone() is None
            empty = empty and connection.execute("SELECT 1 FROM lot LIMIT 1").fetchone() is None
        if empty:
            days.close_all()
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
    return gone


def _row(frame: Frame) -> tuple[Any, ...]:
    data = _encode(frame.data) if frame.data else None
    return (
        frame.address, frame.time, frame.received, frame.counter, frame.port, frame.payload, data, frame.battery,
        int(frame.flags), frame.format,
    )  # fmt: skip


def _frame(row: tuple[Any, ...]) -> Frame:
    address, time, received, counter, port, payload, data, battery, flags, form = row
    fields = _decode(data) if data is not None else None
    return Frame(address, time, received, counter, port, payload, fields, (), battery, flags, form)
