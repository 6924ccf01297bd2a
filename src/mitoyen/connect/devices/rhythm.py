"""A device's rhythm, learnt from the gaps between its frames: how long it may be quiet before that means something."""

from collections.abc import Sequence
from statistics import median

GAPS_KEPT = 15
FEWEST_GAPS = 4
LOSS_AT_FIRST = 0.02
PAUSES_KEPT = 14
DAY_S = 86_400
_LOSS_WEIGHT = 0.01
_MOST_LOST_AT_ONCE = 3


def lost_between(last: int | None, now: int | None) -> int:
    """Frames that a counter says were sent between two that came; 0 after a reset, or without counter."""
    if last is None or now is None:
        return 0
    step = now - last
    if step < 0 and 60_000 < last < 65_536 and now < 5_000:
        step += 65_536
    return step - 1 if 0 < step < 16_384 else 0


def lost_by_gap(gap: float, usual: float | None, spread: float) -> int:
    """The same for a device without counter: a gap of two or three usual intervals is one or two lost frames."""
    if not usual or spread > usual / 4:
        return 0
    intervals = round(gap / usual)
    return intervals - 1 if 2 <= intervals <= 4 else 0


def loss_after(loss: float, lost: int) -> float:
    """The share of lost frames after one more frame that came and `lost` before it that did not.

    An outage of days is one event, not a thousand lost frames.
    """
    lost = min(lost, _MOST_LOST_AT_ONCE)
    kept: float = (1 - _LOSS_WEIGHT) ** (lost + 1)
    return loss * kept + (1 - kept) * lost / (lost + 1)


def usual(gaps: Sequence[float]) -> tuple[float | None, float]:
    """The usual interval in seconds and how far gaps are from it (median deviation); None before four gaps.

    For a device with a clock: the median of its last gaps, or of its last three when these are longer (its setting was
    changed: waiting for the long median would raise it time after time). For one that sends when something happens, its
    gaps say little but for the longest ones, so the second longest.
    """
    if len(gaps) < FEWEST_GAPS:
        return None, 0.0
    middle = max(median(gaps), median(gaps[-3:]))
    spread = median([abs(gap - middle) for gap in gaps])
    far = sum(abs(gap - middle) > middle / 2 for gap in gaps)
    if spread > middle / 4 or far > len(gaps) / 4:
        return sorted(gaps)[-2], max(spread, middle / 2)
    return middle, spread


def daily_pause(pauses: Sequence[Sequence[float]], today: int) -> tuple[int | None, float | None]:
    """When a pause that comes back each day begins (minute of the day, UTC) and how long it lasts; None without one.

    `pauses` are [day, minute, seconds]. A lamp whose cabinet is cut off by day is not silent each morning. Three pauses
    of the last week must begin within an hour and a half of one another.
    """
    recent = [pause for pause in pauses if pause[0] > today - 8]
    for start in reversed([int(pause[1]) for pause in recent]):
        alike = [pause for pause in recent if minutes_apart(int(pause[1]), start) <= 90]
        if len({pause[0] for pause in alike}) >= 3:
            return start, max(pause[2] for pause in alike)
    return None, None


def minutes_apart(one: int, other: int) -> int:
    """Between two minutes of the day, around midnight too."""
    apart = abs(one - other) % 1440
    return min(apart, 1440 - apart)
