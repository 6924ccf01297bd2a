"""Lamps that are out or lit by day, and a cabinet's fault told once for all its lamps.

What lamps draw is laid on quarters of an hour. A lamp is known to be out only while its neighbours on the same cabinet
are lit: a decree, a schedule that nobody declared, a power cut and a dimmed hour accuse no lamp.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import Times
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting, Subject
from mitoyen.operate.windows import HOUR, Bools, Floats, before_fault, hours, local, means, moment, number, trailing
from mitoyen.usages.lighting import sky

LAMP, CABINET, POWER = "street_lamp", "cabinet", "power"
# A driver that stands by, a transmitter: up to this many watts, or this share of the lamp's own, is no light.
STAND_BY_W, STAND_BY_SHARE = 1.5, 0.06
# Twilight switches are minutes apart; fog lights lamps before their hour; a clock in a cabinet drifts.
DARK_MINUTES, DAY_MINUTES, CLOCK_MINUTES = 10, 60, 5
LEAST_LAMPS, LEAST_NIGHTS = 3, 3
# So few of a cabinet's lamps lit, the cabinet is dark; a circuit's fault leaves more.
DARK_SHARE = 0.19
STEP, STEPS_AN_HOUR = HOUR // 4, 4
# Between two readings that agree, so far apart at most, a lamp is what both say.
AGREE_STEPS = 10
# A cabinet's light is seen from so many watts on, and so many times what else hangs on it wavers by; one reading is
# enough from SURE_NOISES on, else so many together.
LEAST_W, LEAST_NOISES, SURE_NOISES, MOST_TOGETHER = 20.0, 3.0, 7.0, 6
# Lit by day and meant to be, or by people who come to play.
DAYLIGHT_PLACES = ("underpass", "sports")


@dataclass(frozen=True, slots=True)
class Board:
    """Lamps (rows) by quarters of an hour (columns): watts, what was read, and when it is surely dark or light.

    `lit` of what is `heard`; `on` of what is `known`: between two readings that agree, too. `every` is a lamp's usual
    time between readings, in hours; `night` numbers nights from noon to noon, `quarter` is the time
    on the clock, 0 to 95.
    """

    lamps: tuple[Subject, ...]
    cabinet: Subject | None
    bounds: Times
    watts: Floats
    full: Floats
    every: Floats
    lit: Bools
    heard: Bools
    on: Bools
    known: Bools
    cabinet_watts: Floats
    dark: Bools
    light: Bools
    decreed: Bools
    night: NDArray[np.int64]
    quarter: NDArray[np.int64]


def lamp_out(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Lamps dark for the last `hours` in which they should have been lit; not those of a faulty cabinet."""
    board = board_of(group)
    runs = _dark_runs(board)
    told = {lamp for _since, _last, lamps in _cabinet_faults(rule, board, runs) for lamp in lamps}
    for row, lamp in enumerate(board.lamps):
        run, lasted = runs[row], len(runs[row]) * board.every[row]
        if row in told or lasted < rule.thresholds["hours"]:
            continue
        yield Sighting(
            lamp.thing,
            moment(board.bounds[run[0]]),
            moment(board.bounds[run[-1] + 1]),
            sure=min(0.99, 0.8 + 0.03 * lasted),
            observed_property=POWER,
            facts={"dark_hours": round(lasted), "watts": float(np.nanmean(board.watts[row, run]))},
        )


