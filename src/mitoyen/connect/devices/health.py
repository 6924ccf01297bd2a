"""Whether devices are well: gathered in memory while frames come in, written a few times a minute, judged each minute.

What takes frames in calls `note`. A process that lives on (consumer, machines' door) calls `in_background` once, so
that writing never stands in the way of frames, and `flush` when it stops; without it, `note` writes by itself when its
turn has come. A kill loses what was gathered in the last half minute of health, never a reading.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import numpy as np
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from mitoyen.connect.devices import silence
from mitoyen.connect.devices.merging import FIELDS, Seen, State, merge
from mitoyen.connect.devices.models import Gateway, Health, Registration
from mitoyen.territory.models import Device

__all__ = ("Seen", "Silence", "Silences", "Storm", "flush", "in_background", "note", "silences")

EVERY_S, LONGEST_S = 30.0, 60.0
MOST_GATHERED = 400_000
DEVICES_AT_ONCE = 1_000
# Behind others' work, so many times as long as some devices took: whoever takes frames in has Python to itself then.
REST = 4
_TIMES = ("last_seen",)
_DAYS = ("battery_ends", "battery_ends_from", "battery_ends_to")
_JSON = ("gaps", "pauses", "battery_trail")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
logger = logging.getLogger(__name__)


class _Gathered:
    """What this process has seen since it last wrote."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.writing = threading.Lock()
        self.seen: list[Seen] = []
        self.since = monotonic()
        self.every = EVERY_S
        self.background: threading.Event | None = None

    def taken(self) -> list[Seen]:
        with self.lock:
            seen, self.seen, self.since = self.seen, [], monotonic()
        return seen


_gathered = _Gathered()


def note(seen: Iterable[Seen]) -> None:
    """Remember that these frames came. Cheap: nothing is looked up or written, but at most twice a minute."""
    with _gathered.lock:
        if not _gathered.seen:
            _gathered.since = monotonic()
        _gathered.seen.extend(seen)
        # Should the database not take them for long: health is worth less than memory.
        del _gathered.seen[:-MOST_GATHERED]
        due = monotonic() - _gathered.since >= _gathered.every
    if due and _gathered.background is None:
        flush()


def flush(rest: Callable[[float], object] | None = None) -> int:
    """Write what was gathered; the number of devices whose health was written. Frames of unknown devices are let go.

    `rest` is called with the seconds to leave to others after some devices.
    """
    with _gathered.writing:
        seen, first = _gathered.taken(), monotonic()
        if not seen:
            return 0
        _write_gateways(seen)
        frames = _by_device(seen)
        devices = sorted(frames)
        worked, written = monotonic() - first, 0
        for start in range(0, len(devices), DEVICES_AT_ONCE):
            began = monotonic()
            written += _write_devices(devices[start : start + DEVICES_AT_ONCE], frames)
            took = monotonic() - began
            worked += took
            if rest is not None:
                rest(REST * took)
        # Never more than a twentieth of a process, as long as that keeps it, rests and all, within a minute.
        within = max(LONGEST_S - (monotonic() - first), EVERY_S)
        _gathered.every = min(max(EVERY_S, 20 * worked), within)
        return written


def in_background() -> None:
    """From now on a thread of this process writes every half minute, until `stop_background`."""
    if _gathered.background is not None:
        return
    stop = _gathered.background = threading.Event()
    threading.Thread(target=_keep_writing, args=(stop,), name="health", daemon=True).start()


def stop_background() -> None:
    """Write the rest, and write no more behind."""
    stop, _gathered.background = _gathered.background, None
    if stop is not None:
        stop.set()
    flush()


def _keep_writing(stop: threading.Event) -> None:
    while not stop.wait(_gathered.every):
        try:
            # One that is told to stop rests no more.
            flush(stop.wait)
        except DatabaseError:
            logger.exception("The health of devices could not be written.")
        finally:
            close_old_connections()
    connection.close()


