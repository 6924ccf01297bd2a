"""What one device's frames, gathered over some seconds, change in what is known of its health."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

import msgspec

from mitoyen.connect.devices import battery, rhythm

SAME_FRAME_US = 300_000_000
EMPTY_PERCENT = 10.0
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_STRONGER_DB = 3.0
_DRIFT_WEIGHT = 0.3
_LONG_PAUSE_S, _LONGEST_PAUSE_S = 3_600, 36 * 3_600


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One frame as far as health goes. `device`: its number, or the address that it is registered under.

    Times in microseconds since 1970; `received` is the receipt, `time` the device's own clock where it has one.
    `battery` in percent, `volts` in volts, `rssi` in dBm, `snr` in dB, degrees of the gateway in WGS 84.
    """

    device: int | str
    received: int
    counter: int | None = None
    battery: float | None = None
    volts: float | None = None
    gateway: str = ""
    rssi: float | None = None
    snr: float | None = None
    longitude: float | None = None
    latitude: float | None = None
    time: int | None = None


@dataclass(slots=True)
class State:
    """A row of the health table, times in microseconds, days as ordinals."""

    last_seen: int | None = None
    last_counter: int | None = None
    frames: int = 0
    missed: int = 0
    usual_interval_s: float | None = None
    spread_s: float = 0.0
    loss: float = rhythm.LOSS_AT_FIRST
    gaps: list[float] = field(default_factory=list)
    pauses: list[list[float]] = field(default_factory=list)
    pause_minute: int | None = None
    pause_s: float | None = None
    battery_percent: float | None = None
    battery_volts: float | None = None
    battery_trail: list[list[float]] = field(default_factory=list)
    battery_ends: date | None = None
    battery_ends_from: date | None = None
    battery_ends_to: date | None = None
    rssi: float | None = None
    snr: float | None = None
    gateway: str = ""
    clock_drift_s: float | None = None

    def values(self) -> list[Any]:
        return [getattr(self, name) for name in FIELDS]


FIELDS = tuple(State.__dataclass_fields__)


def merge(state: State, frames: Sequence[Seen], empty_volts: float | None = None) -> None:
    """Take frames of one device into its state. `empty_volts`: where its model's battery no longer serves."""
    ordered = sorted(_as_sent(frames), key=_receipt) if len(frames) > 1 else frames
    for seen in ordered:
        _one(state, seen)
    state.usual_interval_s, state.spread_s = rhythm.usual(state.gaps)
    _signal(state, ordered)
    _clock(state, ordered)
    _battery(state, ordered, empty_volts)


def _as_sent(frames: Sequence[Seen]) -> Sequence[Seen]:
    """Frames that came all at once, from a file or after an outage, as if each had come at its own time."""
    times = [seen.time for seen in frames if seen.time is not None]
    if len(frames) < 3 or len(times) < len(frames):
        return frames
    sent, came = max(times) - min(times), max(map(_receipt, frames)) - min(map(_receipt, frames))
    if sent < 60_000_000 or came > sent / 20:
        return frames
    return [msgspec.structs.replace(seen, received=seen.time, time=None) for seen in frames]


def _receipt(seen: Seen) -> int:
    return seen.received


def _one(state: State, seen: Seen) -> None:
    last = state.last_seen
    if last is None:
        state.frames, state.last_seen, state.last_counter = 1, seen.received, seen.counter
        return
    passed = seen.received - last
    if seen.counter is not None and seen.counter == state.last_counter and abs(passed) < SAME_FRAME_US:
        return
    state.frames += 1
    if passed <= 0:
        return
    gap = passed / 1e6
    lost = rhythm.lost_between(state.last_counter, seen.counter)
    state.missed += lost
    state.last_seen = seen.received
    if state.last_counter is None or seen.counter is None:
        lost = rhythm.lost_by_gap(gap, state.usual_interval_s, state.spread_s)
    state.last_counter = seen.counter if seen.counter is not None else state.last_counter
    state.loss = rhythm.loss_after(state.loss, lost)
    if gap >= 0.5:
        state.gaps = [*state.gaps, round(gap / (lost + 1), 1)][-rhythm.GAPS_KEPT :]
    _pause(state, last, gap)


def _pause(state: State, last: int, gap: float) -> None:
    """Keep a long pause: one that comes back each day is no silence."""
    usual = state.usual_interval_s
    if usual is None or not _LONG_PAUSE_S <= gap <= _LONGEST_PAUSE_S or gap < 3 * usual:
        return
    day, minute = last // _DAY_US, last // 60_000_000 % 1440
    state.pauses = [*state.pauses, [float(day), float(minute), round(gap, 0)]][-rhythm.PAUSES_KEPT :]
    state.pause_minute, state.pause_s = rhythm.daily_pause(state.pauses, day)


def _signal(state: State, frames: Sequence[Seen]) -> None:
    """The gateway that hears it best: the one that did is kept unless another is clearly stronger or it is gone."""
    heard = [seen for seen in frames if seen.gateway]
    if not heard:
        return
    best = max(heard, key=_strength)
    if best.gateway != state.gateway:
        ours = [seen for seen in heard if seen.gateway == state.gateway]
        kept = max(ours, key=_strength) if ours else None
        if kept is not None and _strength(best) < _strength(kept) + _STRONGER_DB:
            best = kept
    state.gateway, state.rssi, state.snr = best.gateway, best.rssi, best.snr


def _strength(seen: Seen) -> float:
    return -999.0 if seen.rssi is None else seen.rssi


def _clock(state: State, frames: Sequence[Seen]) -> None:
    drifts = [(seen.time - seen.received) / 1e6 for seen in frames if seen.time is not None]
    if drifts:
        new = median(drifts)
        old = state.clock_drift_s
        # A clock that was set right is believed at once; a frame that was slow on its way is not.
        close = old is not None and abs(new - old) < 60
        state.clock_drift_s = round(old + _DRIFT_WEIGHT * (new - old) if close and old is not None else new, 3)


def _battery(state: State, frames: Sequence[Seen], empty_volts: float | None) -> None:
    percents = [(seen.received, seen.battery) for seen in frames if seen.battery is not None]
    volts = [(seen.received, seen.volts) for seen in frames if seen.volts is not None]
    if percents:
        state.battery_percent = percents[-1][1]
    if volts:
        state.battery_volts = volts[-1][1]
    # A trail is of one sort: volts only from a device that never says percent.
    if percents:
        _trail(state, *percents[-1], EMPTY_PERCENT)
    elif volts and state.battery_percent is None:
        _trail(state, *volts[-1], empty_volts)


def _trail(state: State, received: int, value: float, empty: float | None) -> None:
    day = received // _DAY_US + _EPOCH_DAY
    latest = state.battery_trail[-1][0] if state.battery_trail else 0
    if day < latest:
        return
    state.battery_trail = battery.trail_with(state.battery_trail, day, float(value))
    if day > latest:
        end = battery.end_of(state.battery_trail, empty) if empty is not None else None
        state.battery_ends = end.day if end else None
        state.battery_ends_from, state.battery_ends_to = (end.first, end.last) if end else (None, None)
