"""The next two days of a datastream: its last week in ink, what comes as a band."""

import datetime as dt

import numpy as np
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.history.times import utc64
from mitoyen.operate.forecast.models import Forecast
from mitoyen.operate.forecast.wording import accuracy, basis
from mitoyen.www import numbers
from mitoyen.www.charts import Stretch, Table, time_series
from mitoyen.www.dates import day

_SHOWN = dt.timedelta(days=5)
_HOUR = np.timedelta64(1, "h")


def of(stream: Datastream) -> dict[str, object] | None:
    """The chart and the sentences; None without a forecast. One query, and the readings of the last days."""
    made = Forecast.objects.filter(datastream=stream).first()
    if made is None:
        return None
    return {"chart": _chart(stream, made), "basis": basis(made), "accuracy": accuracy(made)}


def _chart(stream: Datastream, made: Forecast) -> SafeString:
    first, last = (timezone.localdate(at) for at in (made.starts - _SHOWN, made.starts))
    past = read.hourly(stream, first, last)
    start = utc64(made.starts).astype("datetime64[h]")
    before = past.start.astype("datetime64[h]") < start
    ahead = start + _HOUR * np.arange(len(made.values))
    hours = np.concatenate([past.start.astype("datetime64[h]")[before], ahead])
    starts = timezone.localtime(made.starts)
    nothing = np.full(before.sum(), np.nan)
    line, low, high = (_array(one) for one in (made.values, made.low, made.high))
    unit = numbers.written(made.unit)
    return time_series(
        _("The two days from %(day)s, %(hour)s") % {"day": day(starts), "hour": date_format(starts, "H:i")},
        hours,
        np.concatenate([past.amount[before], np.full(len(ahead), np.nan)]),
        unit=unit if stream.kind == "gauge" else _("%(unit)s an hour") % {"unit": unit},
        expected=np.concatenate([nothing, line]),
        low=np.concatenate([nothing, low]),
        high=np.concatenate([nothing, high]),
        expected_label=_("to come"),
        besides=(Stretch(ahead[0], ahead[-1], ""),),
        table=_table(made),
    )


def _array(values: list[float | None]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([np.nan if value is None else value for value in values])


def _table(made: Forecast) -> Table:
    """A row each three hours: the day is told by fewer numbers."""
    rows = []
    for step in range(0, len(made.values), 3):
        at = timezone.localtime(made.starts + dt.timedelta(hours=step))
        interval = numbers.between(made.low[step], made.high[step], made.unit)
        rows.append((date_format(at, "D j M, H:i"), numbers.amount(made.values[step], made.unit), interval))
    return Table((_("Hour from"), _("To come"), _("Nine times in ten")), rows)
