"""What must hold before a saving may be called proven.

`screened` takes zeros that stand for missing readings out of the days (do this before the fit); `check` lists what
fails, each with its dates, what was measured, and a code for what would mend it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

import numpy as np

from mitoyen.evaluate.baseline import Bools, DailyData, Days, HourlyData, Model
from mitoyen.evaluate.baseline_billing import wanted
from mitoyen.evaluate.enums import ReasonCode
from mitoyen.evaluate.guards_added import Nature, natures
from mitoyen.evaluate.guards_breaks import Jump, jumps, shift_around, spikes
from mitoyen.evaluate.guards_clipped import clipped, clipped_days
from mitoyen.evaluate.guards_coverage import coverage_reasons, no_weather, weak_model
from mitoyen.evaluate.guards_reason import Reason
from mitoyen.evaluate.guards_use import changed_day, changed_week
from mitoyen.evaluate.guards_zeros import missing_days

__all__ = ["Break", "Reason", "check", "screened"]

UNIT_FALL, UNIT_FALL_NEAR_ACTION, UNIT_RISE = 3.0, 5.0, 2.7
"""Sudden jumps by these factors or more are changes of unit: the smallest mistaken unit is MJ for kWh (3.6), met with
some saving or drift. Near a recorded action (new lamps save up to 70 %) a fall must be larger."""
ZERO_DAYS_SHARE = 0.03
"""Share of a period's days lost to zeros up to which they are merely left out."""
SWAP_SHIFT = 1.25
"""A swapped meter whose days after differ from those before by this factor was not taken over rightly."""
SWAP_AT_ONCE, ELSEWHERE = 21, 84
"""Usable days on either side in which a shift at the swap shows already; days from which none is due to it."""
ACTION_WITHIN = 45
"""Days between a recorded action and a jump that it may explain."""


class Break(Protocol):
    """As history.read.breaks gives them: kind is swap, wrap or index_back."""

    time: Any
    kind: str
    detail: Any


def screened(*periods: DailyData, hours: HourlyData | None = None) -> list[DailyData]:
    """The periods with the days on which zeros stand for missing readings made missing."""
    lost = missing_days(periods, hours)
    return [period.without(days) for period, days in zip(periods, lost, strict=True)]


def check(
    baseline: DailyData,
    reporting: DailyData,
    hourly: HourlyData | None = None,
    breaks: Sequence[Break] = (),
    model: Model | None = None,
    *,
    actions: Sequence[date] = (),
) -> list[Reason]:
    """Every reason for which the saving is not proven; none: the guards pass.

    `baseline` and `reporting` as read or screened; `model` is None where none could be fitted; `actions` are the days
    on which recorded actions began: a large lasting change near one of them is its effect, not a change of use.
    """
    periods = [baseline, reporting]
    lost = missing_days(periods, hourly)
    clean = [period.without(days) for period, days in zip(periods, lost, strict=True)]
    found = jumps(periods)
    zeros = _zeros(periods, lost)
    # Where zeros stand for missing readings, none of them tells what was used.
    told = list(zip(found, natures(found, clean, _without_zeros(hourly) if zeros else hourly), strict=True))
    units = _unit_breaks([jump for jump, nature in told if nature == Nature.SCALED], actions)
    added = [jump for jump, nature in told if nature == Nature.ADDED]
    # More used in the reporting period than before is no fault of the meter's: it is told as what it is, an increase.
    found = [
        jump
        for jump, nature in told
        if nature == Nature.SCALED or (nature == Nature.ADDED and not _is_more(jump, added, reporting))
    ]
    reasons = [*(units or _spikes(periods)), *_swaps(periods, breaks), *zeros]
    if hourly is not None:
        reasons += _clipped(periods, hourly)
    reasons += coverage_reasons(clean[0], clean[1])
    reasons += no_weather(baseline, reporting)
    reasons += weak_model(model, baseline)
    if not any(reason.code == ReasonCode.UNIT_BREAK for reason in reasons):
        reasons += _changes_of_use(clean, hourly, found, actions)
    return reasons


def _without_zeros(hourly: HourlyData | None) -> HourlyData | None:
    return hourly and replace(hourly, energy=np.where(hourly.energy == 0, np.nan, hourly.energy))


def _unit_breaks(found: list[Jump], actions: Sequence[date]) -> list[Reason]:
    return [
        Reason(
            ReasonCode.UNIT_BREAK,
            jump.before + 1,
            jump.after,
            {"factor": jump.factor, "days_after": jump.days_after, "near_action": _near(jump.after, actions)},
            "confirm_unit",
        )
        for jump in found
        if _is_unit(jump, actions)
    ]


def _is_more(jump: Jump, added: list[Jump], reporting: DailyData) -> bool:
    """Whether a jump opens a stretch within the reporting period in which more was used, or closes it."""
    if jump.after < reporting.day[0]:
        return False
    return jump.factor > 1 or any(one.factor > 1 and reporting.day[0] <= one.after < jump.after for one in added)


def _spikes(periods: list[DailyData]) -> list[Reason]:
    found = spikes(periods)
    if not found:
        return []
    listed = [str(one.after) for one in found[:20]]
    detail = {"kind": "spike", "factor": max(one.factor for one in found), "days": len(found), "on": listed}
    return [Reason(ReasonCode.UNIT_BREAK, found[0].after, found[-1].after, detail, "confirm_unit")]


