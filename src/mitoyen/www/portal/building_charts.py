"""A meter's year month by month against what the weather made expect."""

from collections.abc import Sequence

import numpy as np
from django.utils.dates import MONTHS
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.evaluate.published_buildings import ActionLine, MeterLine, MonthPoint
from mitoyen.www import numbers
from mitoyen.www.charts import Bar, Event, Table, monthly_bars, time_series
from mitoyen.www.portal import words


def finding(line: MeterLine) -> str:
    """The chart's title: what it shows, in a sentence."""
    what = words.property_name(line.observed_property)
    year = line.reporting.last.year
    if line.saving is None:
        return _("%(what)s: the readings of %(year)s do not allow a comparison") % {"what": what, "year": year}
    share = line.saving.percent or 0.0
    values = {"what": what, "share": numbers.percent(abs(share) / 100), "year": year}
    if line.saving.low > 0 or line.saving.high < 0:
        if share > 0:
            return _("%(what)s: %(share)s less than expected in this weather in %(year)s") % values
        return _("%(what)s: %(share)s more than expected in this weather in %(year)s") % values
    return _("%(what)s: no clear difference from what was expected in %(year)s") % values


def meter_chart(line: MeterLine, earlier: Sequence[MeterLine], actions: Sequence[ActionLine]) -> SafeString | None:
    """The months of all years reported on, as means a day, so that a month with missing days still compares; `earlier`
    are the years before `line`'s. None without any month."""
    before = [point for one in earlier if one.datastream == line.datastream for point in one.months]
    months = [point for point in [*before, *line.months] if point.days > 0]
    if len(months) < 2:
        return None
    if all(point.expected is None for point in months):
        return _bars(line, months)
    whole = _whole(months)
    unit = _("%(unit)s a day") % {"unit": numbers.written(line.unit)}
    acting = [a for a in actions if a.observed_property in ("", line.observed_property)]
    return time_series(
        finding(line),
        np.array([month for month, _point in whole], "datetime64[D]"),
        [_daily(point, "observed") for _month, point in whole],
        unit=unit,
        expected=[_daily(point, "expected") for _month, point in whole],
        low=[_daily(point, "low") for _month, point in whole],
        high=[_daily(point, "high") for _month, point in whole],
        events=[Event(action.starts, action.title) for action in acting],
        table=_table(months, line.unit),
    )


def _bars(line: MeterLine, months: Sequence[MonthPoint]) -> SafeString:
    """What was read each month, where nothing can be expected."""
    bars = [Bar(month.astype(object), point.observed if point else None) for month, point in _whole(months)]
    unit = _("%(unit)s a month") % {"unit": numbers.written(line.unit)}
    return monthly_bars(finding(line), bars, unit=unit, table=_table(months, line.unit))


def _whole(months: Sequence[MonthPoint]) -> list[tuple[np.datetime64, MonthPoint | None]]:
    """Every month from the first to the last, at its 15th; None where there is none."""
    known = {np.datetime64(point.month, "M"): point for point in months}
    every = np.arange(min(known), max(known) + 1)
    return [(month.astype("datetime64[D]") + 14, known.get(month)) for month in every]


def _daily(point: MonthPoint | None, name: str) -> float:
    value = getattr(point, name) if point else None
    return float("nan") if value is None or point is None else value / point.days


def _table(months: Sequence[MonthPoint], unit: str) -> Table:
    """A row for each month of the year, a column for each year: years beside each other, and few cells."""
    by_date = {(point.month.year, point.month.month): point for point in months}
    years = sorted({year for year, _month in by_date})
    heads = (_("Month"), *(_("%(year)s: measured / expected") % {"year": year} for year in years))
    rows = [
        (str(MONTHS[month]), *(_cell(by_date.get((year, month)), unit) for year in years))
        for month in range(1, 13)
        if any((year, month) in by_date for year in years)
    ]
    return Table(heads, rows)


def _cell(point: MonthPoint | None, unit: str) -> str:
    if point is None:
        return "–"
    text = f"{numbers.amount(point.observed, unit)} / {numbers.amount(point.expected, unit)}"
    interval = numbers.between(point.low, point.high, unit)
    return f"{text} ({interval})" if interval else text
