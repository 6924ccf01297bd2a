"""The methods that a usage's rules name: declared thresholds in, a hit with its evidence out.

Each is a plain function of a rule and a meter's hours; none knows a usage by name.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mitoyen.manifests.schema import Rule, Season
from mitoyen.operate.meter import Bools, Days, Floats, MeterView

# Heating starts before people come, and walls stay warm after they left: these hours tell nothing.
_EDGE_HOURS = 3
_LEAST_OPEN_HOURS = 100
_LEAST_CLOSED_HOURS = 200


@dataclass(frozen=True)
class Hit:
    """What a rule saw. `amount` a year in the meter's unit, None when it can't be told; `mark` tells one occurrence
    of a rule on a meter from the next; `facts` feed the sentence; `evidence` is kept as it is for the plot."""

    first: dt.date
    last: dt.date
    amount: float | None
    sure: bool
    mark: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)


def closed_hours(rule: Rule, meter: MeterView) -> Hit | None:
    """Mean power while closed against mean power while open, within the season.

    Fires above thresholds `ratio`; what lies above `usual_ratio` of the open power is at stake, when it makes
    `least_a_year` at least.
    """
    if meter.is_open is None:
        return None
    concerned = np.isfinite(meter.amount) & in_season(meter.day, rule.season)
    open_now = meter.is_open & concerned
    closed_now = ~_near_open(meter.is_open) & concerned
    if open_now.sum() < _LEAST_OPEN_HOURS or closed_now.sum() < _LEAST_CLOSED_HOURS:
        return None
    open_mean = float(meter.amount[open_now].mean())
    closed_mean = float(meter.amount[closed_now].mean())
    if open_mean <= 0 or closed_mean / open_mean < rule.thresholds["ratio"]:
        return None
    usual = rule.thresholds["usual_ratio"]
    covered = concerned.sum() / max(1, int(in_season(meter.day, rule.season).sum()))
    a_year = 365 / max(1, (meter.last - meter.first).days + 1)
    amount = (closed_mean - usual * open_mean) * int(closed_now.sum()) / covered * a_year
    if amount < rule.thresholds["least_a_year"]:
        return None
    return Hit(
        first=meter.first,
        last=meter.last,
        amount=amount,
        sure=closed_mean / open_mean >= 1.1 * rule.thresholds["ratio"],
        facts={
            "closed_mean": closed_mean,
            "open_mean": open_mean,
            "percent": 100 * closed_mean / open_mean,
            "usual_percent": 100 * usual,
            "closed_hours": int(closed_now.sum()),
        },
        evidence={
            "measured": closed_mean,
            "against": usual * open_mean,
            "hours": int(closed_now.sum()),
            "series": _sample_week(meter, closed_now),
        },
    )


def out_of_season(rule: Rule, meter: MeterView) -> Hit | None:
    """Warm days of the season that use much of a winter day, and more than a usual day of the season.

    Thresholds: days warmer than `warmer_than` count; `share_of_winter` of the mean of December to February;
    `over_usual` times the first quartile of the warm days; on `least_days` at least.
    """
    days, amounts = meter.daily()
    known = np.isfinite(amounts)
    winter = known & in_season(days, Season("12-01", "02-28"))
    warm = known & in_season(days, rule.season) & (meter.temperatures(days) > rule.thresholds["warmer_than"])
    if winter.sum() < 30 or warm.sum() < 2 * rule.thresholds["least_days"]:
        return None
    winter_day = float(amounts[winter].mean())
    usual = float(np.quantile(amounts[warm], 0.25))
    limit = max(rule.thresholds["share_of_winter"] * winter_day, rule.thresholds["over_usual"] * usual)
    # No boiler burns more in August than in January: that would be a change of unit, and the guards' business.
    heated = warm & (amounts > limit) & (amounts < winter_day)
    count = int(heated.sum())
    if count < rule.thresholds["least_days"] or winter_day <= 0:
        return None
    first, last = days[heated][0], days[heated][-1]
    return Hit(
        first=_date(first),
        last=_date(last),
        amount=float((amounts[heated] - usual).sum()),
        sure=count >= 2 * rule.thresholds["least_days"],
        mark=str(_date(last).year),
        facts={
            "daily": float(amounts[heated].mean()),
            "usual_daily": usual,
            "days": count,
            "percent": 100 * float(amounts[heated].mean()) / winter_day,
            "warmer_than": rule.thresholds["warmer_than"],
        },
        evidence={
            "measured": float(amounts[heated].mean()),
            "against": usual,
            "hours": 24 * count,
            "series": daily_series(meter, first - 30, last + 15, usual),
        },
    )


def night_floor(rule: Rule, meter: MeterView) -> Hit | None:
    """The smallest hour of each night: water that never stops.

    Thresholds: at least `flow_an_hour` in every hour of `least_nights` nights in a row, up to the last one read.
    Within the run, a share `quiet_share` of nights may fall short.
    """
    assert rule.hours is not None
    nights, floors = _night_minima(meter, rule.hours.first, rule.hours.last)
    if len(nights) < rule.thresholds["least_nights"]:
        return None
    running = floors >= rule.thresholds["flow_an_hour"]
    start = _start_of_last_run(running, rule.thresholds["quiet_share"])
    count = len(nights) - start
    if count < rule.thresholds["least_nights"]:
        return None
    flow = float(np.median(floors[start:]))
    return Hit(
        first=_date(nights[start]),
        last=_date(nights[-1]),
        amount=flow * 24 * 365,
        sure=count >= 2 * rule.thresholds["least_nights"],
        mark=str(_date(nights[start])),
        facts={
            "flow": flow,
            "litres": 1000 * flow,
            "nights": int(running[start:].sum()),
            "from_hour": rule.hours.first,
            "to_hour": rule.hours.last,
        },
        evidence={
            "measured": flow,
            "against": 0.0,
            "hours": int(count * (rule.hours.last - rule.hours.first)),
            "series": daily_series(meter, nights[start] - 45, nights[start] + 45, None),
        },
    )


METHODS: dict[str, Callable[[Rule, MeterView], Hit | None]] = {
    "closed_hours": closed_hours,
    "out_of_season": out_of_season,
    "night_floor": night_floor,
}


def in_season(days: Days, season: Season | None) -> Bools:
    """True on the days of a season, which may run over New Year; everywhere without one."""
    if season is None:
        return np.ones(len(days), dtype=bool)
    months = days.astype("M8[M]")
    number = (months.astype(np.int64) % 12 + 1) * 100 + (days - months.astype("M8[D]")).astype(np.int64) + 1
    first, last = (int(day[:2]) * 100 + int(day[3:]) for day in (season.first, season.last))
    since, until = number >= first, number <= last
    within: Bools = since & until if first <= last else since | until
    return within


def daily_series(meter: MeterView, first: np.datetime64, last: np.datetime64, awaited: float | None) -> dict[str, Any]:
    """The days first..last for a plot: values in the meter's unit, null where missing."""
    days, amounts = meter.daily()
    kept = (days >= first) & (days <= last)
    return {
        "step": "day",
        "unit": meter.unit,
        "first": str(days[kept][0]) if kept.any() else "",
        "measured": _plain(amounts[kept]),
        "awaited": awaited,
    }


