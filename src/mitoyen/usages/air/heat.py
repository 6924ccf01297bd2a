"""Districts that stay hot at night: the lowest temperature of the night, there and elsewhere.

Météo-France calls a night tropical when it does not go below 20 °C.
"""

import datetime as dt
from collections.abc import Iterator

import numpy as np

from mitoyen.manifests.schema import AlertRule, Season
from mitoyen.operate.detect import Group, Sighting
from mitoyen.operate.windows import hours, local, means, moment

TEMPERATURE = "temperature"
# The night whose lowest temperature counts: from 20 h to 8 h.
EVENING, MORNING = 20, 8
_LEAST_HOURS = 8


def hot_night(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Places where last night did not go below `lowest`, and that stayed `above_others` degrees over the median of the
    others: there the heat is the district's, not only the day's."""
    if not _in_season(group.now.date(), rule.season):
        return
    bounds = hours(group.start, group.now)
    day, hour = local(bounds)
    # A night bears the day on which it ends.
    night = day + (hour >= EVENING).astype("m8[D]")
    nightly = (hour >= EVENING) | (hour < MORNING)
    ended = [one for one in np.unique(night[nightly]) if (nightly & (night == one)).sum() >= 11]
    if not ended:
        return
    last = nightly & (night == ended[-1])
    heard = [one for one in group.subjects if TEMPERATURE in one.windows]
    lowest = {}
    for one in heard:
        values = means(one.windows[TEMPERATURE], bounds)[last]
        if np.isfinite(values).sum() >= _LEAST_HOURS:
            lowest[one.thing] = float(np.nanmin(values))
    for one in heard:
        others = [value for thing, value in lowest.items() if thing != one.thing]
        if one.thing not in lowest or len(others) < rule.thresholds["least_others"]:
            continue
        usual = float(np.median(others))
        here = lowest[one.thing]
        if here < rule.thresholds["lowest"] or here - usual < rule.thresholds["above_others"]:
            continue
        district = str(one.attributes.get("district") or one.name)
        facts = {"lowest": here, "usual": usual, "above": here - usual, "district": district}
        begins, ends = bounds[:-1][last][0], bounds[1:][last][-1]
        yield Sighting(one.thing, moment(begins), moment(ends), 0.9, "", TEMPERATURE, facts)


def _in_season(day: dt.date, season: Season | None) -> bool:
    return season is None or season.first <= f"{day:%m-%d}" <= season.last
