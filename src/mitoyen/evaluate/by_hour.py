"""A second opinion: the same saving compared hour by hour, with the time-of-week and temperature model.

It is shown beside the daily comparison, never published instead: a Figure keeps days, and whoever can choose the model
after the fact can choose the result.
"""

from datetime import date
from typing import Any

import numpy as np

from mitoyen.evaluate.baseline import HourlyData
from mitoyen.evaluate.baseline_hourly import fit_hours
from mitoyen.evaluate.calendar import local_days
from mitoyen.evaluate.context import Context, context
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.uncertainty_hourly import hourly_saving
from mitoyen.history import read
from mitoyen.history.models import Datastream

LEAST_HOURS = 24 * 180


def compared_by_hour(meter: Datastream, baseline: Period, reporting: Period) -> dict[str, Any] | None:
    """{savings, interval_90, expected, observed, coverage, cvrmse}, in the meter's kWh or m3; None where there is no
    outdoor temperature, or fewer than half a year of hours with readings to fit on."""
    shared = context()
    before = _hours(meter, baseline, shared, [baseline, reporting])
    after = _hours(meter, reporting, shared, [baseline, reporting])
    if before is None or after is None or np.isfinite(before.energy).sum() < LEAST_HOURS:
        return None
    model = fit_hours(before)
    found = hourly_saving(model, before, after)
    if not found.days:
        return None
    return {
        "savings": found.value,
        "interval_90": [found.low, found.high],
        "expected": found.expected,
        "observed": found.observed,
        "coverage": found.coverage,
        "cvrmse": model.cvrmse,
    }


def _hours(meter: Datastream, period: Period, shared: Context, periods: list[Period]) -> HourlyData | None:
    station = shared.station(meter, periods)
    if station is None:
        return None
    first, last = (date.fromisoformat(str(day)) for day in (period.first, period.last))
    own, outside = read.hourly(meter, first, last), read.hourly(station, first, last)
    closed = shared.closed(period, shared.basis(meter, periods))
    place = (local_days(own.start, "Europe/Paris") - np.datetime64(first, "D")).astype(int)
    return HourlyData(own.start, own.amount, outside.amount, closed[place])
