"""Leaks, bursts, meters that stand still or run backwards, from what meters and districts counted hour by hour.

A leak is what never stops: the smallest flow over any few hours of a day. How many hours that takes follows from the
meter's step (a litre, ten, a hundred): with coarse pulses a small leak shows only over longer windows. What never stops
anyway (a hospital, a factory, fifty flats) is compared with its own past.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import Times
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting, Subject, Window
from mitoyen.operate.windows import (
    HOUR,
    Bools,
    Floats,
    amounts,
    before_fault,
    hours,
    local,
    means,
    moment,
    number,
    trailing,
)

METER, DISTRICT = "water_meter", "district"
VOLUME, INFLOW, TEMPERATURE = "volume", "inflow", "water_temperature"
NEVER_STOPS = frozenset({"industry", "hospital", "flats", "fountain"})
# May stand still for weeks and be well.
MAY_PAUSE = frozenset({"dwelling", "school", "garden", "other"})
PAUSE_H = 21 * 24
LEAST_DAYS = 5
# Share of a rise that each of its days must show; earlier days were as high from so much of its lowest one on.
EACH_DAY, AS_HIGH = 0.6, 0.6
# So many such days on end, by chance, among as many as there were before: no more likely than this.
BY_CHANCE = 0.002
# A fall beyond this is another meter, not water that came back.
SWAP_M3 = 5.0


@dataclass(frozen=True, slots=True)
class Flow:
    """A meter's hours: cubic metres in each (nan: not known), local day and hour, and the meter's step in m3."""

    subject: Subject
    name: str
    window: Window
    bounds: Times
    amount: Floats
    day: NDArray[np.datetime64]
    hour: NDArray[np.int64]
    step: float

    @property
    def use(self) -> str:
        return str(self.subject.attributes.get("use", "other"))


def leak(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Meters through which `litres_an_hour` or more never stopped on the last `days_on_end`, more than they used to."""
    limit, least = rule.thresholds["litres_an_hour"] / 1000, int(rule.thresholds["days_on_end"])
    for flow in flows(group, VOLUME):
        found = leak_of(flow, limit, least)
        if found is None:
            continue
        first, days, rate = found
        yield _sighting(
            flow,
            first,
            sure=min(0.97, 0.75 + 0.05 * days),
            facts={"litres": 1000 * rate, "m3_a_year": rate * 24 * 365, "days": days},
        )


