"""Water as it is metered: people away, night tasks, watering, pools, factories at night, coarse pulses, swaps."""

import datetime as dt
from typing import Any

import numpy as np

from bench.usages.study import Rng, Sort, Trial, clock, heard, span
from mitoyen.history.times import PARIS, utc64
from mitoyen.operate.detect import Group, Subject, Window

LOOKBACK = 61
METER, DISTRICT = 1, 100
USES = ("dwelling", "flats", "school", "industry", "hospital", "garden")
SHARES = (0.5, 0.15, 0.1, 0.1, 0.05, 0.1)
RUNS_ON = ("flats", "industry", "hospital")


def _local(time: Any) -> tuple[Any, Any, Any]:
    """Local hour, weekday and day number of the year of the hours that end at these instants."""
    moments = [
        at.replace(tzinfo=dt.UTC).astimezone(PARIS) - dt.timedelta(hours=1)
        for at in time.astype("M8[us]").astype(object)
    ]
    return (
        np.array([at.hour for at in moments]),
        np.array([at.weekday() for at in moments]),
        np.array([at.timetuple().tm_yday for at in moments]),
    )


def _used(rng: Rng, use: str, time: Any) -> Any:
    """Cubic metres an hour of a healthy customer."""
    hour, weekday, year_day = _local(time)
    size = len(time)
    summer = (year_day > 140) & (year_day < 260)
    if use == "dwelling":
        return _dwelling(rng, hour, summer)
    if use == "flats":
        flats = int(rng.integers(12, 80))
        shape = (
            0.25 + 0.75 * np.exp(-((hour - 8) ** 2) / 8) + 0.7 * np.exp(-((hour - 20) ** 2) / 10) + 0.25 * (hour >= 7)
        )
        return rng.poisson(shape * flats * 0.5) * 0.018
    if use == "school":
        open_now = (weekday < 5) & (hour >= 8) & (hour < 18)
        used = np.where(open_now, rng.gamma(3.0, 0.08, size), np.where(rng.random(size) < 0.05, 0.01, 0.0))
        if rng.random() < 0.3:
            _away(rng, used, 24 * 16)
        return used
    if use == "industry":
        base, day = rng.uniform(0.2, 2.0), rng.uniform(1.0, 8.0)
        used = base * rng.lognormal(0, 0.12, size) + np.where(
            (weekday < 5) & (hour >= 6) & (hour < 20), day, 0.0
        ) * rng.lognormal(0, 0.2, size)
        night_run = (
            (rng.random(size // 24 + 2) < 0.2)[np.arange(size) // 24] & ((hour >= 21) | (hour < 5)) & (weekday < 5)
        )
        return used + np.where(night_run, 0.6 * day, 0.0)
    if use == "hospital":
        return rng.uniform(1, 5) * (0.5 + 0.5 * np.exp(-((hour - 10) ** 2) / 30)) * rng.lognormal(0, 0.1, size)
    start, long, flow = int(rng.choice([21, 22, 23, 3])), int(rng.integers(2, 6)), rng.uniform(0.3, 2.0)
    watering = ((hour - start) % 24 < long) & (np.arange(size) // 24 % int(rng.integers(1, 4)) == 0)
    return np.where(watering & (year_day > 120) & (year_day < 280), flow * rng.uniform(0.9, 1.1, size), 0.0)


def _dwelling(rng: Rng, hour: Any, summer: Any) -> Any:
    size = len(hour)
    people = int(rng.integers(1, 6))
    shape = np.where(
        (hour >= 6) & (hour < 9), 3.0, np.where((hour >= 18) & (hour < 23), 2.2, np.where(hour >= 9, 0.7, 0.12))
    )
    used = rng.poisson(shape * people * 0.35) * rng.gamma(2.0, 0.011, size)
    if rng.random() < 0.3:
        _away(rng, used, 24 * int(rng.integers(2, 15)))
    if rng.random() < 0.1:
        used += np.where((hour == 2) & (np.arange(size) // 24 % 7 == 3), 0.15, 0.0)
    if rng.random() < 0.25:
        used += np.where(summer & (hour == 21) & (rng.random(size) < 0.6), 0.4, 0.0)
    if rng.random() < 0.004:
        at = int(rng.integers(size - 20))
        used[at : at + int(rng.integers(6, 18))] += 1.2
    return used


def _away(rng: Rng, used: Any, long: int) -> None:
    at = int(rng.integers(len(used)))
    used[at : at + long] = 0.0


def _trial(rng: Rng, day: dt.date, fault: str) -> Trial:
    if fault == "frozen":
        day = dt.date(2025, 1, 2) + dt.timedelta(days=int(rng.integers(50)))
    time = clock(day, LOOKBACK, 60)
    uses = RUNS_ON if fault == "stuck" else ("dwelling", "school", "garden") if fault == "frozen" else USES
    weights = np.array([SHARES[USES.index(use)] for use in uses])
    use = str(rng.choice(uses, p=weights / weights.sum()))
    if fault == "frozen" and use == "garden":
        use = "dwelling"
    used = _used(rng, use, time)
    onset = dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(hours=float(rng.uniform(0, 72)))
    since = time > utc64(onset)
    pit = 8 + 7 * np.sin(2 * np.pi * (_local(time)[2] - 110) / 365) + np.cumsum(rng.normal(0, 0.12, len(time)))
    pit = np.maximum(pit - 0.1 * np.arange(len(time)) / 24, 1.0 + rng.normal(0, 0.15, len(time)))
    step = 0.1 if use in ("industry", "hospital") and rng.random() < 0.5 else float(rng.choice([0.001, 0.01]))
    back = np.zeros(len(time))
    if fault == "leak":
        past = used[~since]
        least = 0.5 * float(np.quantile(past, 0.5)) if use in RUNS_ON else 0.008
        used[since] += max(least, float(rng.choice([0.008, 0.015, 0.04, 0.12, 0.3]))) * rng.uniform(
            1.0, 1.1, int(since.sum())
        )
    elif fault == "burst":
        flow = max(2.5 * float(used[~since].max()), float(rng.uniform(1.2, 3.0)))
        used[since] += flow * rng.uniform(0.95, 1.05, int(since.sum()))
    elif fault == "stuck":
        used[since] = 0.0
    elif fault == "frozen":
        used[since] = 0.0
        pit[since] = rng.uniform(-6, -1) + rng.normal(0, 0.3, int(since.sum()))
    elif fault == "reverse":
        # It comes back while nobody draws: an hour that draws hides it.
        at = since & (rng.random(len(time)) < 0.08)
        back[at], used[at] = float(rng.uniform(max(0.01, 2 * step), 0.3)), 0.0
    window = _counted(rng, time, used, back, step, told=bool(fault))
    windows = {"volume": window}
    if fault == "frozen" or rng.random() < 0.3:
        windows["water_temperature"] = heard(
            rng, Window(time, np.zeros(len(time), np.int32), np.round(pit, 1), "Cel", "gauge")
        )
    attributes = {"use": use} | ({"step_m3": step} if rng.random() < 0.5 else {})
    start, end = span(day, LOOKBACK)
    meter = Subject(METER, "M", "water_meter", None, "49007", None, None, attributes, windows)
    return Trial(Group((meter,), start, end), METER if fault else None, onset if fault else None)


def _counted(rng: Rng, time: Any, used: Any, back: Any, step: float, *, told: bool) -> Window:
    """What the meter sends: an index that wraps, is swapped or slips at times, or the amount of each hour."""
    index = float(rng.uniform(10, 9000)) + np.cumsum(used - back)
    if rng.random() < 0.2:
        amount = np.diff(np.floor(index / step) * step, prepend=np.floor(index[0] / step) * step)
        return heard(rng, Window(time, np.full(len(time), 3600, np.int32), np.round(amount, 4), "m3", "delta"))
    odd = rng.random()
    if odd < 0.04:
        index = (index + 9999.9 - index[int(len(index) * rng.uniform(0.1, 0.95))]) % 10_000
    elif odd < 0.08:
        at = int(len(index) * rng.uniform(0.1, 0.95))
        index[at:] += float(rng.choice([0.3, 12.0, 4000.0])) - index[at]
    value = np.round(np.floor(index / step + 1e-9) * step, 4)
    if rng.random() < 0.04:
        at = int(rng.integers(1, len(value) - 1))
        value[at] = float(rng.choice([0.0, value[at] - 3.0, value[at] / 10]))
    # Sent at a minute of its own, and not quite each hour.
    sent = time + np.timedelta64(int(rng.integers(60)), "m") - np.timedelta64(60, "m")
    return heard(rng, Window(sent, np.zeros(len(sent), np.int32), value, "m3", "counter"))


def _district(rng: Rng, day: dt.date, fault: str) -> Trial:
    time = clock(day, LOOKBACK, 60)
    hour, weekday, year_day = _local(time)
    mean = float(rng.uniform(3, 60))
    shape = (
        0.25
        + 0.9 * np.exp(-((hour - 8) ** 2) / 7)
        + 0.8 * np.exp(-((hour - 20) ** 2) / 9)
        + 0.45 * ((hour >= 7) & (hour < 23))
    )
    shape = np.where(weekday >= 5, np.roll(shape, 1) * 1.05, shape)
    lost = mean * float(rng.uniform(0.1, 0.35))
    daily = rng.lognormal(0, 0.05, len(time) // 24 + 2)[np.arange(len(time)) // 24]
    used = mean * shape * daily * rng.lognormal(0, 0.07, len(time)) + lost * rng.lognormal(0, 0.01, len(time))
    summer = (year_day > 140) & (year_day < 260)
    used += np.where(summer & ((hour >= 20) | (hour < 1)), mean * rng.uniform(0.0, 0.5), 0.0) * rng.uniform(
        0.5, 1.2, len(time)
    )
    if rng.random() < 0.2:
        # A factory that runs some nights.
        nights = (rng.random(len(time) // 24 + 2) < 0.3)[np.arange(len(time)) // 24]
        used += np.where(nights & ((hour >= 20) | (hour < 6)), mean * rng.uniform(0.05, 0.2), 0.0)
    if rng.random() < 0.1:
        # A fire, a hydrant tried, a main flushed.
        at = int(rng.integers(len(used) - 3))
        used[at : at + int(rng.integers(1, 3))] += rng.uniform(20, 60) * rng.uniform(0.5, 1.0)
    onset = dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(hours=float(rng.uniform(0, 72)))
    since = time > utc64(onset)
    if fault == "leak":
        floor = float(np.quantile(used[~since], 0.05))
        used[since] += max(0.5, floor * float(rng.uniform(0.35, 1.0)))
    elif fault == "burst":
        used[since] += max(4.0, float(used[~since].max()) * float(rng.uniform(0.8, 2.0)))
    elif fault == "stuck":
        used[since] = 0.0
    window = _counted(
        rng,
        time,
        used,
        np.zeros(len(time)),
        float(rng.choice([0.01, 0.1, 1.0])) if mean > 15 else 0.01,
        told=bool(fault),
    )
    start, end = span(day, LOOKBACK)
    district = Subject(DISTRICT, "D", "district", None, "49007", None, None, {}, {"inflow": window})
    return Trial(
        Group((district,), start, end),
        DISTRICT if fault else None,
        onset if fault else None,
        _EXCUSED.get(fault, frozenset()),
    )


# A burst main is a leak of its district too, and a leak that comes at once may be taken for a burst.
_EXCUSED = {"burst": frozenset({("district_leak", DISTRICT)}), "leak": frozenset({("district_burst", DISTRICT)})}
DAILY = dt.timedelta(hours=12)
SORTS = (
    Sort("nothing wrong, meters", "", lambda rng, day: _trial(rng, day, ""), DAILY),
    Sort("nothing wrong, districts", "", lambda rng, day: _district(rng, day, ""), DAILY),
    Sort("leak behind a meter", "leak", lambda rng, day: _trial(rng, day, "leak"), DAILY),
    Sort("burst behind a meter", "burst", lambda rng, day: _excused(_trial(rng, day, "burst"), "leak")),
    Sort("meter stuck", "meter_stuck", lambda rng, day: _trial(rng, day, "stuck"), DAILY),
    Sort("meter frozen", "meter_frozen", lambda rng, day: _trial(rng, day, "frozen")),
    Sort("water that comes back", "backflow", lambda rng, day: _trial(rng, day, "reverse"), DAILY),
    Sort("leak in a district", "district_leak", lambda rng, day: _district(rng, day, "leak"), DAILY),
    Sort("burst main", "district_burst", lambda rng, day: _district(rng, day, "burst")),
    Sort("district meter stuck", "meter_stuck", lambda rng, day: _district(rng, day, "stuck"), DAILY),
)


def _excused(trial: Trial, rule: str) -> Trial:
    """A trial in which another rule may speak of the same fault."""
    assert trial.planted is not None
    return Trial(trial.group, trial.planted, trial.onset, frozenset({(rule, trial.planted)}))
