"""Who fell silent, told from whole fleets as arrays: each device by its own rhythm, and a gateway that is down once.

Nothing here reads a database or a clock.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

EVERYTHING = "*"
# A device counts as surely silent when lost frames alone would raise it less than once in fifty weeks.
_FALSE_A_WEEK = 0.02
_WEEK_S = 7 * 86_400
_MOST_INTERVALS = 8
_LOSS_FRAMES = 100
_UNKNOWN_S = 86_400.0
_FEWEST_TOGETHER = 5
_SHARE_TOGETHER, _SHARE_EVERYTHING = 0.3, 0.7
_FEWEST_GATEWAYS = 3
_MARGIN, _LONGEST_MARGIN_S, _SHORTEST_MARGIN_S = 0.1, 600.0, 5.0

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Fleet:
    """One position a device. Times in seconds since 1970; `usual` 0 where no rhythm was learnt.

    `gateway` numbers the gateway that hears it best, -1 for none. `pause_minute` is -1 without a daily pause.
    """

    last: Floats
    usual: Floats
    spread: Floats
    loss: Floats
    gateway: NDArray[np.int64]
    pause_minute: Floats
    pause: Floats


@dataclass(frozen=True)
class Storm:
    """Devices that fell silent together: behind one gateway, several, or all there are (`gateways` empty)."""

    gateways: tuple[int, ...]
    devices: NDArray[np.int64]
    since: float


@dataclass(frozen=True)
class Verdict:
    """`silent`: two frames or more did not come; `sure`: lost frames don't explain it. Storms hold some of them."""

    silent: Flags
    sure: Flags
    storms: tuple[Storm, ...]


@dataclass(frozen=True)
class Past:
    """A storm that is over: `gateway` -1 was all that came in; from `began` to `back`."""

    gateway: int
    began: float
    back: float


def judge_with_past(
    now: float, fleet: Fleet, down: Mapping[int, float], past: Sequence[Past]
) -> tuple[Verdict, tuple[Past, ...]]:
    """Who is silent at `now`, and which of the gateways that were `down` (since when; -1: all) are back.

    After a storm each device has two intervals of its own again before it counts as silent by itself: else those not
    heard yet would be raised one by one just when all is well.
    """
    verdict = judge(now, _excused(fleet, past))
    whole = next((storm for storm in verdict.storms if not storm.gateways), None)
    if whole is not None:
        return replace(verdict, storms=(whole, *_down_before(fleet, verdict, whole, down))), ()
    still = {gateway for storm in verdict.storms for gateway in storm.gateways}
    back = tuple(Past(gateway, began, now) for gateway, began in down.items() if gateway not in still)
    return (judge(now, _excused(fleet, (*past, *back))) if back else verdict), back


def _down_before(fleet: Fleet, verdict: Verdict, whole: Storm, down: Mapping[int, float]) -> Iterator[Storm]:
    """Gateways that were down when all else went: their devices are still theirs, not silent one by one."""
    left = verdict.silent.copy()
    left[whole.devices] = False
    reach = 2 * np.maximum(fleet.usual, 60.0)
    for gateway, began in down.items():
        theirs = left & (fleet.gateway == gateway) & (fleet.last <= began) & (fleet.last > began - reach)
        if gateway >= 0 and theirs.any():
            yield Storm((gateway,), np.flatnonzero(theirs), began)


def _excused(fleet: Fleet, past: Sequence[Past]) -> Fleet:
    counted = fleet.last.copy()
    reach = 2 * np.maximum(fleet.usual, 60.0)
    for one in past:
        behind = (fleet.gateway == one.gateway) | (one.gateway < 0)
        excused = behind & (fleet.last < one.back) & (fleet.last > one.began - reach)
        counted[excused] = np.maximum(counted[excused], one.back)
    return replace(fleet, last=counted)


def judge(now: float, fleet: Fleet) -> Verdict:
    """Who is silent at `now`.

    A device is silent once two of its usual intervals have passed and it is late for the second one by a margin (its
    own spread, a tenth of the interval, ten minutes at most). It is surely so after as many intervals as make a run of
    lost frames unlikely at its own rate of loss. Late devices that all went quiet around one instant, while few others
    behind the same gateway were heard after it, are one storm; three gateways that did so are one, too.
    """
    usual = np.where(fleet.usual > 0, fleet.usual, _UNKNOWN_S)
    margin = np.maximum(np.clip(usual * _MARGIN, _SHORTEST_MARGIN_S, _LONGEST_MARGIN_S), 3 * fleet.spread)
    quiet = now - fleet.last - _pauses(fleet)
    silent = quiet > 2 * usual + margin
    sure = silent & (quiet > _intervals(fleet.loss, usual) * usual + margin)
    if not silent.any():
        return Verdict(silent, sure, ())
    due = fleet.last + usual + margin + _pauses(fleet)
    return Verdict(silent, sure, _storms(now, fleet, silent, due))


