"""Readings plotted as evidence: a meter's days, with what happened written where it happened."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.history.enums import Kind
from mitoyen.history.models import Datastream
from mitoyen.history.read import Daily, daily, extents
from mitoyen.history.times import paris_day_of
from mitoyen.www.charts import Stretch, Table, time_series
from mitoyen.www.dates import day
from mitoyen.www.desk.words import property_word, unit_word
from mitoyen.www.numbers import number

TWO_YEARS = dt.timedelta(days=730)
ENERGY = ("electricity", "gas", "heat")


def day_unit(stream: Datastream) -> str:
    """Unit of a meter's day: kWh for energy, m³ for water, its own for a gauge."""
    if stream.kind == Kind.GAUGE:
        return stream.unit
    return "kWh" if stream.observed_property in ENERGY else "m3" if stream.observed_property == "water" else stream.unit


def days_chart(
    stream: Datastream, first: dt.date, last: dt.date, title: str, marked: Sequence[Stretch] = ()
) -> SafeString | None:
    """A `<figure>` of each day from `first` to `last`, both included, with its values by month in a table; `marked`
    days are shaded. None where nothing was read.
    """
    found = daily([stream], first, last)[stream.pk]
    return _chart(stream, found, title, marked) if found.count.any() else None


def hours_chart(series: Mapping[str, Any], title: str, label: str) -> SafeString | None:
    """A sample of hours that a finding kept (`measured` from the day `first` on), those that count shaded."""
    values = np.array([np.nan if value is None else value for value in series["measured"]], dtype=np.float64)
    if not np.isfinite(values).any():
        return None
    hours = np.datetime64(series["first"], "h") + np.arange(len(values))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], series["closed"], [False])).astype(int)))
    hour = np.timedelta64(1, "h")
    shaded = [Stretch(hours[a], hours[b - 1] + hour, label) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    unit = _("%(unit)s an hour") % {"unit": unit_word(str(series["unit"]))}
    return time_series(title, hours, values, unit=unit, marked=shaded, measured_label=_("measured"))


def last_years(streams: Sequence[Datastream]) -> dict[int, SafeString]:
    """Each meter's last two years of readings, plotted; meters without readings are absent."""
    ends = extents(streams)
    charts: dict[int, SafeString] = {}
    for stream in streams:
        if stream.pk not in ends:
            continue
        earliest, last = (_day(moment) for moment in ends[stream.pk])
        first = max(earliest, last - TWO_YEARS)
        chart = days_chart(stream, first, last, _caption(stream, first, last))
        if chart is not None:
            charts[stream.pk] = chart
    return charts


def _caption(stream: Datastream, first: dt.date, last: dt.date) -> str:
    return _("%(property)s, day by day, from %(first)s to %(last)s") % {
        "property": property_word(stream.observed_property).capitalize(),
        "first": day(first),
        "last": day(last),
    }


def _day(moment: np.datetime64) -> dt.date:
    """The Paris day that a reading at `moment` (the end of its interval) belongs to."""
    found: dt.date = paris_day_of(np.array([moment - np.timedelta64(1, "us")]))[0].astype(dt.date)
    return found


def _chart(stream: Datastream, found: Daily, title: str, marked: Sequence[Stretch]) -> SafeString:
    gauge = stream.kind == Kind.GAUGE
    unit = unit_word(day_unit(stream))
    values = found.mean if gauge else found.amount
    label = _("%(property)s, mean of the day") if gauge else _("%(property)s a day")
    return time_series(
        title,
        found.day,
        values,
        unit=unit,
        marked=marked,
        measured_label=label % {"property": property_word(stream.observed_property)},
        table=_months(found.day, values, unit, gauge=gauge),
    )


def _months(days: NDArray[np.datetime64], values: NDArray[np.float64], unit: str, *, gauge: bool) -> Table:
    months = days.astype("datetime64[M]")
    rows = []
    for month in np.unique(months):
        chosen = values[months == month]
        known = chosen[np.isfinite(chosen)]
        value = None if not len(known) else float(known.mean() if gauge else known.sum())
        rows.append([date_format(month.astype(dt.date), "F Y"), number(value, 1 if gauge else 0), number(len(known))])
    head = _("mean, %(unit)s") if gauge else _("%(unit)s read")
    return Table([_("Month"), head % {"unit": unit}, _("Days with readings")], rows)