def _near_open(is_open: Bools) -> Bools:
    near = is_open.copy()
    for step in range(1, _EDGE_HOURS + 1):
        near[:-step] |= is_open[step:]
        near[step:] |= is_open[:-step]
    return near


def _sample_week(meter: MeterView, closed_now: Bools) -> dict[str, Any]:
    """The last seven whole days that hold closed hours concerned by the rule, hour by hour, and which were closed."""
    last = meter.day[np.flatnonzero(closed_now)[-1]]
    kept = (meter.day > last - 7) & (meter.day <= last)
    return {
        "step": "hour",
        "unit": meter.unit,
        "first": str(meter.day[kept][0]),
        "measured": _plain(meter.amount[kept]),
        "closed": [bool(item) for item in closed_now[kept]],
    }


def _night_minima(meter: MeterView, first: int, last: int) -> tuple[Days, Floats]:
    """Nights with every hour from `first` to `last` read, and the smallest of these hours."""
    at_night = (meter.hour >= first) & (meter.hour < last)
    nights, of_night = np.unique(meter.day[at_night], return_inverse=True)
    floors = np.full(len(nights), np.inf)
    np.minimum.at(floors, of_night, np.nan_to_num(meter.amount[at_night], nan=-1.0))
    whole = floors >= 0
    return nights[whole], floors[whole]


def _start_of_last_run(running: Bools, quiet_share: float) -> int:
    """Where the run that reaches the last night begins; len(running) when the last night is quiet."""
    start, quiet = len(running), 0
    for at in range(len(running) - 1, -1, -1):
        quiet += not running[at]
        if quiet > quiet_share * (len(running) - at):
            break
        if running[at]:
            start = at
    return start


def _plain(values: Floats) -> list[float | None]:
    return [round(float(value), 3) if np.isfinite(value) else None for value in values]


def _date(day: np.datetime64) -> dt.date:
    found: dt.date = day.astype("M8[D]").astype(dt.date)
    return found
