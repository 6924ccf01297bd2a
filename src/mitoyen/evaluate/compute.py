"""One meter's savings from its daily series: numbers in, numbers out (no database), so that processes can share them.

What is computed depends on the series *as kept* (see `series`), on what the checks of the hours found, and on nothing
else: a Figure recomputes from what it stores.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate import guards, uncertainty
from mitoyen.evaluate.baseline import VERSION, CannotFitError, DailyData, HourlyData, Model, fit
from mitoyen.evaluate.baseline_daily import regularised
from mitoyen.evaluate.baseline_features import design
from mitoyen.evaluate.calendar import local_days
from mitoyen.evaluate.enums import ReasonCode, Verdict
from mitoyen.evaluate.fingerprint import plain
from mitoyen.evaluate.guards_verdict import verdict
from mitoyen.evaluate.series import Run, kept
from mitoyen.evaluate.uncertainty import noise_of


@dataclass(frozen=True)
class Task:
    """A meter to assess: one baseline, and each period to report on.

    `hours` covers all the periods, None where readings are no finer than days; `breaks` as `history.read.breaks` gives
    them; `actions` are the days on which recorded actions began.
    """

    name: str
    baseline: Run
    reporting: list[Run]
    hours: HourlyData | None = None
    breaks: list[Any] = field(default_factory=list)
    actions: list[dt.date] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What is found for one reporting period, in the meter's unit. Amounts are None where they can't be computed;
    what is not proven has its raw amounts all the same: who publishes them decides."""

    verdict: str
    reasons: list[dict[str, Any]]
    value: float | None
    low: float | None
    high: float | None
    expected: float | None
    observed: float | None
    coverage: float
    method: str
    version: str
    model: dict[str, Any] | None
    cvrmse: float | None
    detail: dict[str, Any]
    screened: list[list[list[str]]]
    """For the baseline and the reporting period: stretches (first, last day) of zeros taken for missing readings."""
    months: list[list[Any]]
    """[["2018-01", days with readings, observed, expected, half the 90 % band], …]"""


def assess(task: Task) -> list[Outcome]:
    """An outcome for each reporting period, in order; a baseline is fitted once for all that share it."""
    raw = daily_data(kept(task.baseline))
    fits: dict[bytes, Fitted] = {}
    outcomes = []
    for run in task.reporting:
        raw_reporting = daily_data(kept(run))
        hours = _between(task.hours, raw, raw_reporting)
        baseline, reporting = guards.screened(raw, raw_reporting, hours=hours)
        key = np.isfinite(baseline.energy).tobytes()
        if key not in fits:
            fits[key] = _fitted(baseline)
        found = guards.check(raw, raw_reporting, hours, task.breaks, fits[key].model, actions=task.actions)
        screened = [_lost(raw, baseline), _lost(raw_reporting, reporting)]
        outcomes.append(_outcome(fits[key], reporting, [_told(one) for one in found], screened))
    return outcomes


def assess_again(
    baseline: Run, reporting: Run, reasons: list[dict[str, Any]], screened: list[list[list[str]]]
) -> Outcome:
    """The outcome from a Figure's kept series and what its checks of the hours found."""
    base, later = (
        data.without(_within(data.day, stretches))
        for data, stretches in zip((daily_data(baseline), daily_data(reporting)), screened, strict=True)
    )
    return _outcome(_fitted(base), later, reasons, screened)


def daily_data(run: Run) -> DailyData:
    return DailyData(run.day, run.amount, run.temperature, run.closed)


@dataclass(frozen=True)
class Fitted:
    """A model and the very baseline that it was fitted on; `message` says why there is none."""

    baseline: DailyData
    model: Model | None
    message: str = ""


def _fitted(baseline: DailyData) -> Fitted:
    try:
        return Fitted(baseline, fit(baseline))
    except CannotFitError as error:
        return Fitted(baseline, None, str(error))


