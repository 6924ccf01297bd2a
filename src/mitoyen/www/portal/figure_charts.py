"""The readings that a figure rests on, with their gaps, and what the model expected of the reporting period."""

import numpy as np
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.series import Run, unpack
from mitoyen.www import numbers
from mitoyen.www.charts import Event, Table, time_series


def readings_chart(figure: Figure) -> SafeString | None:
    """Both periods on one axis, day by day. None for a figure that keeps no series."""
    if not figure.series:
        return None
    baseline, reporting = unpack(bytes(figure.series))
    days = np.arange(baseline.day[0], reporting.day[-1] + 1)
    amounts = np.full(len(days), np.nan)
    for run in (baseline, reporting):
        amounts[(run.day - days[0]).astype(int)] = run.amount
    missing = int(np.isnan(baseline.amount).sum() + np.isnan(reporting.amount).sum())
    total = len(baseline.day) + len(reporting.day)
    if missing:
        title = _("The daily readings: %(missing)s days of %(total)s are missing") % {
            "missing": numbers.number(missing),
            "total": numbers.number(total),
        }
    else:
        title = _("The daily readings: all %(total)s days are there") % {"total": numbers.number(total)}
    return time_series(
        title,
        days,
        amounts,
        unit=_("%(unit)s a day") % {"unit": numbers.written(figure.unit)},
        events=[Event(figure.reporting_first, _("compared from here on"))],
        measured_label=_("read"),
        table=_table([baseline, reporting], figure.unit),
    )


def _table(runs: list[Run], unit: str) -> Table:
    rows = []
    for run in runs:
        months = run.day.astype("datetime64[M]")
        for month in np.unique(months):
            amounts = run.amount[months == month]
            known = amounts[np.isfinite(amounts)]
            rows.append(
                (
                    date_format(month.astype(object), "F Y"),
                    numbers.amount(float(known.sum()), unit) if len(known) else "–",
                    f"{len(known)}/{len(amounts)}",
                )
            )
    return Table((_("Month"), _("Read"), _("Days read")), rows)