def _by_device(seen: Sequence[Seen]) -> dict[int, list[Seen]]:
    """The frames by their device's number; addresses are looked up, those nobody registered left out."""
    addresses = list({one.device for one in seen if isinstance(one.device, str)})
    numbers: dict[str, int] = {}
    for start in range(0, len(addresses), DEVICES_AT_ONCE):
        some = addresses[start : start + DEVICES_AT_ONCE]
        rows = Registration.objects.filter(address__in=some).values_list("address", "device_id")
        numbers.update(rows)
    frames: dict[int, list[Seen]] = {}
    for one in seen:
        number = one.device if isinstance(one.device, int) else numbers.get(one.device)
        if number is not None:
            frames.setdefault(number, []).append(one)
    return frames


def _write_devices(devices: Sequence[int], frames: dict[int, list[Seen]]) -> int:
    """Read, merge and write some devices in one short transaction, so that other processes' frames are not lost."""
    with transaction.atomic():
        known = set(Device.objects.filter(pk__in=devices).values_list("pk", flat=True))
        held = Health.objects.filter(device_id__in=devices).select_for_update()
        states = {row[0]: _state(row[1:]) for row in held.values_list("device_id", *FIELDS)}
        volts = dict(
            Registration.objects.filter(device_id__in=devices, model__empty_volts__isnull=False).values_list(
                "device_id", "model__empty_volts"
            )
        )
        rows, ops = [], connection.ops
        for device in devices:
            if device in known:
                state = states.get(device) or State()
                merge(state, frames[device], volts.get(device))
                rows.append([device, *_row(state, ops)])
        with connection.cursor() as cursor:
            cursor.executemany(_UPSERT, rows)
    return len(rows)


_GIVEN = ("device_id", *FIELDS, "silent_sure", "silent_with", "generated")
_UPSERT = (
    f"INSERT INTO devices_health ({', '.join(_GIVEN)}) "  # noqa: S608 - names of our own columns
    f"VALUES ({', '.join(['%s'] * (len(FIELDS) + 1))}, false, '', false) "
    f"ON CONFLICT (device_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in FIELDS)}"
)


def _state(row: Sequence[Any]) -> State:
    values = dict(zip(FIELDS, row, strict=True))
    values["last_seen"] = _us(values["last_seen"])
    return State(**values)


def _row(state: State, ops: BaseDatabaseOperations) -> list[Any]:
    values: dict[str, Any] = dict(zip(FIELDS, state.values(), strict=True))
    for name in _TIMES:
        values[name] = ops.adapt_datetimefield_value(_moment(values[name]))
    for name in _DAYS:
        if values[name] is not None:
            values[name] = ops.adapt_datefield_value(values[name])
    for name in _JSON:
        # Numbers only: the text of a list of them is JSON already.
        values[name] = str(values[name])
    return list(values.values())


