"""Sudden lasting jumps of a meter's level: a change of unit or factor, a meter swapped, a change of use.

Daily use is compared on a logarithmic scale, freed of temperature and kind of day, so that a change of unit is a step
of the same height whatever the season. Days at 0 say nothing about the scale and are left out.
"""

from dataclasses import dataclass

import numpy as np

from mitoyen.evaluate.baseline import Bools, DailyData, Days, Floats
from mitoyen.evaluate.baseline_features import weekday_of

WINDOW = 21
"""Usable days looked at on either side of a candidate."""
FEWEST = 10
"""Usable days needed on either side."""
SUDDEN = 5
"""Usable days on either side that must show the jump already."""
MIN_FACTOR = 2.0
FAR_HIGHER = 5.0
BIN = 3.0
"""°C: both sides of a jump are compared on days of the same temperature."""
MOST_BREAKS = 4
SPIKE = 10.0
"""Times the level that 19 days in 20 stay under."""
STOPS_ABOVE = 12.0
"""°C: nearly all days of a stretch are warmer, so that the heating may be off."""
LONGEST_SUMMER, LONGEST_INTERRUPTION = 200, 60
"""Usable days."""


@dataclass(frozen=True)
class Jump:
    """`after` is the first usable day at the new level, `before` the last at the old one; factor: new over old."""

    before: np.datetime64
    after: np.datetime64
    factor: float
    days_after: int
    """Usable days until the next jump or the end."""


def spikes(periods: list[DailyData]) -> list[Jump]:
    """Single days far above all others: the same mistake as a change of unit, for a day or a few."""
    day = np.concatenate([period.day for period in periods])
    energy = np.concatenate([period.energy for period in periods])
    used = energy[np.isfinite(energy) & (energy > 0)]
    if len(used) < 2 * WINDOW:
        return []
    usual = float(np.quantile(used, 0.95))
    return [
        Jump(day[at] - 1, day[at], float(energy[at] / usual), 1)
        for at in np.flatnonzero(np.isfinite(energy) & (energy > SPIKE * usual))
    ]


@dataclass(frozen=True)
class _Levels:
    """Usable days in order of time: the logarithm of their use, and what it is freed of."""

    day: Days
    level: Floats
    temperature: Floats
    off: Bools

    def __getitem__(self, part: slice) -> "_Levels":
        return _Levels(self.day[part], self.level[part], self.temperature[part], self.off[part])


def _levels(periods: list[DailyData]) -> _Levels:
    used = [period.only(np.isfinite(period.energy) & (period.energy > 0)) for period in periods]
    day = np.concatenate([period.day for period in used])
    order = np.argsort(day, kind="stable")
    temperature = np.concatenate([period.temperature for period in used])[order]
    known = np.isfinite(temperature)
    temperature = np.where(known, temperature, temperature[known].mean() if known.any() else 0.0)
    off = np.concatenate([(weekday_of(period.day) >= 5) | period.closed for period in used])[order]
    level = np.log(np.concatenate([period.energy for period in used])[order])
    return _Levels(day[order], level, temperature, off)


def jumps(periods: list[DailyData]) -> list[Jump]:
    """Sudden lasting jumps by a factor of 2 or more, within the periods or between two of them."""
    days = _levels(periods)
    cuts: list[int] = []
    _split(days, 0, cuts)
    edges, differences = _kept(days, [0, *sorted(cuts), len(days.day)])
    return [
        Jump(days.day[at - 1], days.day[at], float(np.exp(difference)), after - at)
        for at, after, difference in zip(edges[1:-1], edges[2:], differences, strict=True)
    ]


def _split(days: _Levels, offset: int, cuts: list[int]) -> None:
    """Add the best cut of a stretch where it is a sudden jump, then look on either side of it."""
    if len(days.day) < 2 * FEWEST or len(cuts) >= MOST_BREAKS:
        return
    at = _best_step(days.level, days.temperature, days.off)
    if at is not None:
        cuts.append(offset + at)
        _split(days[slice(0, at)], offset, cuts)
        _split(days[slice(at, len(days.day))], offset + at, cuts)


def _kept(days: _Levels, edges: list[int]) -> tuple[list[int], list[float]]:
    """The cuts across which days alike differ by the least factor, and by how much; the others are undone.

    The weakest is undone first, since the stretches on either side of it then count as one.
    """
    while True:
        differences = [_difference(days, edges[k - 1 : k + 2]) for k in range(1, len(edges) - 1)]
        weak = [
            (abs(difference), k)
            for k, difference in enumerate(differences, 1)
            if abs(difference) < np.log(MIN_FACTOR)
            or _is_brief(difference, edges[k - 1 : k + 2])
            or _is_season(difference, days, edges[k - 1 : k + 2])
        ]
        undone = {min(weak)[1]} if weak else _interruption(days, differences, edges)
        if not undone:
            return edges, differences
        edges = [edge for k, edge in enumerate(edges) if k not in undone]


