"""What a meter would have used: baseline models after CalTRACK / OpenEEmeter, in numpy.

`fit` learns a model from a baseline period, `Model.predict` says what another period would have used under the same
use of the building, `model_from` gets a model back from the parameters that a Figure stores.

Every method is linear in its features (`baseline_features`), so that its error can be stated (`uncertainty`):
`daily` and `degree_day` are in `baseline_daily`, `billing` in `baseline_billing`, `hourly` in `baseline_hourly`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

VERSION = "1.1"
"""Goes with every Figure: raised whenever the same readings would give another number."""

Days = NDArray[np.datetime64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Method = Literal["auto", "daily", "degree_day", "billing", "hourly"]

MIN_DAYS_DAILY = 250
"""Fewer usable days than this: the thinner degree-day regression."""
MIN_DAYS_FIT = 30
MIN_BILLS = 9


class CannotFitError(ValueError):
    """There is too little to fit anything to; the message says what was there."""


@dataclass(frozen=True)
class DailyData:
    """Contiguous local days of one meter.

    `day` datetime64[D], `energy` in the meter's unit a day (nan where missing: 0 means that nothing was used),
    `temperature` the mean of the day in °C (nan where missing), `closed` True on public holidays and closed days.
    `bill`, for meters read by bills: the number of the bill each day belongs to, its energy spread evenly over
    its days.
    """

    day: Days
    energy: Floats
    temperature: Floats
    closed: Bools
    bill: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not len(self.day) == len(self.energy) == len(self.temperature) == len(self.closed):
            raise ValueError("day, energy, temperature and closed must have the same length")

    def between(self, first: date | np.datetime64, last: date | np.datetime64) -> "DailyData":
        """The days from first to last, both included."""
        keep = (self.day >= np.datetime64(str(first), "D")) & (self.day <= np.datetime64(str(last), "D"))
        return self.only(keep)

    def only(self, keep: Bools | NDArray[np.int64]) -> "DailyData":
        """The days for which keep is True, or those at these places: no longer contiguous."""
        bill = None if self.bill is None else self.bill[keep]
        return DailyData(self.day[keep], self.energy[keep], self.temperature[keep], self.closed[keep], bill)

    def without(self, missing: Bools) -> "DailyData":
        """The same days, with the energy of some of them missing."""
        return replace(self, energy=np.where(missing, np.nan, self.energy))

    @property
    def usable(self) -> Bools:
        """Days with energy and, unless there is no temperature at all, with a temperature."""
        has_energy: Bools = np.isfinite(self.energy)
        if not np.isfinite(self.temperature).any():
            return has_energy
        return has_energy & np.isfinite(self.temperature)


@dataclass(frozen=True)
class HourlyData:
    """Hours of one meter: `start` datetime64 in UTC, `energy` in the meter's unit (nan where missing).

    `temperature` in °C and `closed` (the local day is closed) are needed by the hourly model only.
    `timezone` names the zone whose days `DailyData` counts.
    """

    start: NDArray[np.datetime64]
    energy: Floats
    temperature: Floats | None = None
    closed: Bools | None = None
    timezone: str = "Europe/Paris"


@dataclass(frozen=True)
class Model:
    """A fitted baseline. `parameters` is JSON-able and is all that is needed to predict again."""

    method: str
    version: str
    parameters: dict[str, Any]
    cvrmse: float
    """Root mean square of the residuals, corrected for the parameters, over the mean use (Guideline 14, 5.2.11)."""
    n_days: int
    nmbe: float = 0.0
    cvrmse_held_out: float = float("nan")
    """The same on four-week blocks that the fit had not seen."""
    residuals_held_out: Floats = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    """One a usable day (or bill) of the baseline, in order; empty on a model got back from its parameters."""
    noise: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)
    """What `uncertainty` has computed already, by baseline."""

    def predict(self, day: Days, temperature: Floats, closed: Bools) -> Floats:
        """Expected energy of each day; nan where the model needs a temperature and there is none."""
        from mitoyen.evaluate.baseline_features import design

        coefficients: Floats = np.asarray(self.parameters["coefficients"], dtype=float)
        expected: Floats = design(self.parameters, day, temperature, closed) @ coefficients
        return expected


def fit(data: DailyData, method: Method = "auto") -> Model:
    """Fit the baseline of one period.

    `auto` takes `billing` where days come from bills, else `daily` from 250 usable days on, else `degree_day`.
    Raises CannotFitError under 30 usable days (9 bills).
    """
    from mitoyen.evaluate import baseline_billing, baseline_daily

    if method == "hourly":
        raise CannotFitError("the hourly model needs hours: baseline_hourly.fit_hours")
    if method == "auto":
        method = baseline_billing.wanted(data) or ("daily" if data.usable.sum() >= MIN_DAYS_DAILY else "degree_day")
    if method == "billing":
        return baseline_billing.fit(data)
    return baseline_daily.fit(data, method)


def model_from(parameters: Mapping[str, Any]) -> Model:
    """Get a model back from the parameters that `fit` gave it (through JSON or not)."""
    known = dict(parameters)
    quality = known.get("quality", {})
    return Model(
        method=known["method"],
        version=known["version"],
        parameters=known,
        cvrmse=quality.get("cvrmse", float("nan")),
        n_days=quality.get("n_days", 0),
        nmbe=quality.get("nmbe", 0.0),
        cvrmse_held_out=quality.get("cvrmse_held_out", float("nan")),
    )
