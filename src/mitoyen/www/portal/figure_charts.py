"""The readings that a figure rests on, with their gaps, and what the model expects of each day."""

import datetime as dt
from itertools import groupby

import numpy as np
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.evaluate.provenance import DayPoint, Provenance
from mitoyen.www import dates, numbers
from mitoyen.www.charts import Event, Stretch, Table, time_series


def readings_chart(found: Provenance) -> SafeString | None:
    """Both periods on one axis, day by day. None for a figure that keeps no series."""
    if not found.points:
        return None
    days = np.arange(np.datetime64(found.points[0].day), np.datetime64(found.points[-1].day) + 1)
    amounts, expected = np.full(len(days), np.nan), np.full(len(days), np.nan)
    claims = found.figure.value is not None
    for point in found.points:
        at = (point.day - found.points[0].day).days
        if point.observed is not None and not point.screened:
            amounts[at] = point.observed
        if claims and point.expected is not None:
            expected[at] = point.expected
    return time_series(
        _title(found),
        days,
        amounts,
        unit=_("%(unit)s a day") % {"unit": numbers.written(found.figure.unit)},
        expected=expected if claims else None,
        events=[Event(found.reporting.first, _("compared from here on"))],
        besides=_between(found),
        measured_label=_("read"),
        expected_label=_("expected by the model"),
        table=_table(found.points, found.figure.unit),
    )


def _between(found: Provenance) -> list[Stretch]:
    """The days after the past that is compared with and before the period reported on, if any."""
    first, last = found.baseline.last + dt.timedelta(days=1), found.reporting.first - dt.timedelta(days=1)
    return [Stretch(first, last, _("not compared"))] if first <= last else []


def _title(found: Provenance) -> str:
    missing = sum(gap.days for gap in found.gaps)
    values = {"missing": numbers.number(missing), "total": numbers.number(len(found.points))}
    if missing:
        return _("The daily readings: %(missing)s days of %(total)s are missing") % values
    return _("The daily readings: all %(total)s days are there") % values


def _table(points: list[DayPoint], unit: str) -> Table:
    rows = []
    for month, of_month in groupby(points, key=lambda point: point.day.replace(day=1)):
        amounts = [None if point.screened else point.observed for point in of_month]
        known = [amount for amount in amounts if amount is not None]
        read = numbers.amount(sum(known), unit) if known else "–"
        rows.append((dates.month(month), read, f"{len(known)}/{len(amounts)}"))
    return Table((_("Month"), _("Read"), _("Days read")), rows)