def _difference(days: _Levels, edges: list[int]) -> float:
    """Logarithm of the factor between the stretches on either side of the middle edge."""
    old, new = days[slice(edges[0], edges[1])], days[slice(edges[1], edges[2])]
    matched = _matched(old, new)
    if matched is not None:
        return matched
    return float(np.median(new.level[:WINDOW]) - np.median(old.level[-WINDOW:]))


def _is_brief(difference: float, edges: list[int]) -> bool:
    """A low stretch too short to be told from a holiday, or a high one too short unless it is far higher."""
    before, after = edges[1] - edges[0], edges[2] - edges[1]
    low, high = (after, before) if difference < 0 else (before, after)
    return low < WINDOW or (high < WINDOW and abs(difference) < np.log(FAR_HIGHER))


def _is_season(difference: float, days: _Levels, edges: list[int]) -> bool:
    """A fall into nothing but warm days, or a rise out of them: the heating was off for the summer."""
    low = slice(edges[1], edges[2]) if difference < 0 else slice(edges[0], edges[1])
    warm = float(np.quantile(days.temperature[low], 0.2)) >= STOPS_ABOVE
    return warm and low.stop - low.start <= LONGEST_SUMMER


def _interruption(days: _Levels, differences: list[float], edges: list[int]) -> set[int]:
    """Two cuts of a fall that was soon made good: the boiler was off, the scale is the same."""
    for k in range(1, len(differences)):
        short = edges[k + 1] - edges[k] <= LONGEST_INTERRUPTION
        if differences[k - 1] < 0 < differences[k] and short:
            around = _matched(days[slice(edges[k - 1], edges[k])], days[slice(edges[k + 1], edges[k + 2])])
            if around is not None and abs(around) < np.log(MIN_FACTOR):
                return {k, k + 1}
    return set()


def _best_step(level: Floats, temperature: Floats, off: Bools) -> int | None:
    """Place of the step that explains most, freed of temperature and kind of day; None where none is sudden."""
    hinges = [np.maximum(point - temperature, 0) for point in (4.0, 8.0, 11.0, 14.0, 17.0)]
    x = np.column_stack([np.ones(len(level)), off, *hinges, np.maximum(temperature - 20, 0)])
    q = np.linalg.qr(x)[0]
    residual = level - q @ (q.T @ level)
    # Regress on the features and a step at each place at once (Frisch, Waugh and Lovell): all steps from running sums.
    after = np.arange(len(level), 0, -1, dtype=float)
    step_q = np.cumsum(q[::-1], axis=0)[::-1]
    norm = after - np.sum(step_q**2, axis=1)
    height = np.cumsum(residual[::-1])[::-1] / np.maximum(norm, 1e-9)
    gain = height**2 * np.maximum(norm, 0)
    places = np.arange(len(level))
    allowed = (places >= FEWEST) & (places <= len(level) - FEWEST) & (norm > 1)
    gain[~allowed] = -1
    for at in _peaks(gain):
        if _is_sudden(residual - height[at] * ((places >= at) - step_q[at] @ q.T) + height[at] * (places >= at), at):
            return int(at)
    return None


def _peaks(gain: Floats) -> list[int]:
    """The few best places, at least a window apart."""
    found: list[int] = []
    left = gain.copy()
    for _ in range(5):
        at = int(np.argmax(left))
        if left[at] <= 0:
            break
        found.append(at)
        left[max(at - WINDOW, 0) : at + WINDOW] = -1
    return found


def _is_sudden(adjusted: Floats, at: int) -> bool:
    """Whether the level differs by the least factor both at once and over three weeks, in the same direction."""
    near = np.median(adjusted[at : at + SUDDEN]) - np.median(adjusted[at - SUDDEN : at])
    wide = np.median(adjusted[at : at + WINDOW]) - np.median(adjusted[max(at - WINDOW, 0) : at])
    least = np.log(MIN_FACTOR)
    return bool(abs(wide) >= least and near * wide > 0 and abs(near) >= 0.6 * abs(wide))


def _matched(old: _Levels, new: _Levels) -> float | None:
    """Difference of both sides' medians on days alike in kind and temperature, the colder half; None without any."""
    here, there = ((np.floor(side.temperature / BIN).astype(np.int64) * 2 + side.off) for side in (old, new))
    differences = []
    for one in np.intersect1d(here, there):
        before, after = old.level[here == one], new.level[there == one]
        if len(before) >= 3 and len(after) >= 3:
            differences.append((int(one), float(np.median(after) - np.median(before))))
    if not differences:
        return None
    cold = sorted(differences)[: max(len(differences) // 2, 2)]
    return float(np.median([difference for _, difference in cold]))


def shift_around(periods: list[DailyData], day: np.datetime64, window: int = 84) -> float | None:
    """Factor between the usable days after and before a date, on days alike; None where there are too few."""
    days = _levels(periods)
    at = int(np.searchsorted(days.day, day))
    if at < 7 or len(days.day) - at < 7:
        return None
    return float(np.exp(_difference(days, [max(at - window, 0), at, min(at + window, len(days.day))])))
