"""When a battery will be empty, where its trail says so surely enough; nothing otherwise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

TRAIL_KEPT = 120
FEWEST_DAYS, SHORTEST_SPAN = 14, 21
FURTHEST = timedelta(days=5 * 365)
_Z = 1.96


@dataclass(frozen=True, slots=True)
class End:
    """The likely day and the interval that holds it 19 times in 20, as far as the past is like the future."""

    day: date
    first: date
    last: date


def trail_with(trail: Sequence[Sequence[float]], day: int, value: float) -> list[list[float]]:
    """The trail of [day number, value] with a day's latest value; a battery that was changed begins a new trail."""
    kept = [list(point) for point in trail if point[0] != day]
    if len(kept) >= 3 and value > (before := float(np.median([point[1] for point in kept[-3:]]))):
        highest = max(point[1] for point in kept)
        lowest = min(point[1] for point in kept)
        # Far above all that a warm day brings: by a fifth of full, and by all that was lost.
        if value - before > 0.2 * highest and value - before > 0.5 * (highest - lowest):
            kept = []
    return [*kept, [day, round(value, 3)]][-TRAIL_KEPT:]


def end_of(trail: Sequence[Sequence[float]], empty: float) -> End | None:
    """When the trail of [day number, value] reaches `empty`, by its Theil-Sen slope and that slope's interval.

    The interval is Sen's (1968) by ranks of the slopes between all pairs of days, made wider by the residuals' own
    correlation from day to day (cold spells last). None when the trail is short, the slope's interval holds zero, the
    day is over five years off, or the interval is wider than the time that is left.
    """
    points = np.asarray(trail, dtype=float).reshape(-1, 2)
    days, values = points[:, 0], points[:, 1]
    if len(days) < FEWEST_DAYS or days[-1] - days[0] < SHORTEST_SPAN:
        return None
    i, j = np.triu_indices(len(days), 1)
    slopes = np.sort((values[j] - values[i]) / (days[j] - days[i]))
    slope = float(np.median(slopes))
    level = float(np.median(values - slope * days))
    half = _half_width(values - slope * days - level, len(slopes))
    low = float(slopes[max(0, math.floor(len(slopes) / 2 - half))])
    high = float(slopes[min(len(slopes) - 1, math.ceil(len(slopes) / 2 + half))])
    now = level + slope * days[-1]
    if high >= 0 or now <= empty:
        return None
    left = (empty - now) / slope
    # What is said is rounded and swings with the weather: the level is no surer than that, nor a day than a day.
    about = 1 + _Z * float(np.std(values - slope * days)) / -slope
    soonest, latest = (empty - now) / low - about, (empty - now) / high + about
    if left > FURTHEST.days or latest - soonest > max(left, 14):
        return None
    first, last = math.floor(soonest), math.ceil(latest)
    return End(*(date.fromordinal(int(days[-1]) + days_left) for days_left in (round(left), first, last)))


def _half_width(residuals: np.ndarray, slopes: int) -> float:
    """Half the number of ordered slopes inside the interval."""
    n = len(residuals)
    variance = n * (n - 1) * (2 * n + 5) / 18
    spread = float(np.dot(residuals, residuals))
    if spread > 0:
        lag = float(np.dot(residuals[1:], residuals[:-1])) / spread
        lag = min(max(lag, 0.0), 0.9)
        variance *= (1 + lag) / (1 - lag)
    return min(_Z * math.sqrt(variance) / 2, slopes / 2)