def _is_unit(jump: Jump, actions: Sequence[date]) -> bool:
    if jump.factor > 1:
        return jump.factor >= UNIT_RISE
    return 1 / jump.factor >= (UNIT_FALL_NEAR_ACTION if _near(jump.after, actions) else UNIT_FALL)


def _near(day: np.datetime64, actions: Sequence[date]) -> bool:
    return any(abs(int((day - np.datetime64(str(one)[:10], "D")).astype(np.int64))) <= ACTION_WITHIN for one in actions)


def _swaps(periods: list[DailyData], breaks: Sequence[Break]) -> list[Reason]:
    """Indexes that went back, and recorded swaps after which the level is another."""
    reasons = []
    first, last = periods[0].day[0], periods[-1].day[-1]
    for one in breaks:
        day = np.datetime64(str(one.time)[:10], "D")
        if one.kind == "wrap" or not first <= day <= last:
            continue
        factor = shift_around(periods, day)
        shifted = factor is not None and _is_shift(periods, day, factor)
        if one.kind == "index_back" or shifted:
            detail = {"kind": one.kind, "factor": factor, "found": str(one.detail)}
            mends = "record_swap" if one.kind == "index_back" else "confirm_swap_factor"
            reasons.append(Reason(ReasonCode.METER_SWAP, day, day, detail, mends))
    return reasons


def _is_shift(periods: list[DailyData], day: np.datetime64, factor: float) -> bool:
    """Whether a level shifts by more than limit and season explain: at once as well, and more than at other dates."""
    at_once = shift_around(periods, day, SWAP_AT_ONCE)
    size = abs(float(np.log(factor)))
    if size < np.log(SWAP_SHIFT) or at_once is None or np.log(at_once) * np.log(factor) < 0:
        return False
    if abs(float(np.log(at_once))) < np.log(SWAP_SHIFT):
        return False
    # The same shift a year before or after is the season's; as large a one at many other dates is the meter's way.
    for year in (-364, 364):
        season = shift_around(periods, day + year)
        if season is not None and abs(float(np.log(factor / season))) < np.log(SWAP_SHIFT):
            return False
    days = np.concatenate([period.day for period in periods])
    others = days[np.abs((days - day).astype(np.int64)) > ELSEWHERE][::14]
    shifts = [shift for one in others if (shift := shift_around(periods, one)) is not None]
    return not shifts or size > float(np.quantile(np.abs(np.log(shifts)), 0.9))


def _zeros(periods: list[DailyData], lost: list[Bools]) -> list[Reason]:
    reasons = []
    for name, period, days in zip(("baseline", "reporting"), periods, lost, strict=True):
        count = int(days.sum())
        if count <= max(3, ZERO_DAYS_SHARE * len(period.day)):
            continue
        stretches = stretches_of(period.day, days)
        longest = max(stretches, key=lambda pair: int((pair[1] - pair[0]).astype(np.int64)))
        listed = [[str(since), str(until)] for since, until in stretches[:40]]
        detail = {"period": name, "days": count, "share": count / len(period.day), "stretches": listed}
        reasons.append(Reason(ReasonCode.ZEROS_FOR_MISSING, *longest, detail, "import_missing"))
    return reasons


def stretches_of(day: Days, marked: Bools) -> list[tuple[np.datetime64, np.datetime64]]:
    """First and last day of each stretch of marked days."""
    edge = np.diff(np.concatenate([[0], marked.astype(np.int8), [0]]))
    return list(zip(day[np.flatnonzero(edge == 1)], day[np.flatnonzero(edge == -1) - 1], strict=True))


def _clipped(periods: list[DailyData], hourly: HourlyData) -> list[Reason]:
    found = clipped(hourly)
    reasons = []
    for period in periods:
        for one in clipped_days(found, period.day[0], period.day[-1]):
            detail = {"value": one.value, "hours": one.hours}
            reasons.append(Reason(ReasonCode.CLIPPED, one.first, one.last, detail, "import_unclipped"))
    return reasons


def _changes_of_use(
    periods: list[DailyData], hourly: HourlyData | None, found: list[Jump], actions: Sequence[date]
) -> list[Reason]:
    first, last = periods[0].day[0], periods[-1].day[-1]
    acted = any(first <= np.datetime64(str(one)[:10], "D") <= last for one in actions)
    for jump in found:
        # In the warm season a heating meter does not tell the date of what was done: any action recorded will do.
        if not (acted and jump.factor < 1) and not _near(jump.after, actions):
            detail: dict[str, Any] = {"kind": "level", "factor": jump.factor}
            return [Reason(ReasonCode.CHANGE_OF_USE, jump.before + 1, last, detail, "record_action_or_use")]
    if any(wanted(period) for period in periods):
        return []  # days spread from bills have no shape
    changed = changed_week(*periods)
    if changed is None and hourly is not None:
        changed = changed_day(periods[0], periods[1], hourly)
    if changed is None:
        return []
    detail = {"kind": changed.kind, "before": changed.before, "after": changed.after}
    return [Reason(ReasonCode.CHANGE_OF_USE, changed.first, last, detail, "record_action_or_use")]