def district_leak(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Districts whose smallest hour of the night rose by a `share` on the last `nights`, more than nights differ."""
    least = int(rule.thresholds["nights"])
    for flow in flows(group, INFLOW):
        nights, floors = night_floors(flow)
        if len(nights) < least + 7:
            continue
        found = _risen(nights, floors, least, max(rule.thresholds["least_m3_h"], 0.0), rule.thresholds["share"])
        if found is None:
            continue
        first, count, rate, base = found
        yield _sighting(
            flow,
            int(np.flatnonzero(flow.day == nights[first])[0]),
            sure=min(0.95, 0.7 + 0.05 * count),
            facts={"litres": 1000 * rate, "m3_a_year": rate * 24 * 365, "days": count, "usual": 1000 * base},
        )


def burst(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Flow `times` above the largest of the past, and above `least_m3_h`, for the last `hours` on end."""
    for flow in flows(group, VOLUME):
        # Gardens are watered for hours, and not at all before the season.
        least = rule.thresholds["hours"] * (4 if flow.use == "garden" else 1)
        known = np.isfinite(flow.amount)
        past = flow.amount[known & _past(flow)]
        if len(past) < LEAST_DAYS * 24:
            continue
        limit = max(rule.thresholds["times"] * float(np.quantile(past, 0.998)), rule.thresholds["least_m3_h"])
        yield from _flowing(flow, np.full(len(known), limit), least)


def district_burst(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Inflow `times` above the largest of the past weeks at that time of day, for the last `hours` on end."""
    for flow in flows(group, INFLOW):
        known = np.isfinite(flow.amount)
        past = known & _past(flow)
        if past.sum() < LEAST_DAYS * 24:
            continue
        largest = np.zeros(24)
        np.maximum.at(largest, flow.hour[past], flow.amount[past])
        # A shower earlier or later than usual is no burst.
        around = np.maximum(largest, np.maximum(np.roll(largest, 1), np.roll(largest, -1)))
        limit = np.maximum(rule.thresholds["times"] * around[flow.hour], rule.thresholds["least_m3_h"])
        yield from _flowing(flow, limit, rule.thresholds["hours"])


def stuck(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Meters that go on sending the same index for `hours`, thrice longer than they ever stood still; three weeks where
    people may just be away."""
    for flow in (*flows(group, VOLUME), *flows(group, INFLOW)):
        known = np.isfinite(flow.amount)
        run = trailing(flow.amount <= 0, known)
        if not len(run) or flow.use == "garden":
            continue
        before = np.flatnonzero(known & (np.arange(len(known)) < run[0]))
        if len(before) < LEAST_DAYS * 24:
            continue
        least = max(rule.thresholds["hours"], 3 * _longest_pause(flow.amount[before]))
        if flow.subject.kind == METER and flow.use in MAY_PAUSE:
            least = max(least, PAUSE_H)
        awaited = float(flow.amount[before].mean()) * len(run)
        if len(run) < least or awaited < 10 * flow.step:
            continue
        yield _sighting(flow, int(run[0]), sure=0.9, facts={"stood_hours": len(run), "awaited": awaited})


def frozen(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Meters that stand still while the water in them is below `below` degrees for `hours`."""
    for flow in flows(group, VOLUME):
        cold = means(flow.subject.windows.get(TEMPERATURE), flow.bounds)
        known = np.isfinite(flow.amount)
        run = trailing((flow.amount <= 0) & ~(cold >= rule.thresholds["below"]), known & np.isfinite(cold))
        if len(run) < rule.thresholds["hours"]:
            continue
        lowest = float(np.nanmin(cold[run]))
        yield _sighting(flow, int(run[0]), sure=0.85, facts={"degrees": lowest, "stood_hours": len(run)})


def reverse(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Meters whose index fell by `least_m3` in all: water came back. A swap, a wrap, a slip don't count."""
    for flow in flows(group, VOLUME):
        value = flow.window.value
        change = value if flow.window.kind == "delta" else np.diff(value)
        time = flow.window.time if flow.window.kind == "delta" else flow.window.time[1:]
        falls = np.flatnonzero((change < 0) & (change >= -SWAP_M3))
        if flow.window.kind == "counter":
            falls = np.array([at for at in falls if not _slipped(value, int(at) + 1)], np.intp)
        back = -float(change[falls].sum()) if len(falls) else 0.0
        if back < max(rule.thresholds["least_m3"], 2 * flow.step):
            continue
        yield Sighting(
            flow.subject.thing,
            moment(time[falls[0]]),
            moment(time[falls[-1]]),
            sure=0.9 if len(falls) > 1 else 0.7,
            observed_property=flow.name,
            facts={"litres": 1000 * back, "times": len(falls)},
        )


def _past(flow: Flow) -> Bools:
    """Hours that tell what is usual: not the last two days, nor since a burst that is told already began."""
    return (np.arange(len(flow.amount)) < len(flow.amount) - 48) & before_fault(flow.subject, flow.bounds[:-1])


def flows(group: Group, name: str) -> Iterator[Flow]:
    """The hours of every subject that counts this property often enough to tell an hour from the next."""
    bounds = hours(group.start, group.now)
    day, hour = local(bounds)
    for subject in group.subjects:
        window = subject.windows.get(name)
        if window is None or len(window.time) < 24 or np.median(np.diff(window.time)) > 2 * HOUR:
            continue
        step = number(subject.attributes, "step_m3") or _step(window)
        yield Flow(subject, name, window, bounds, amounts(window, bounds, longest=3 * HOUR), day, hour, step)


def leak_of(flow: Flow, limit: float, least: int) -> tuple[int, int, float] | None:
    """(first hour, days, m3 an hour) of what has not stopped flowing for `least` days up to the last one."""
    days, floors = floors_of(flow, limit)
    if len(days) < least + LEAST_DAYS:
        return None
    if flow.use in NEVER_STOPS:
        found = _risen(days, floors, least, limit, 0.35)
        return None if found is None else (_hour_of(flow, days[found[0]]), found[1], found[2])
    run = trailing(floors >= limit, np.ones(len(floors), bool))
    # With steps that take hours to turn, people who get up at night look like a leak for longer.
    if len(run) < least + (flow.step / limit > 1):
        return None
    return _hour_of(flow, days[run[0]]), len(run), float(np.median(floors[run[-least:]]))


def floors_of(flow: Flow, limit: float) -> tuple[NDArray[np.datetime64], Floats]:
    """Each whole local day's smallest flow (m3/h) over windows long enough for the meter's step to tell `limit`."""
    known = np.isfinite(flow.amount)
    width = _width(flow, limit, known)
    total = np.convolve(np.nan_to_num(flow.amount), np.ones(width), "valid")
    read = np.convolve(known.astype(np.float64), np.ones(width), "valid")
    # A window counts where nine tenths of it were read; one step may lie on either side of it.
    rate = np.where(read >= 0.9 * width, total / np.maximum(read, 1), np.nan)
    rate[_stopped(flow, limit)[width - 1 :]] = 0.0
    ends = flow.day[width - 1 :]
    days, which, count = np.unique(ends, return_inverse=True, return_counts=True)
    floors = np.full(len(days), np.inf)
    np.minimum.at(floors, which, np.nan_to_num(rate, nan=np.inf))
    usable = np.bincount(which, weights=np.isfinite(rate), minlength=len(days)) >= 0.7 * 24
    whole = usable & np.isfinite(floors) & (count >= 20)
    return days[whole], floors[whole]


def _width(flow: Flow, limit: float, known: Bools) -> int:
    """Hours in which the meter turns by three steps at `limit`; where water never stops, at a third of what flows at
    the quietest, but for flats, where people are as many as chance has it, four at least."""
    if flow.use not in NEVER_STOPS:
        return int(np.clip(np.ceil(3 * flow.step / limit), 1, 24))
    turns = max(3 * flow.step / limit, 1.0)
    if known.any():
        # The quietest hours of a day or so, over as many hours as tell a step.
        quiet = np.nanquantile(flow.amount, 0.25)
        turns = min(turns, 3 * flow.step / max(0.35 * float(quiet), limit))
    return int(np.clip(np.ceil(turns), 4 if flow.use == "flats" else 1, 24))


def _stopped(flow: Flow, limit: float) -> Bools:
    """Hours that end a pause longer than `limit` takes to turn the meter by a step."""
    pause = int(np.clip(np.ceil(flow.step / limit), 1, 23)) + 1
    still = np.convolve(np.nan_to_num(flow.amount, nan=1.0) <= 0, np.ones(pause), "full")[: len(flow.amount)]
    return np.asarray(still >= pause, bool)


def night_floors(flow: Flow) -> tuple[NDArray[np.datetime64], Floats]:
    """Smallest hour between midnight and six of each night that was read."""
    at_night = (flow.hour < 6) & np.isfinite(flow.amount)
    nights, which, count = np.unique(flow.day[at_night], return_inverse=True, return_counts=True)
    floors = np.full(len(nights), np.inf)
    np.minimum.at(floors, which, flow.amount[at_night])
    return nights[count >= 4], floors[count >= 4]


def _risen(
    days: NDArray[np.datetime64], floors: Floats, least: int, limit: float, share: float
) -> tuple[int, int, float, float] | None:
    """(first place, count, rise, what was usual) where the last floors lie well above the earlier ones, for longer than
    high nights (a factory's) come together by chance."""
    for count in range(len(floors) - 7, least - 1, -1):
        before, after = floors[:-count], floors[-count:]
        base = float(np.median(before))
        spread = 1.48 * float(np.median(np.abs(before - base)))
        rise = max(limit, share * base, 3 * spread)
        lowest = float(after.min()) - base
        if lowest < EACH_DAY * rise or np.median(after) < base + rise:
            continue
        high = (float((before - base >= AS_HIGH * lowest).sum()) + 0.5) / (len(before) + 1)
        if high**count <= BY_CHANCE:
            return len(floors) - count, count, float(np.median(after)) - base, base
    return None


def _flowing(flow: Flow, limit: Floats, least: float) -> Iterator[Sighting]:
    known = np.isfinite(flow.amount)
    run = trailing(flow.amount > limit, known)
    if len(run) >= least and run[-1] >= len(known) - 24:
        rate = float(np.median(flow.amount[run]))
        facts = {"litres": 1000 * rate, "flow_hours": len(run), "m3": float(flow.amount[run].sum())}
        yield _sighting(flow, int(run[0]), sure=0.85, facts=facts)


def _sighting(flow: Flow, first: int, sure: float, facts: dict[str, float]) -> Sighting:
    known = np.flatnonzero(np.isfinite(flow.amount))
    return Sighting(
        flow.subject.thing,
        moment(flow.bounds[first]),
        moment(flow.bounds[known[-1] + 1]),
        sure=sure,
        observed_property=flow.name,
        facts=facts,
    )


def _hour_of(flow: Flow, day: np.datetime64) -> int:
    return int(np.flatnonzero(flow.day == day)[0])


def _longest_pause(amount: Floats) -> int:
    """Most hours on end without water."""
    flowing = np.flatnonzero(np.concatenate([[True], amount > 0, [True]]))
    return int(np.diff(flowing).max()) - 1


def _step(window: Window) -> float:
    """The coarsest of the usual steps (1 m3 to a litre) of which all that a meter told are multiples."""
    for step in (1.0, 0.1, 0.01):
        turns = window.value / step
        if np.abs(turns - np.round(turns)).max(initial=0.0) < 1e-3:
            return step
    return 0.001


def _slipped(value: Floats, at: int) -> bool:
    """Whether a reading that fell is one wrong reading: the next one is back at the index, faster than water flows."""
    if at + 1 >= len(value) or value[at + 1] < value[at - 1]:
        return False
    rises = np.diff(value)
    return bool(value[at + 1] - value[at] > 1.5 * np.quantile(rises[rises >= 0], 0.99))
