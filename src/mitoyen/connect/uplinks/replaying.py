"""Kept frames decoded again with today's codecs and fields: what would differ, and the correction that makes it so.

    difference = compare(Choice(model="maker-th1"))
    write(Choice(model="maker-th1"), by="camille", why="the codec took tenths for units")

Only readings at the very times of kept frames, of what the device served then, are compared: what came from files, or
from another device, stays as it is. A reading that no longer comes out of its frame is shown as gone and stays.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
from django.utils.translation import gettext as _

from mitoyen.connect.devices.models import DeviceModel, Registration
from mitoyen.connect.uplinks import decoding, keeping
from mitoyen.connect.uplinks.mapping import Known, Register, Row
from mitoyen.connect.uplinks.messages import Frame
from mitoyen.history import batches, engine, staging
from mitoyen.history.enums import BatchOrigin
from mitoyen.history.gather import gathered_of
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.refusal import Refused

_AT_ONCE = 20_000
_NAMES_KEPT = 1_000
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which frames: of a model (its slug), of devices (addresses or serial numbers), first <= time <= last (µs)."""

    model: str = ""
    devices: tuple[str, ...] = ()
    first: int | None = None
    last: int | None = None


@dataclass(slots=True)
class Change:
    """One datastream's readings: as they are, new, with another value, and those that no longer come out.

    `smallest` and `largest`: new value less the old one, over the changed ones.
    """

    same: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    smallest: float | None = None
    largest: float | None = None

    def note(self, difference: float) -> None:
        """Count a changed value."""
        self.changed += 1
        self.smallest = difference if self.smallest is None else min(self.smallest, difference)
        self.largest = difference if self.largest is None else max(self.largest, difference)


@dataclass(slots=True)
class Difference:
    """What decoding again gives, by datastream's name, and what was left out on the way."""

    frames: int = 0
    decoded: int = 0
    unknown: int = 0
    undecoded: Counter[str] = field(default_factory=Counter)
    unmapped: int = 0
    not_numbers: int = 0
    undeployed: int = 0
    misfits: int = 0
    datastreams: dict[str, Change] = field(default_factory=dict)
    batch: int | None = None

    @property
    def to_write(self) -> int:
        """How many readings are new or have another value."""
        return sum(one.new + one.changed for one in self.datastreams.values())

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        listed = [
            {
                "datastream": name, "same": one.same, "new": one.new, "changed": one.changed, "gone": one.gone,
                "smallest_change": one.smallest, "largest_change": one.largest,
            }
            for name, one in sorted(self.datastreams.items())
        ]  # fmt: skip
        return {
            "frames": self.frames, "decoded": self.decoded, "unknown_device": self.unknown,
            "undecoded": self.undecoded.total(), "undecoded_reasons": dict(self.undecoded),
            "not_mapped": self.unmapped, "not_numbers": self.not_numbers, "no_deployment": self.undeployed,
            "do_not_fit": self.misfits, "datastreams": listed, "to_write": self.to_write, "batch": self.batch,
        }  # fmt: skip


def compare(choice: Choice) -> Difference:
    """What would differ; nothing is written. Raises Refused for a model or a device that isn't known."""
    made = Difference()
    for _rows in _differing(choice, Register(making=False), made):
        pass
    return made


def write(choice: Choice, by: str, why: str) -> Difference:
    """Write what is new or differs as a correction: the old values go to the record of corrections.

    Raises Refused without a reason, or as `compare` does.
    """
    if not why.strip():
        message = _("A correction needs its reason.")
        raise Refused(message, _("Give it: --why."), code="no_reason")
    made = Difference()
    batch = batches.open_batch(BatchOrigin.CORRECTION, "replay", by)
    try:
        with engine.connected() as con:
            con.execute(
                "CREATE TABLE again (datastream INTEGER, time BIGINT, length INTEGER, value DOUBLE, quality TINYINT)"
            )
            for rows in _differing(choice, Register(), made):
                _add(con, rows)
            staged = staging.stage(
                con, "SELECT datastream, make_timestamp(time) AS time, length, value, quality FROM again", batch
            )
        batch.summary = {"datastreams": sorted(_changed(made))[:_NAMES_KEPT], "replay": True}
        batch.save(update_fields=["summary"])
        batches.commit(staged, correct=True, why=why)
    except BaseException:
        batches.discard(batch)
        raise
    made.batch = batch.pk if Batch.objects.get(pk=batch.pk).state == "live" else None
    return made


def _changed(made: Difference) -> list[str]:
    return [name for name, one in made.datastreams.items() if one.new or one.changed]