def _write_gateways(seen: Sequence[Seen]) -> None:
    latest: dict[str, Seen] = {}
    for one in seen:
        if one.gateway and (one.gateway not in latest or one.received > latest[one.gateway].received):
            latest[one.gateway] = one
    placed = {one.gateway: one for one in seen if one.gateway and one.longitude is not None}
    with transaction.atomic():
        held = {one.address: one for one in Gateway.objects.filter(address__in=list(latest))}
        for address, one in latest.items():
            gateway = held.get(address) or Gateway(address=address[:40], last_seen=_EPOCH)
            gateway.last_seen = max(gateway.last_seen, _moment(one.received))
            if address in placed:
                gateway.longitude, gateway.latitude = placed[address].longitude, placed[address].latitude
            held[address] = gateway
        Gateway.objects.bulk_create(
            held.values(),
            update_conflicts=True,
            unique_fields=["address"],
            update_fields=["last_seen", "longitude", "latitude"],
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """One device that is silent by itself. `sure`: lost frames alone no longer explain it."""

    device: int
    since: datetime
    sure: bool


@dataclass(frozen=True, slots=True)
class Storm:
    """Devices that fell silent together: one thing to mend. `gateways` is empty when it is all that came in."""

    gateways: tuple[str, ...]
    devices: tuple[int, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Silences:
    """Who is silent now: by itself, and together."""

    alone: tuple[Silence, ...]
    storms: tuple[Storm, ...]


def silences(now: datetime) -> Silences:
    """Judge every device that is in service, keep who is silent since when, and tell it. To be called each minute.

    What a demonstration made up is left alone. It is judged as of a minute ago: what came since may still be in the
    memory of the process that took it. A retired registration is never silent. A storm keeps one mark a gateway
    (address "*" when all fell silent).
    """
    then = now - timedelta(seconds=LONGEST_S)
    rows = list(
        Health.objects.filter(generated=False)
        .exclude(device__registration__retired_at__isnull=False)
        .order_by("device_id")
        .values_list(
            "device_id", "last_seen", "usual_interval_s", "device__registration__model__expected_interval_s",
            "spread_s", "loss", "gateway", "pause_minute", "pause_s", "silent_since", "silent_sure", "silent_with",
        )
    )  # fmt: skip
    gateways = {one.address: one for one in Gateway.objects.all()}
    names = sorted(set(gateways) - {silence.EVERYTHING})
    numbers = {name: at for at, name in enumerate(names)} | {silence.EVERYTHING: -1}
    fleet = _fleet(rows, numbers)
    down = {numbers[name]: one.silent_since.timestamp() for name, one in gateways.items() if one.silent_since}
    past = [
        silence.Past(numbers[name], one.was_silent_since.timestamp(), one.back_at.timestamp())
        for name, one in gateways.items()
        if one.silent_since is None and one.was_silent_since and one.back_at
    ]
    verdict, back = silence.judge_with_past(then.timestamp(), fleet, down, past)
    for one in back:
        _is_back(gateways[names[one.gateway] if one.gateway >= 0 else silence.EVERYTHING], then)
    with_whom = [""] * len(rows)
    storms = []
    for storm in verdict.storms:
        mark = silence.EVERYTHING if not storm.gateways else ""
        for at in storm.devices:
            with_whom[at] = mark or names[fleet.gateway[at]]
        those = tuple(int(rows[at][0]) for at in storm.devices)
        storms.append(Storm(tuple(names[at] for at in storm.gateways), those, _time(storm.since)))
    _keep_devices(rows, verdict, with_whom)
    _keep_gateways(gateways, storms, with_whom)
    alone = tuple(
        Silence(row[0], row[1], bool(verdict.sure[at]))
        for at, row in enumerate(rows)
        if verdict.silent[at] and not with_whom[at]
    )
    return Silences(alone, tuple(storms))


def _fleet(rows: Sequence[Any], numbers: dict[str, int]) -> silence.Fleet:
    def column(at: int, missing: float) -> np.ndarray:
        return np.array([missing if row[at] is None else float(row[at]) for row in rows], dtype=float)

    learnt, expected = column(2, 0.0), column(3, 0.0)
    usual = np.where(learnt > 0, learnt, expected)
    last = np.array([row[1].timestamp() for row in rows], dtype=float)
    gateway = np.array([numbers.get(row[6], -1) for row in rows], dtype=np.int64)
    return silence.Fleet(last, usual, column(4, 0.0), column(5, 0.02), gateway, column(7, -1.0), column(8, 0.0))


def _keep_devices(rows: Sequence[Any], verdict: silence.Verdict, with_whom: Sequence[str]) -> None:
    changed = []
    for at, row in enumerate(rows):
        silent, sure = bool(verdict.silent[at]), bool(verdict.sure[at])
        wanted = (row[1] if silent else None, sure, with_whom[at] if silent else "")
        if tuple(row[9:12]) != wanted:
            changed.append((connection.ops.adapt_datetimefield_value(wanted[0]), *wanted[1:], row[0]))
    for start in range(0, len(changed), DEVICES_AT_ONCE):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE devices_health SET silent_since = %s, silent_sure = %s, silent_with = %s WHERE device_id = %s",
                changed[start : start + DEVICES_AT_ONCE],
            )


def _is_back(gateway: Gateway, when: datetime) -> None:
    gateway.was_silent_since, gateway.back_at = gateway.silent_since, when
    gateway.silent_since, gateway.devices_silent = None, 0
    gateway.save()


def _keep_gateways(gateways: dict[str, Gateway], storms: Sequence[Storm], with_whom: Sequence[str]) -> None:
    counts = Counter(with_whom)
    for storm in storms:
        for name in storm.gateways or (silence.EVERYTHING,):
            gateway = gateways.get(name) or Gateway(address=name, last_seen=storm.since)
            gateway.silent_since = gateway.silent_since or storm.since
            gateway.devices_silent = counts[name]
            gateway.save()


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else round((moment - _EPOCH) / timedelta(microseconds=1))
