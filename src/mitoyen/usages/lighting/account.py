"""What a commune's lighting did not use, and the darkness it gave back, against lamps lit all night.

The reference is declared, not measured: each lamp at its full power from the end of civil twilight (or the operator's
lux rule) to its beginning. Only hours that were read count, and of hours without light only those that a decree told
of: a lamp that is out saves nothing. So this is an estimate against a declared reference; it is never called proven.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import paris_day_of
from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group, Subject
from mitoyen.operate.shown import Number, Shown
from mitoyen.operate.windows import Bools, Floats, number
from mitoyen.usages.lighting import sky
from mitoyen.usages.lighting.lamps import AGREE_STEPS, CABINET, LAMP, POWER, STEPS_AN_HOUR, Board, board_of

# Half-widths at 90 %: power on the plate, meters in lamps, and minutes by which lamps follow twilight.
PLATE, METER, TWILIGHT_MINUTES = 0.10, 0.03, 10.0
# A cabinet read as a whole is lit above this share of its power: cameras and shelters go on.
CABINET_LIT = 0.3
STEP_H = 1 / STEPS_AN_HOUR
ROWS = 15


@dataclass
class Count:
    """Sums over one cabinet (kWh, hours of lamps): what was saved how, and what that rests on."""

    name: str
    lamps: int = 0
    switched_off: float = 0.0
    dimmed: float = 0.0
    by_day: float = 0.0
    reference: float = 0.0
    reference_lit: float = 0.0
    used_lit: float = 0.0
    twilight: float = 0.0
    heard_h: float = 0.0
    night_h: float = 0.0
    sunset_h: float = 0.0
    gained_h: float = 0.0
    dark_h: float = 0.0
    streams: list[int] = field(default_factory=list)


def saved(show: Show, groups: Iterable[Group]) -> Shown | None:
    """kWh that switching off and dimming spared over the window, and those burnt by day."""
    counts, first, last = _counted(groups)
    if not counts or first is None or last is None:
        return None
    off, dim, day = (sum(getattr(one, name) for one in counts) for name in ("switched_off", "dimmed", "by_day"))
    reference, lit, used = (
        sum(getattr(one, name) for one in counts) for name in ("reference", "reference_lit", "used_lit")
    )
    half_off = PLATE * off
    # What the plate says wrongly is wrong of all lamps alike; the twilight's minutes too.
    half_dim = float(np.sqrt((PLATE * lit) ** 2 + (METER * used) ** 2 + sum(one.twilight for one in counts) ** 2))
    half = float(np.hypot(half_off, half_dim))
    total = off + dim
    rows = sorted(counts, key=lambda one: -(one.switched_off + one.dimmed))[:ROWS]
    return Shown(
        numbers=(
            Number("saved", total, "kWh", total - half, total + half),
            Number("switched_off", off, "kWh", off - half_off, off + half_off),
            Number("dimmed", dim, "kWh", dim - half_dim, dim + half_dim),
            Number("by_day", day, "kWh", day * (1 - METER), day * (1 + METER)),
        ),
        first=first,
        last=last,
        heard=_heard(counts),
        rows=tuple((one.name, float(one.lamps), one.switched_off, one.dimmed) for one in rows),
        facts={
            "lamps": sum(one.lamps for one in counts),
            "percent": 100 * total / reference if reference else None,
            "reference": reference,
        },
        datastreams=tuple(stream for one in counts for stream in one.streams),
    )


def darkness(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Hours between sunset and sunrise without light, a night and lamp; and how many more than with light all night."""
    counts, first, last = _counted(groups)
    heard = sum(one.heard_h for one in counts)
    night = sum(one.night_h for one in counts)
    if not counts or first is None or last is None or heard <= 0:
        return None
    nights = max((last - first).days, 1)
    lamp_nights = nights * sum(one.lamps for one in counts)
    # Hours that were not read are taken as those that were.
    scale = night / heard / lamp_nights
    gained = sum(one.gained_h for one in counts) * scale
    dark = sum(one.dark_h for one in counts) * scale + (sum(one.sunset_h for one in counts) - night) / lamp_nights
    half = 2 * TWILIGHT_MINUTES / 60
    by_gain = sorted(counts, key=lambda one: -one.gained_h / max(one.heard_h, 1.0))[:ROWS]
    return Shown(
        numbers=(
            Number("gained", gained, "h", max(0.0, gained - half), gained + half),
            Number("dark", dark, "h", max(0.0, dark - half), dark + half),
        ),
        first=first,
        last=last,
        heard=_heard(counts),
        rows=tuple(
            (one.name, float(one.lamps), one.gained_h * one.night_h / max(one.heard_h, 1e-9) / one.lamps / nights)
            for one in by_gain
        ),
        facts={"lamps": sum(one.lamps for one in counts), "nights": nights},
        datastreams=tuple(stream for one in counts for stream in one.streams),
    )