def _add(con: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    names = {"datastream": np.int32, "time": np.int64, "length": np.int32, "value": np.float64, "quality": np.int8}
    columns = zip(*rows, strict=True)
    given = {name: np.array(column, kind) for (name, kind), column in zip(names.items(), columns, strict=True)}
    con.register("given", given)
    con.execute("INSERT INTO again SELECT datastream, time, length, value, quality FROM given")
    con.unregister("given")


def _differing(choice: Choice, register: Register, made: Difference) -> Iterator[list[Row]]:
    """Rows that are new or differ, a part of a day at a time; `made` counts all of them."""
    for of_day in keeping.kept(choice.first, choice.last, _addresses(choice)):
        order = keeping.in_order(of_day, [keeping.key_of(frame) for frame in of_day])
        ordered = [of_day[place] for place in order]
        for start in range(0, len(ordered), _AT_ONCE):
            rows = _compared(ordered[start : start + _AT_ONCE], register, made)
            if rows:
                yield rows


def _addresses(choice: Choice) -> list[str] | None:
    chosen = Registration.objects.all()
    if choice.model:
        if not DeviceModel.objects.filter(slug=choice.model).exists():
            message = _("There is no model “%(name)s”.") % {"name": choice.model[:100]}
            raise Refused(message, _("Models: %(names)s.") % {"names": ", ".join(_models())}, code="no_such_model")
        chosen = chosen.filter(model__slug=choice.model)
    if choice.devices:
        named = {name.lower(): name for name in choice.devices}
        pairs = Registration.objects.values_list("address", "device__serial")
        found = {address for address, serial in pairs if {address.lower(), serial.lower()} & named.keys()}
        if not found:
            message = _("There is no device “%(name)s”.") % {"name": choice.devices[0][:100]}
            raise Refused(message, _("Name it by its EUI or its serial number."), code="no_such_device")
        chosen = chosen.filter(address__in=found)
    return list(chosen.values_list("address", flat=True)) if choice.model or choice.devices else None


def _models() -> list[str]:
    return list(DeviceModel.objects.order_by("slug").values_list("slug", flat=True)[:50])


def _compared(frames: Sequence[Frame], register: Register, made: Difference) -> list[Row]:
    made.frames += len(frames)
    devices = register.devices({frame.address for frame in frames})
    given = [(known, frame) for frame in frames if (known := devices.get(frame.address)) is not None]
    made.unknown += len(frames) - len(given)
    again = _again(given, register, made)
    served = _served([known for known, _frame in given])
    touched = {
        (number, frame.time) for known, frame in given for number in _streams_at(known, frame.time, served)
    }  # fmt: skip
    return _against_history(again, touched, register, made)


def _again(given: Sequence[tuple[Known, Frame]], register: Register, made: Difference) -> dict[Key, Row]:
    """What the frames say now. Of two that say something of the same moment, the first counts, as in the journal."""
    carrying = [(known, frame) for known, frame in given if frame.carries]
    answers = decoding.decode(carrying)
    made.undecoded += decoding.reasons(answers)
    again: dict[Key, Row] = {}
    for (known, frame), answer in zip(carrying, answers, strict=True):
        if isinstance(answer, str):
            continue
        made.decoded += 1
        mapped = register.map(known, frame, answer)
        made.unmapped += mapped.unmapped
        made.not_numbers += mapped.not_numbers
        made.undeployed += mapped.undeployed
        made.misfits += mapped.misfits
        for row in mapped.rows:
            again.setdefault((row[0], row[1]), row)
    return again


def _served(devices: Sequence[Known]) -> dict[tuple[int, str], int]:
    """Numbers of the datastreams there are of the things that these devices served."""
    things = {one.thing for known in devices for one in known.servings()}
    rows = Datastream.objects.filter(thing_id__in=things).values_list("thing_id", "observed_property", "pk")
    return {(thing, observed): number for thing, observed, number in rows}


def _streams_at(known: Known, time: int, served: dict[tuple[int, str], int]) -> Iterator[int]:
    for one in known.servings():
        number = served.get((one.thing, one.observed_property))
        if number is not None and one.starts <= time < one.ends:
            yield number


def _against_history(again: dict[Key, Row], touched: set[Key], register: Register, made: Difference) -> list[Row]:
    known = _known(again.keys() | touched)
    changes: dict[int, Change] = defaultdict(Change)
    rows: list[Row] = []
    for key, row in again.items():
        old = known.get(key)
        if old is None:
            changes[key[0]].new += 1
        elif old == row[2:4]:
            changes[key[0]].same += 1
            continue
        else:
            changes[key[0]].note(row[3] - old[1])
        rows.append(row)
    for key in touched - again.keys():
        if key in known:
            changes[key[0]].gone += 1
    _count(changes, register, made)
    return rows


def _known(keys: set[Key]) -> dict[Key, tuple[int, float]]:
    """Length and value of the readings that stand at these keys."""
    numbers = sorted({number for number, _time in keys if number > 0})
    if not numbers:
        return {}
    times = [time for _number, time in keys]
    held = gathered_of(numbers, min(times), max(times))
    columns = (held["datastream"], held["time"].astype(np.int64), held["length"], held["value"])
    return {
        (number, time): (length, value)
        for number, time, length, value in zip(*(column.tolist() for column in columns), strict=True)
        if (number, time) in keys
    }


def _count(changes: dict[int, Change], register: Register, made: Difference) -> None:
    streams = Datastream.objects.select_related("thing").in_bulk([number for number in changes if number > 0])
    for number, change in changes.items():
        name = streams[number].name if number > 0 else register.unmade[number]
        total = made.datastreams.setdefault(name, Change())
        for part in ("same", "new", "changed", "gone"):
            setattr(total, part, getattr(total, part) + getattr(change, part))
        smallest = [one for one in (total.smallest, change.smallest) if one is not None]
        largest = [one for one in (total.largest, change.largest) if one is not None]
        total.smallest, total.largest = min(smallest, default=None), max(largest, default=None)
