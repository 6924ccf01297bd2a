"""Fleets whose silences are known: made by seed, fed frame by frame, judged each five minutes."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from mitoyen.connect.devices.merging import Seen, State, merge
from mitoyen.connect.devices.silence import Fleet, Past, judge_with_past

START = 1_793_577_600.0
HOUR, DAY = 3_600.0, 86_400.0
STEP = 300.0
# What the clock of a device adds to or takes from its interval.
JITTER = 0.01


@dataclass
class Planted:
    """One position a device: its frames' times, when it went quiet for good or a while (nan: never), and its sort."""

    frames: list[np.ndarray] = field(default_factory=list)
    counters: list[np.ndarray] = field(default_factory=list)
    fails: list[float] = field(default_factory=list)
    interval: list[float] = field(default_factory=list)
    gateway: list[int] = field(default_factory=list)
    sort: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What was raised, by sort: `late` holds (raised - first frame that did not come) in intervals."""

    devices: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    surely: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    falsely_sure: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    storms: list[tuple[tuple[int, ...], float]] = field(default_factory=list)
    watched_days: float = 0.0

    def per_thousand_a_week(self, false: Counter[str]) -> float:
        return 1000 * 7 * false.total() / (self.devices.total() * self.watched_days)

    def precision(self, found: Counter[str], false: Counter[str]) -> float:
        return found.total() / max(1, found.total() + false.total())


class Maker:
    """Plants devices of each sort among the healthy, over some days; the first day and a half is for learning."""

    def __init__(self, seed: int, days: float, learning: float = 1.5) -> None:
        self.random = np.random.default_rng(seed)
        self.ends, self.begins = START + days * DAY, START + learning * DAY
        self.made = Planted()

    def add(self, count: int, sort: str, *, loss: float, gateways: tuple[int, int], fails: bool = False) -> None:
        """`count` devices that send each ten minutes to hour; those that fail do so once, at any time watched."""
        for _ in range(count):
            interval = float(self.random.choice([600.0, 900.0, 1200.0, 1800.0, 3600.0]))
            times = self._regular(interval)
            when = float("nan")
            if fails:
                when = self.random.uniform(self.begins, self.ends - 4 * interval - 900)
            self._keep(sort, times, interval, loss, gateways, when)

    def add_by_event(self, count: int, *, loss: float, gateways: tuple[int, int]) -> None:
        """Those that send when something happens, and each two hours when nothing does."""
        for _ in range(count):
            gaps = np.minimum(self.random.exponential(2400.0, 1200), 7200.0)
            times = START + np.cumsum(gaps)
            self._keep("by event", times[times < self.ends], 7200.0, loss, gateways, float("nan"))

    def add_by_night(self, count: int, *, loss: float, gateways: tuple[int, int]) -> None:
        """Lamps that have no current from six to eighteen o'clock (UTC)."""
        for _ in range(count):
            times = self._regular(900.0)
            hour = (times % DAY) / HOUR
            self._keep("by night", times[(hour < 6) | (hour >= 18)], 900.0, loss, gateways, float("nan"))

    def down(self, gateways: tuple[int, ...], begins: float, hours: float) -> None:
        """Nothing passes these gateways for some hours; () is all there are."""
        for at, times in enumerate(self.made.frames):
            if not gateways or self.made.gateway[at] in gateways:
                kept = (times < begins) | (times >= begins + hours * HOUR)
                self.made.frames[at], self.made.counters[at] = times[kept], self.made.counters[at][kept]

    def _regular(self, interval: float) -> np.ndarray:
        count = int((self.ends - START) / interval)
        at = START + self.random.uniform(0, interval) + np.arange(count) * interval
        times: np.ndarray = np.sort(at + self.random.uniform(-JITTER, JITTER, count) * interval)
        return times

    def _keep(
        self, sort: str, times: np.ndarray, interval: float, loss: float, gateways: tuple[int, int], fails: float
    ) -> None:
        counters = np.arange(len(times))
        kept = self.random.random(len(times)) >= loss
        if not np.isnan(fails):
            kept &= times < fails
        self.made.frames.append(times[kept])
        self.made.counters.append(counters[kept])
        self.made.fails.append(fails)
        self.made.interval.append(interval)
        self.made.gateway.append(int(self.random.integers(*gateways)))
        self.made.sort.append(sort)


def watch(made: Planted, begins: float, ends: float, *, alone_from: float | None = None) -> Outcome:
    """Feed the frames and judge each five minutes from `begins`; only silences raised outside of storms count."""
    n = len(made.frames)
    states = [State() for _ in range(n)]
    fleet = Fleet(
        np.full(n, START), np.zeros(n), np.zeros(n), np.full(n, 0.02), np.array(made.gateway), np.full(n, -1.0),
        np.zeros(n),
    )  # fmt: skip
    who = np.repeat(np.arange(n), [len(times) for times in made.frames])
    when, counters = np.concatenate(made.frames), np.concatenate(made.counters)
    order = np.argsort(when, kind="stable")
    who, when, counters = who[order], when[order], counters[order]
    outcome = Outcome(Counter(made.sort), watched_days=(ends - begins) / DAY)
    was, was_sure = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    down: dict[int, float] = {}
    past: list[Past] = []
    at = 0
    for now in np.arange(START + STEP, ends, STEP):
        until = int(np.searchsorted(when, now, side="right"))
        for device, time, counter in zip(
            who[at:until].tolist(), when[at:until].tolist(), counters[at:until].tolist(), strict=True
        ):
            state = states[device]
            merge(state, [Seen(device, round(time * 1e6), counter)])
            fleet.last[device] = time
            fleet.usual[device], fleet.spread[device] = state.usual_interval_s or 0.0, state.spread_s
            fleet.loss[device] = state.loss
            fleet.pause_minute[device] = -1 if state.pause_minute is None else state.pause_minute
            fleet.pause[device] = state.pause_s or 0.0
        at = until
        if now < begins:
            continue
        verdict, back = judge_with_past(float(now), fleet, down, past)
        past = [one for one in past if one.back > now - DAY] + list(back)
        told = {gateway: since for gateway, since in down.items() if gateway not in {one.gateway for one in back}}
        together = np.zeros(n, dtype=bool)
        for storm in verdict.storms:
            together[storm.devices] = True
            new = [gateway for gateway in storm.gateways or (-1,) if gateway not in told]
            if new:
                outcome.storms.append((storm.gateways, float(now)))
            told |= dict.fromkeys(new, storm.since)
        down = told
        silent, sure = verdict.silent & ~together, verdict.sure & ~together
        if alone_from is None or now >= alone_from:
            _score(made, outcome, fleet, float(now), silent & ~was, sure & ~was_sure)
        was, was_sure = silent, sure
    return outcome


def _score(made: Planted, outcome: Outcome, fleet: Fleet, now: float, raised: np.ndarray, surely: np.ndarray) -> None:
    for device in np.flatnonzero(raised | surely).tolist():
        sort, failed = made.sort[device], made.fails[device] <= now
        if raised[device]:
            (outcome.found if failed else outcome.false)[sort] += 1
            if failed:
                interval = made.interval[device]
                first_missing = fleet.last[device] + interval
                outcome.late.append((now - first_missing) / interval)
        if surely[device]:
            (outcome.surely if failed else outcome.falsely_sure)[sort] += 1