def _between(hours: HourlyData | None, *periods: DailyData) -> HourlyData | None:
    """The hours of the local days of the periods alone."""
    if hours is None:
        return None
    day = local_days(hours.start, hours.timezone)
    keep = np.zeros(len(day), bool)
    for period in periods:
        keep |= (day >= period.day[0]) & (day <= period.day[-1])
    return replace(hours, start=hours.start[keep], energy=hours.energy[keep])


def _lost(before: DailyData, after: DailyData) -> list[list[str]]:
    lost = np.isfinite(before.energy) & ~np.isfinite(after.energy)
    return [[str(first), str(last)] for first, last in guards.stretches_of(before.day, lost)]


def _within(day: NDArray[np.datetime64], stretches: list[list[str]]) -> NDArray[np.bool_]:
    within = np.zeros(len(day), bool)
    for first, last in stretches:
        within |= (day >= np.datetime64(first)) & (day <= np.datetime64(last))
    return within


def _told(reason: Any) -> dict[str, Any]:
    told: dict[str, Any] = plain(
        {
            "code": str(reason.code),
            "first": _day(reason.first),
            "last": _day(reason.last),
            "detail": reason.detail,
            "mends": reason.mends,
        }
    )
    return told


def _day(day: Any) -> str | None:
    return None if day is None else str(day)[:10]


def _outcome(
    fitted: Fitted,
    reporting: DailyData,
    reasons: list[dict[str, Any]],
    screened: list[list[list[str]]],
) -> Outcome:
    baseline, model, message = fitted.baseline, fitted.model, fitted.message
    read = np.isfinite(reporting.energy)
    observed = float(np.sum(reporting.energy[read])) if read.any() else None
    nothing = Outcome(
        verdict=Verdict.NOT_PROVEN,
        reasons=reasons or [_too_thin(baseline if model is None else reporting, message)],
        value=None,
        low=None,
        high=None,
        expected=None,
        observed=observed,
        coverage=float(read.mean()),
        method=model.method if model else "none",
        version=model.version if model else VERSION,
        model=plain(model.parameters) if model else None,
        cvrmse=plain(model.cvrmse) if model else None,
        detail={"cannot_fit": message} if message else {},
        screened=screened,
        months=[],
    )
    if model is None or not read.any():
        return nothing
    saving = uncertainty.saving(model, baseline, reporting)
    if not saving.days or not np.isfinite(saving.half_width):
        return nothing
    return replace(
        nothing,
        verdict=Verdict.NOT_PROVEN if reasons else verdict(saving, []),
        reasons=reasons,
        value=float(saving.value),
        low=float(saving.low),
        high=float(saving.high),
        expected=float(saving.expected),
        observed=float(saving.observed),
        coverage=float(saving.coverage),
        detail=plain(saving.detail),
        months=plain(list(_months(baseline, reporting, model))),
    )


def _too_thin(data: DailyData, message: str) -> dict[str, Any]:
    """The reason where the guards have none and yet nothing can be computed."""
    told = {"code": ReasonCode.LOW_COVERAGE.value, "first": str(data.day[0]), "last": str(data.day[-1])}
    return {**told, "detail": {"kind": message}, "mends": "import_missing"}


def _months(baseline: DailyData, reporting: DailyData, model: Model) -> Iterable[list[Any]]:
    """The saving's months, each with the interval that `uncertainty.saving` gives it, all worked out at once."""
    noise = noise_of(model, baseline)
    usable = reporting.usable & np.isfinite(model.predict(reporting.day, reporting.temperature, reporting.closed))
    days = reporting.only(usable)
    features = design(model.parameters, days.day, days.temperature, days.closed)
    expected = features @ np.asarray(model.parameters["coefficients"])
    names, place = np.unique(days.day.astype("datetime64[M]"), return_inverse=True)
    totals = np.zeros((len(names), features.shape[1]))
    np.add.at(totals, place, features)
    counts = np.bincount(place)
    own = np.einsum("ij,ji->i", totals, np.linalg.solve(regularised(noise.gram), totals.T))
    halves = noise.critical * np.sqrt(noise.long_run * (counts + own))
    columns = (counts, np.bincount(place, days.energy), np.bincount(place, expected), halves)
    for row, name in enumerate(names):
        yield [str(name), *(column[row] for column in columns)]
