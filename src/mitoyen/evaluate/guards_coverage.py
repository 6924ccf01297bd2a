"""Enough days, in the seasons and at the temperatures that count; weather; and a model that explains the past."""

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import Bools, DailyData, Days, Model
from mitoyen.evaluate.enums import ReasonCode
from mitoyen.evaluate.guards_reason import Reason

MIN_COVERAGE = 0.90
"""CalTRACK 2.0, 2.2.1.2: at most 10 % of the days of a baseline may be missing."""
MAX_CVRMSE = 0.5
"""Between the 30 % that ASHRAE Guideline 14-2014 (4.3.2.4) allows hourly models and OpenDSM's 100 % for daily ones."""
SEASON_WITHIN = 20
"""A reporting day has been seen when the baseline holds a day at most so many days apart in the year."""
TEMPERATURE_WITHIN = 2.0
MAX_UNSEEN = 0.10


def coverage_reasons(baseline: DailyData, reporting: DailyData) -> list[Reason]:
    """Periods with too few usable days, then seasons and temperatures that the baseline never saw."""
    reasons = []
    for name, period in (("baseline", baseline), ("reporting", reporting)):
        usable = np.isfinite(period.energy)
        share = float(usable.mean()) if len(usable) else 0.0
        if share < MIN_COVERAGE:
            thin = _thin_months(period, usable)
            lacking = period.day[~usable]
            first, last = (lacking[0], lacking[-1]) if len(lacking) else (period.day[0], period.day[-1])
            detail = {"kind": "days", "period": name, "coverage": share, "least": MIN_COVERAGE, "months": thin}
            reasons.append(Reason(ReasonCode.LOW_COVERAGE, first, last, detail, "import_missing"))
    return reasons or unseen(baseline, reporting)


def _thin_months(period: DailyData, usable: Bools) -> dict[str, float]:
    """Share of usable days of the months that fall short."""
    months = period.day.astype("datetime64[M]")
    names, place = np.unique(months, return_inverse=True)
    share = np.bincount(place, usable) / np.bincount(place)
    return {str(name): round(float(part), 3) for name, part in zip(names, share, strict=True) if part < MIN_COVERAGE}


def unseen(baseline: DailyData, reporting: DailyData) -> list[Reason]:
    """A baseline is not carried over to seasons or temperatures that it never saw."""
    known, asked = baseline.day[baseline.usable], reporting.only(reporting.usable)
    if not len(known) or not len(asked.day):
        return []
    seen = np.zeros(366, bool)
    of_year = _day_of_year(known)
    for shift in range(-SEASON_WITHIN, SEASON_WITHIN + 1):
        seen[(of_year + shift) % 366] = True
    strange = ~seen[_day_of_year(asked.day)]
    if strange.mean() > MAX_UNSEEN:
        months = [str(month) for month in np.unique(asked.day[strange].astype("datetime64[M]"))]
        detail = {"kind": "seasons_not_seen", "share": float(strange.mean()), "months": months}
        return [_unseen(asked, strange, detail)]
    temperatures = baseline.temperature[baseline.usable]
    if not np.isfinite(temperatures).all():
        return []
    low, high = float(temperatures.min()), float(temperatures.max())
    strange = (asked.temperature < low - TEMPERATURE_WITHIN) | (asked.temperature > high + TEMPERATURE_WITHIN)
    if strange.mean() > MAX_UNSEEN:
        detail = {"kind": "temperatures_not_seen", "share": float(strange.mean()), "seen": [low, high]}
        return [_unseen(asked, strange, detail)]
    return []


def _unseen(asked: DailyData, strange: Bools, detail: dict[str, object]) -> Reason:
    days = asked.day[strange]
    return Reason(ReasonCode.LOW_COVERAGE, days[0], days[-1], detail, "longer_baseline")


def _day_of_year(day: Days) -> NDArray[np.int64]:
    number: NDArray[np.int64] = (day - day.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return number


def no_weather(baseline: DailyData, reporting: DailyData) -> list[Reason]:
    """Days with energy and no temperature, above a tenth of either period."""
    reasons = []
    for name, period in (("baseline", baseline), ("reporting", reporting)):
        read = np.isfinite(period.energy)
        lacking = read & ~np.isfinite(period.temperature)
        if read.any() and lacking.sum() > (1 - MIN_COVERAGE) * read.sum():
            days = period.day[lacking]
            detail = {"period": name, "days": int(lacking.sum()), "share": float(lacking.sum() / read.sum())}
            reasons.append(Reason(ReasonCode.NO_WEATHER, days[0], days[-1], detail, "import_weather"))
    return reasons


def weak_model(model: Model | None, baseline: DailyData) -> list[Reason]:
    """No model, or one that strays too far from its own baseline."""
    if model is not None and model.cvrmse <= MAX_CVRMSE:
        return []
    detail: dict[str, object] = {"limit": MAX_CVRMSE, "source": "ASHRAE Guideline 14-2014 4.3.2.4, CalTRACK 2.0"}
    detail["cvrmse"] = None if model is None else model.cvrmse
    return [Reason(ReasonCode.WEAK_MODEL, baseline.day[0], baseline.day[-1], detail, "submeter_or_drivers")]