def cabinet_fault(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """A cabinet that lost its light, or a part of it at once: one fault, which covers its lamps."""
    board = board_of(group)
    if board.cabinet is None:
        return
    for since, last, lamps in _cabinet_faults(rule, board, _dark_runs(board)):
        covered = tuple(board.lamps[row].thing for row in sorted(lamps))
        yield Sighting(
            board.cabinet.thing,
            moment(board.bounds[since]),
            moment(board.bounds[last + 1]),
            sure=0.95 if len(covered) > LEAST_LAMPS else 0.85,
            observed_property=POWER,
            facts={"lamps": len(covered), "of": len(board.lamps)},
            covers=covered,
        )
        return


def lit_by_day(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Lamps lit for `hours` of full daylight on end, longer than a crew needs them; most of a cabinet's: one fault."""
    board = board_of(group)
    runs = {
        row: _on_end(trailing(board.lit[row], board.heard[row] & board.light), board)
        for row, lamp in enumerate(board.lamps)
        if lamp.attributes.get("place") not in DAYLIGHT_PLACES
    }
    lasted = {row: len(run) * board.every[row] for row, run in runs.items() if len(run)}
    long = [row for row, span in lasted.items() if span >= rule.thresholds["hours"]]
    if not long:
        return
    # One lamp has reached its hours: the others may lack a reading.
    most = max(LEAST_LAMPS, rule.thresholds["share"] * len(board.lamps))
    if board.cabinet is not None and len(lasted) >= most:
        yield _by_day(board, board.cabinet, sorted(lasted), runs, max(lasted.values()))
        return
    for row in long:
        yield _by_day(board, board.lamps[row], [row], runs, lasted[row])


def _by_day(
    board: Board, thing: Subject, rows: list[int], runs: dict[int, NDArray[np.intp]], lasted: float
) -> Sighting:
    wasted = sum(float(board.watts[row, runs[row]].sum() * board.every[row]) for row in rows) / 1000
    first, last = min(runs[row][0] for row in rows), max(runs[row][-1] for row in rows)
    return Sighting(
        thing.thing,
        moment(board.bounds[first]),
        moment(board.bounds[last + 1]),
        sure=0.95 if len(rows) > 1 else 0.9,
        observed_property=POWER,
        facts={"lamps": len(rows), "day_hours": round(lasted), "kwh": wasted},
        covers=tuple(board.lamps[row].thing for row in rows if board.lamps[row].thing != thing.thing),
    )


def cabinet_drop(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Cabinets whose lamps are not read one by one: less power than on other nights, from dusk on, for `hours`.

    A new schedule lowers late hours only; a lost circuit lowers all of them.
    """
    for board, cabinet, every in _cabinets(group):
        read = np.isfinite(board.cabinet_watts)
        by_day = board.cabinet_watts[read & board.light]
        # Cameras and shelters, which a lost circuit does not stop.
        watts = board.cabinet_watts - (float(np.median(by_day)) if len(by_day) else 0.0)
        known = read & board.dark & ~board.decreed
        run, usual = _below_usual(watts, known, board, 1 - rule.thresholds["share"])
        if len(run) * every < rule.thresholds["hours"]:
            continue
        lost = 1 - float(np.median(watts[run] / usual[run]))
        yield Sighting(
            cabinet.thing,
            moment(board.bounds[run[0]]),
            moment(board.bounds[run[-1] + 1]),
            sure=0.95 if lost > 0.9 else 0.8,
            observed_property=POWER,
            facts={"percent": 100 * lost, "watts": float(np.median(watts[run])), "of": float(np.median(usual[run]))},
        )


def day_power(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Cabinets whose lamps are not read one by one: by day they draw `share` of a night's power for `hours` on end."""
    for board, cabinet, every in _cabinets(group):
        watts, known = board.cabinet_watts, np.isfinite(board.cabinet_watts)
        past = known & before_fault(cabinet, board.bounds[:-1])
        at_night = watts[past & ~board.light]
        if not len(at_night):
            continue
        full = max(float(np.percentile(at_night, 99)), number(cabinet.attributes, "power_w") or 0.0)
        # What never stops (cameras, shelters) is no light, even where a decree leaves no lit hour to compare with.
        base = float(np.percentile(watts[past], 10))
        limit = max(20.0, rule.thresholds["share"] * full, 2 * base)
        run = _on_end(trailing(watts > limit, known & board.light), board)
        lasted = len(run) * every
        if lasted < rule.thresholds["hours"]:
            continue
        percent = 100 * float(watts[run].mean()) / full
        facts = {"day_hours": round(lasted), "kwh": float(watts[run].mean()) * lasted / 1000, "percent": percent}
        first, until = moment(board.bounds[run[0]]), moment(board.bounds[run[-1] + 1])
        yield Sighting(cabinet.thing, first, until, 0.9, "", POWER, facts)


def _cabinets(group: Group) -> Iterator[tuple[Board, Subject, float]]:
    """Cabinets read as a whole, each on its board, with its usual time between readings in hours."""
    for cabinet in group.subjects:
        if cabinet.kind == CABINET and cabinet.attributes.get("reads") == "cabinet":
            board = board_of(Group((), group.start, group.now, cabinet))
            yield board, cabinet, _every(np.isfinite(board.cabinet_watts))


def board_of(group: Group) -> Board:
    """The group's lamps on the quarters of an hour of its window."""
    lamps = tuple(one for one in group.subjects if one.kind == LAMP)
    cabinet = group.parent or next((one for one in group.subjects if one.kind == CABINET), None)
    if cabinet is not None and cabinet.kind != CABINET:
        cabinet = None
    bounds = hours(group.start, group.now, STEP)
    watts = np.array([means(lamp.windows.get(POWER), bounds) for lamp in lamps]).reshape(len(lamps), len(bounds) - 1)
    dark, light, decreed = _sky(bounds, cabinet, lamps)
    full = _full(lamps, watts, dark)
    heard = np.isfinite(watts)
    lit = heard & (watts > np.maximum(STAND_BY_W, STAND_BY_SHARE * full)[:, None])
    on, known = _between(lit, heard)
    days, hour = local(bounds)
    within_hour = ((bounds[:-1] - bounds[:-1].astype("M8[h]")) // STEP).astype(np.int64)
    return Board(
        lamps=lamps,
        cabinet=cabinet,
        bounds=bounds,
        watts=watts,
        full=full,
        every=np.array([_every(row) for row in heard]),
        lit=lit,
        heard=heard,
        on=on,
        known=known,
        cabinet_watts=means(cabinet.windows.get(POWER) if cabinet else None, bounds),
        dark=dark,
        light=light,
        decreed=decreed,
        night=(days - np.datetime64("1970-01-01")).astype(np.int64) - (hour < 12),
        quarter=STEPS_AN_HOUR * hour + within_hour,
    )


def _sky(bounds: Times, cabinet: Subject | None, lamps: tuple[Subject, ...]) -> tuple[Bools, Bools, Bools]:
    """Steps that are surely dark, surely light, and without light by decree."""
    told = cabinet or next(iter(lamps), None)
    place = next((one for one in (*lamps[:1], cabinet) if one is not None and one.longitude is not None), None)
    where = (place.longitude, place.latitude) if place else (None, None)
    first = bounds[0].astype("M8[D]").astype(dt.date) - dt.timedelta(days=2)
    last = bounds[-1].astype("M8[D]").astype(dt.date) + dt.timedelta(days=1)
    margin, wide, clock = map(sky.minutes, (DARK_MINUTES, DAY_MINUTES, CLOCK_MINUTES))
    dusk, dawn = sky.nights(first, last, *where, sky.CIVIL)
    sunset, sunrise = sky.nights(first, last, *where, 0.0)
    off, on = sky.decree(told.attributes if told else {}, first, last)
    decreed = sky.overlap(bounds, off - clock, on + clock) > 0
    light = sky.within(bounds, sunrise[:-1] + wide, sunset[1:] - wide)
    return sky.within(bounds, dusk + margin, dawn - margin), light, decreed


def _every(heard: Bools) -> float:
    """Usual hours between readings, a quarter to one: what one reading speaks for."""
    steps = np.diff(np.flatnonzero(heard))
    return float(np.clip(np.median(steps), 1, STEPS_AN_HOUR)) / STEPS_AN_HOUR if len(steps) else 1.0


def _between(lit: Bools, heard: Bools) -> tuple[Bools, Bools]:
    """What lamps are when they are read, and between two readings that agree: (on, known)."""
    size = heard.shape[1]
    place = np.broadcast_to(np.arange(size), heard.shape)
    before = np.maximum.accumulate(np.where(heard, place, -1), axis=1)
    after = np.minimum.accumulate(np.where(heard, place, size)[:, ::-1], axis=1)[:, ::-1]
    inside = (before >= 0) & (after < size) & (after - before <= AGREE_STEPS)
    rows = np.arange(len(heard))[:, None]
    was, will = lit[rows, np.maximum(before, 0)], lit[rows, np.minimum(after, size - 1)]
    known = inside & (was == will)
    return known & was, known


def _full(lamps: tuple[Subject, ...], watts: Floats, dark: Bools) -> Floats:
    """Watts of each lamp fully lit: what it drew on the best of its dark hours, or as rated, or as its peers."""
    own = np.zeros(len(lamps))
    for row in range(len(lamps)):
        known = watts[row, dark & np.isfinite(watts[row])]
        own[row] = np.percentile(known, 90) if len(known) else 0.0
    lit = own[own > 2 * STAND_BY_W]
    peers = float(np.median(lit)) if len(lit) else 0.0
    rated = np.array([number(lamp.attributes, "power_w") or peers for lamp in lamps])
    return np.asarray(np.where(own > 2 * STAND_BY_W, own, rated), np.float64)


def _is_dark(board: Board) -> Bools:
    """Whether next to none of the lamps known is on: one may be stuck, or a light for the night."""
    return np.asarray(board.on.sum(axis=0) <= np.maximum(1, DARK_SHARE * board.known.sum(axis=0)), bool)


def _expected(board: Board) -> Bools:
    """When a cabinet's lamps should be lit: it is dark, and a part of them are; where they are few: no decree holds.

    Not in twilight, when lamps switch one after the other.
    """
    if len(board.lamps) < LEAST_LAMPS:
        return board.dark & ~board.decreed
    return np.asarray(board.dark & ~_is_dark(board), bool)


def _dark_runs(board: Board) -> list[NDArray[np.intp]]:
    """For each lamp, its last readings on end (of those where light is expected) in which it was dark."""
    expected = _expected(board)
    return [
        trailing(~board.lit[row], expected & board.heard[row] & ~_own_schedule(board, row, expected))
        for row in range(len(board.lamps))
    ]


def _own_schedule(board: Board, row: int, expected: Bools) -> Bools:
    """Times of the clock at which a lamp is dark on most nights that it is lit in: its own schedule."""
    usable = expected & board.heard[row]
    alive = np.unique(board.night[board.lit[row] & ~board.light])
    counted = usable & np.isin(board.night, alive)
    found = np.zeros(len(expected), bool)
    # By half hours, and by quarters where those are known: a schedule may switch between two of them.
    for slot in (board.quarter // 2, board.quarter):
        seen = np.bincount(slot[counted], minlength=24 * STEPS_AN_HOUR)
        lit = np.bincount(slot[counted & board.lit[row]], minlength=24 * STEPS_AN_HOUR)
        # The night under way may be the one it went out in: three nights make a habit.
        habit, known = (seen >= 3) & (lit <= 0.34 * seen), seen >= 3
        found = np.where(known[slot], habit[slot], found)
    return found


def _cabinet_faults(
    rule: AlertRule, board: Board, dark: list[NDArray[np.intp]]
) -> list[tuple[int, int, frozenset[int]]]:
    """(first step, last step, rows of lamps) of a cabinet that went out, whole or in part; at most one."""
    if board.cabinet is None or len(board.lamps) < LEAST_LAMPS:
        return []
    whole = _whole_out(board, rule.thresholds["cabinet_hours"])
    return whole or _part_out(board, dark, rule.thresholds["cabinet_hours"], rule.thresholds["share"])


def _whole_out(board: Board, least: float) -> list[tuple[int, int, frozenset[int]]]:
    """All lamps dark, or silent while the cabinet draws nothing, at times at which they are usually lit."""
    dark, enough = _is_dark(board), board.known.sum(axis=0) >= LEAST_LAMPS
    due = board.dark & ~board.decreed
    draws = np.isfinite(board.cabinet_watts)
    night_watts = board.cabinet_watts[due & draws & before_fault(board.cabinet, board.bounds[:-1])]
    full = max(float(np.percentile(night_watts, 75)) if len(night_watts) else 0.0, float(board.full.sum()) * 0.5)
    usual = _usual(board.cabinet_watts, due & draws, board, before=board.night[-1] - 1)
    empty = draws & (board.cabinet_watts < 0.3 * full) & (board.cabinet_watts < 0.4 * usual)
    out = np.where(enough, dark, empty)
    # A cabinet that still draws its power has not gone out, whatever its lamps say.
    out &= ~(draws & (board.cabinet_watts > 0.5 * full))
    alive = np.unique(board.night[due & enough & ~dark])
    before = due & enough & np.isin(board.night, alive)
    slot = board.quarter // 2
    nights_lit, nights = (np.bincount(slot[rows], minlength=48)[slot] for rows in (before & ~dark, before))
    # Times of the clock at which it is usually lit: a schedule that nobody declared leaves out the others.
    usually_lit = (nights_lit > 0.5 * nights) & (len(alive) >= LEAST_NIGHTS)
    run = trailing(out, due & usually_lit & (enough | empty))
    step = 1 / STEPS_AN_HOUR
    each = np.where(enough[run], step, _every(draws))
    if not len(run) or each.sum() < least:
        return []
    lit_now = board.on[:, run].sum(axis=1) > 0.5 * np.maximum(board.known[:, run].sum(axis=1), 1)
    return [(int(run[0]), int(run[-1]), frozenset(np.flatnonzero(~lit_now).tolist()))]


def _part_out(
    board: Board, dark: list[NDArray[np.intp]], least: float, share: float
) -> list[tuple[int, int, frozenset[int]]]:
    """Several lamps that went dark at the same time: a circuit, a fuse or a cable, not so many lamps."""
    expected = np.flatnonzero(_expected(board))
    runs = {row: run for row, run in enumerate(dark) if len(run)}
    lasted = {row: len(run) * board.every[row] for row, run in runs.items()}
    # A lamp went dark after the last time it was seen lit and by the first time it was seen dark.
    spans = {row: _went(board, row, run, expected) for row, run in runs.items()}
    together: list[int] = []
    for _lit, at in spans.values():
        # Out since before the window began: when, nobody knows; then they are lamps like others.
        rows = [row for row, (lit, dark) in spans.items() if 0 <= lit < at <= dark + 1]
        if len(rows) > len(together) and max(lasted[row] for row in rows) >= least:
            together = rows
    if len(together) < max(LEAST_LAMPS, share * len(board.lamps)):
        return []
    first, last = min(runs[row][0] for row in together), max(runs[row][-1] for row in together)
    return [(int(first), int(last), frozenset(together))]


def _went(board: Board, row: int, run: NDArray[np.intp], expected: NDArray[np.intp]) -> tuple[int, int]:
    """Among the times light is expected: the last one at which it was seen lit (-1: none), and the first one dark."""
    before = expected[(expected < run[0]) & board.lit[row, expected]]
    lit = int(np.searchsorted(expected, before[-1])) if len(before) else -1
    return lit, int(np.searchsorted(expected, run[0]))


def _on_end(run: NDArray[np.intp], board: Board) -> NDArray[np.intp]:
    """The end of a run, back to the first hole in it longer than a night: hours that follow one another."""
    if len(run) < 2:
        return run
    holes = np.flatnonzero(np.diff(run) > 20 * STEPS_AN_HOUR)
    return run[holes[-1] + 1 :] if len(holes) else run


def _usual(watts: Floats, known: Bools, board: Board, before: np.int64) -> Floats:
    """The median at the same time of the clock over the nights before one, and before a fault that is open; nan where
    there are too few."""
    usual = np.full(24 * STEPS_AN_HOUR, np.nan)
    earlier = known & (board.night < before) & before_fault(board.cabinet, board.bounds[:-1])
    for quarter in np.unique(board.quarter[earlier]):
        found = watts[earlier & (board.quarter == quarter)]
        if len(found) >= LEAST_NIGHTS:
            usual[quarter] = np.median(found)
    return usual[board.quarter]


def _below_usual(watts: Floats, known: Bools, board: Board, share: float) -> tuple[NDArray[np.intp], Floats]:
    """The last readings on end below `share` of their usual, the beginning of a night among them; and what is usual.

    Late hours alone may be a new schedule that dims or switches off; dusk has none.
    """
    nothing = np.empty(0, np.intp)
    places = np.flatnonzero(known)
    if not len(places):
        return nothing, watts
    # Compared with nights before the last two, so that a fault of yesterday is not today's usual.
    usual = _usual(watts, known, board, before=board.night[places[-1]] - 1)
    # What else hangs on the cabinet is seen alone by day: dimmed light shows where it stands out of that.
    by_day = watts[np.isfinite(watts) & board.light]
    noise = float(np.std(by_day)) if len(by_day) else 0.0
    due = board.dark & ~board.decreed & (np.nan_to_num(usual) > max(LEAST_W, LEAST_NOISES * noise))
    compared = np.flatnonzero(due & known)
    together = int(np.clip(np.ceil((SURE_NOISES * noise / max(_median(usual[compared]), 1.0)) ** 2), 1, MOST_TOGETHER))
    below = np.zeros(len(watts), bool)
    below[compared] = _trailing_sums(watts[compared], together) < share * _trailing_sums(usual[compared], together)
    run = trailing(below, due & known)
    return (run if np.isin(run, _dusks(due, compared, board)).any() else nothing), usual


def _dusks(due: Bools, compared: NDArray[np.intp], board: Board) -> NDArray[np.intp]:
    """The first reading of each night, where it was read within an hour of when light is usually first seen."""
    nights, first = np.unique(board.night[compared], return_index=True)
    lit_nights, lit_first = np.unique(board.night[due], return_index=True)
    begins = np.flatnonzero(due)[lit_first][np.searchsorted(lit_nights, nights)]
    found: NDArray[np.intp] = compared[first]
    return found[found - begins < STEPS_AN_HOUR]


def _trailing_sums(values: Floats, count: int) -> Floats:
    """The sum of each value and the ones before it, `count` in all where there are as many."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(1, len(values) + 1)
    return np.asarray(total[place] - total[np.maximum(place - count, 0)], np.float64)


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else 0.0