def _pauses(fleet: Fleet) -> Floats:
    """Seconds of its daily pause, for a device last heard about when that pause begins; 0 for others."""
    minute = (fleet.last // 60) % 1440
    apart = np.abs(minute - fleet.pause_minute)
    begins = (fleet.pause_minute >= 0) & (np.minimum(apart, 1440 - apart) <= 90)
    return np.where(begins, fleet.pause * 1.1, 0.0)


def _intervals(loss: Floats, usual: Floats) -> Floats:
    """The least n with loss^n x frames a week <= once in fifty weeks; 2 at least, 8 at most.

    The loss is learnt from some hundred frames: what it may be at worst counts.
    """
    at_worst = np.clip(loss + np.sqrt(loss * (1 - loss) / _LOSS_FRAMES), 1e-6, 0.9)
    wanted = np.log(_FALSE_A_WEEK * usual / _WEEK_S) / np.log(at_worst)
    return np.clip(np.ceil(wanted), 2, _MOST_INTERVALS)


def _storms(now: float, fleet: Fleet, silent: Flags, due: Floats) -> tuple[Storm, ...]:
    late = due < now
    everything = _together(fleet.last, due, late, np.arange(len(late)), _SHARE_EVERYTHING)
    if everything is not None and len(everything[1]) >= max(_FEWEST_TOGETHER, 0.02 * len(late)):
        instant, who = everything
        # A gateway that carries most of the fleet is itself, unless others went with it.
        if len(np.unique(fleet.gateway[who])) > 1 or fleet.gateway[who[0]] < 0:
            return (Storm((), who, _since(fleet.last[who], instant)),)
    found: list[tuple[int, float, NDArray[np.int64]]] = []
    order = np.argsort(fleet.gateway, kind="stable")
    starts = np.flatnonzero(np.diff(fleet.gateway[order], prepend=-2, append=-2))
    for begin, end in pairwise(starts):
        behind = order[begin:end]
        gateway = int(fleet.gateway[behind[0]])
        if gateway < 0:
            continue
        one = _together(fleet.last, due, late, behind, _SHARE_TOGETHER)
        if one is not None:
            found.append((gateway, *one))
    # Devices that are late already tell early that several gateways belong together.
    return tuple(storm for storm in _joined(fleet, due, found) if silent[storm.devices].any())


def _together(
    last: Floats, due: Floats, late: Flags, among: NDArray[np.int64], share: float
) -> tuple[float, NDArray[np.int64]] | None:
    """The instant that most late devices went quiet around, and who they are; None when few did or others were heard.

    Each late one went quiet between its last frame and the one it owed: the instant that most such spans hold is found
    by sweeping over their ends.
    """
    those = among[late[among]]
    if len(those) < _FEWEST_TOGETHER:
        return None
    begins, ends = np.sort(last[those]), np.sort(due[those])
    # Spans open at begins[k]: k+1 begun, less those that ended before.
    open_now = np.arange(1, len(begins) + 1) - np.searchsorted(ends, begins, side="left")
    best = int(np.argmax(open_now))
    instant = float(begins[best])
    who = those[(last[those] <= instant) & (due[those] >= instant)]
    heard = int((last[among] > instant).sum())
    if len(who) < _FEWEST_TOGETHER or len(who) < share * (len(who) + heard):
        return None
    # And those that had lost one frame just before it.
    owed = due[those] + (due[those] - last[those])
    return instant, those[(last[those] <= instant) & (owed >= instant)]


def _joined(fleet: Fleet, due: Floats, found: list[tuple[int, float, NDArray[np.int64]]]) -> tuple[Storm, ...]:
    """Gateways that fell silent around one instant, three at least, are one storm: what they hang on is down."""
    storms = []
    rest = sorted(found, key=lambda one: one[1])
    while rest:
        # From the earliest: all whose devices' spans mostly hold its instant or were quiet just before.
        _gateway, instant, who = rest[0]
        reach = float(np.median(due[who] - fleet.last[who]))
        alike = [one for one in rest if one[1] - instant <= reach]
        if len(alike) < _FEWEST_GATEWAYS:
            alike = rest[:1]
        names = {one[0] for one in alike}
        rest = [one for one in rest if one[0] not in names]
        devices = np.concatenate([one[2] for one in alike])
        latest = max(one[1] for one in alike)
        storms.append(Storm(tuple(sorted(names)), devices, _since(fleet.last[devices], latest)))
    return tuple(storms)


def _since(last: Floats, instant: float) -> float:
    """When it began, at the earliest: the last frame that came from any of them."""
    return float(last[last <= instant].max()) if len(last) else math.nan
