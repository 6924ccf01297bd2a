"""Forecasts of datastreams, from their readings to what is kept."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.db.models import F
from django.utils.translation import gettext as _

from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.history.rules import rules_for
from mitoyen.history.times import paris_day_bounds, paris_day_of, utc64
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.forecast import backtest
from mitoyen.operate.forecast.backtest import FITTED
from mitoyen.operate.forecast.model import STEPS
from mitoyen.operate.forecast.models import Forecast
from mitoyen.operate.forecast.week import WEEK, local_offsets

HOUR = np.timedelta64(3600, "s")
_LOOK_BACK = dt.timedelta(hours=FITTED + backtest.CHOSEN + backtest.SHOWN + 5 * WEEK)
# An hourly series speaks each hour: in the last week, at least in half of them.
_LEAST_READINGS = WEEK // 2
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did: forecasts made; datastreams without one (not hourly, or too short); those it had no time for."""

    made: int
    none: int
    left: int


def forecast(datastream: Datastream) -> Forecast:
    """Make and keep the forecast of one datastream. Raises Refused when none can be made."""
    extent = read.extent(datastream)
    made = None if extent is None else _made(datastream, extent[1])
    if made is None:
        raise Refused(
            _("No forecast can be made of %(name)s.") % {"name": datastream.name},
            _("It needs readings each hour over the last %(weeks)d weeks.") % {"weeks": backtest.LEAST // WEEK},
            code="no_forecast",
        )
    return made


def refresh(budget_s: float = 1200.0, progress: Progress | None = None) -> Summary:
    """Forecasts of every hourly datastream that has readings newer than its forecast; those longest without one first,
    until the time is up. Safe to repeat and to stop."""
    streams = list(
        Datastream.objects.select_related("forecast", "thing").order_by(F("forecast__made_at").asc(nulls_first=True))
    )
    lasts = {number: last for number, (_first, last) in read.extents(streams).items()}
    due = [one for one in streams if one.pk in lasts and _is_due(one, lasts[one.pk])]
    end = time.monotonic() + budget_s
    made = done = 0
    for done, datastream in enumerate(due, start=1):
        made += _made(datastream, lasts[datastream.pk]) is not None
        if progress is not None:
            progress(done, len(due))
        if time.monotonic() > end:
            break
    return Summary(made, done - made, len(due) - done)


def told(made: Forecast) -> dict[str, object]:
    """A forecast for programs: `values` are [start of the hour, value, low, high]."""
    starts = [made.starts + dt.timedelta(hours=step) for step in range(len(made.values))]
    rows = zip(starts, made.values, made.low, made.high, strict=True)
    return {
        "datastream": made.datastream.name,
        "unit": made.unit,
        "method": made.method,
        "made_at": made.made_at.isoformat(),
        "mean_absolute_error": made.error,
        "naive_mean_absolute_error": made.naive_error,
        "covered": made.covered,
        "level": backtest.LEVEL,
        "values": [[start.isoformat(), value, low, high] for start, value, low, high in rows],
    }


def _is_due(datastream: Datastream, last: np.datetime64) -> bool:
    kept: Forecast | None = getattr(datastream, "forecast", None)
    return kept is None or bool(last >= utc64(kept.starts) + HOUR)


def _made(datastream: Datastream, last: np.datetime64) -> Forecast | None:
    """None, and none kept, for a series that is not hourly or too short."""
    found = _computed(datastream, last)
    if found is None:
        Forecast.objects.filter(datastream=datastream).delete()
        return None
    starts, made = found
    accuracy = made.accuracy
    values = {
        "starts": starts,
        "unit": rules_for([datastream])[datastream.pk].amount_unit,
        "method": made.method,
        "values": _listed(made.value),
        "low": _listed(made.low),
        "high": _listed(made.high),
        "error": accuracy and accuracy.used,
        "naive_error": accuracy and accuracy.naive,
        "covered": accuracy and accuracy.covered,
    }
    return Forecast.objects.update_or_create(datastream=datastream, defaults=values)[0]


def _computed(datastream: Datastream, last: np.datetime64) -> tuple[dt.datetime, backtest.Forecast] | None:
    until = last.astype(dt.datetime).replace(tzinfo=dt.UTC)
    recent = read.readings(datastream, until - dt.timedelta(hours=WEEK), until)
    if len(recent.time) < _LEAST_READINGS or (recent.length_s > 3600).any():
        return None
    day = paris_day_of(np.array([last], "datetime64[us]"))[0].astype(dt.date)
    hours = read.hourly(datastream, day - _LOOK_BACK, day)
    # An hour that goes on is not known yet.
    known = hours.start + HOUR <= last
    first = int(np.argmax(np.isfinite(hours.amount)))
    starts, values = hours.start[known][first:], hours.amount[known][first:]
    if not len(values):
        return None
    every = np.append(starts, starts[-1] + HOUR * np.arange(1, STEPS + 1))
    midnights = paris_day_bounds(every[0].astype(dt.datetime).date() - dt.timedelta(days=2), day + dt.timedelta(days=4))
    made = backtest.forecast(values, local_offsets(every, midnights))
    if made is None:
        return None
    return (starts[-1] + HOUR).astype(dt.datetime).replace(tzinfo=dt.UTC), made


def _listed(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]