def _counted(groups: Iterable[Group]) -> tuple[list[Count], dt.date | None, dt.date | None]:
    counts: dict[str, Count] = {}
    first: dt.date | None = None
    last: dt.date | None = None
    for group in groups:
        for board, name, lamps in _boards(group):
            _count(board, counts.setdefault(name, Count(name)), lamps)
            days = paris_day_of(board.bounds[[0, -1]])
            first = min(first or days[0].astype(dt.date), days[0].astype(dt.date))
            last = max(last or days[1].astype(dt.date), days[1].astype(dt.date))
    return [one for one in counts.values() if one.heard_h > 0], first, last


def _boards(group: Group) -> Iterator[tuple[Board, str, int]]:
    """Lamps on their cabinet's board; a cabinet read as a whole as if it were one lamp."""
    for one in group.subjects:
        if one.kind == CABINET and one.attributes.get("reads") == "cabinet":
            board = board_of(replace(group, subjects=(replace(one, kind=LAMP),), parent=one))
            lit = board.heard & (board.watts > CABINET_LIT * board.full[:, None])
            yield replace(board, lit=lit), one.name, int(number(one.attributes, "lamps") or 1)
    lamps = tuple(one for one in group.subjects if one.kind == LAMP and POWER in one.windows)
    if lamps:
        board = board_of(replace(group, subjects=lamps))
        yield board, board.cabinet.name if board.cabinet else lamps[0].name, 0


def _count(board: Board, into: Count, lamps: int) -> None:
    """Add a board's lamps to a count; `lamps` that one row stands for, 0 for one each."""
    told = board.cabinet or board.lamps[0]
    night = _night_shares(board, told, sky.depression(told.attributes))
    sunset = _night_shares(board, told, 0.0)
    first, last = _days(board)
    decreed = sky.overlap(board.bounds, *sky.decree(told.attributes, first, last)) > 0.5
    nights = max(1, (last - first).days - 3)
    for row, lamp in enumerate(board.lamps):
        full = number(lamp.attributes, "power_w") or float(board.full[row])
        # Between two readings a lamp is what the nearer one says.
        nearest, read = _nearest(board.heard[row])
        on = read & board.lit[row, nearest]
        reference = full * night * STEP_H / 1000
        used = np.where(read, np.nan_to_num(board.watts[row, nearest]), 0.0) * STEP_H / 1000
        lit = on & (night > 0)
        dark = read & ~on & (night > 0)
        times = lamps or 1
        into.lamps += times
        into.switched_off += float((reference - used)[dark & decreed].sum())
        into.dimmed += float((reference - used * night)[lit].sum())
        into.by_day += float(used[on & board.light].sum())
        into.reference += float(reference[read].sum())
        into.reference_lit += float(reference[lit].sum())
        into.used_lit += float((used * night)[lit].sum())
        into.twilight += full / 1000 * nights * 2 * TWILIGHT_MINUTES / 60 * (1.0 if _dims(board, row) else 0.2)
        into.heard_h += float(night[read].sum()) * STEP_H * times
        into.night_h += float(night.sum()) * STEP_H * times
        into.sunset_h += float(sunset.sum()) * STEP_H * times
        into.gained_h += float(night[dark & decreed].sum()) * STEP_H * times
        into.dark_h += float(night[dark].sum()) * STEP_H * times
        into.streams.append(lamp.windows[POWER].datastream)


def _nearest(heard: Bools) -> tuple[NDArray[np.intp], Bools]:
    """Each step's nearest reading, and whether it lies between two that are close enough to speak for it."""
    place = np.arange(len(heard))
    before = np.maximum.accumulate(np.where(heard, place, -1))
    after = np.minimum.accumulate(np.where(heard, place, len(heard))[::-1])[::-1]
    inside = (before >= 0) & (after < len(heard)) & (after - before <= AGREE_STEPS)
    return np.where(inside, np.where(place - before <= after - place, before, after), 0), inside


def _dims(board: Board, row: int) -> bool:
    lit = board.watts[row, board.lit[row] & board.dark]
    return bool(len(lit)) and float(np.percentile(lit, 25)) < 0.8 * float(board.full[row])


def _night_shares(board: Board, told: Subject, degrees: float) -> Floats:
    """Share of each step within the night, the sun so far down."""
    first, last = _days(board)
    return sky.overlap(board.bounds, *sky.nights(first, last, told.longitude, told.latitude, degrees))


def _days(board: Board) -> tuple[dt.date, dt.date]:
    first, last = (day.astype(dt.date) for day in paris_day_of(board.bounds[[0, -1]]))
    return first - dt.timedelta(days=2), last + dt.timedelta(days=1)


def _heard(counts: list[Count]) -> float | None:
    night = sum(one.night_h for one in counts)
    return min(1.0, sum(one.heard_h for one in counts) / night) if night else None
