"""A building beside those of the same use: per m², per user, its rank and the group's median."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

import numpy as np
from django.db import transaction

from mitoyen.evaluate.meters import meters as all_meters
from mitoyen.evaluate.meters import site_of, unit_of
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import year as calendar_year
from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.manifests.registry import usages
from mitoyen.manifests.schema import Indicator
from mitoyen.operate.guards import figures_by_datastream
from mitoyen.operate.looking import DOUBTFUL
from mitoyen.operate.models import YearlyUse
from mitoyen.territory.models import Thing

# Share of a year's days that must have readings before its sum stands for the year.
WHOLE_YEAR = 0.97


@dataclass(frozen=True, slots=True)
class Compared:
    """One indicator of a building in a year.

    `value` in `unit` (per m² or per user); `rank` from 1, the smallest; `group` buildings of the same use in it, this
    one included. `median` and `rank` are None where the group is too small to compare (`enough` False).
    """

    usage: str
    indicator: str
    observed_property: str
    per: str
    year: int
    value: float
    unit: str
    group: int
    enough: bool
    rank: int | None
    median: float | None


def similar(building: Thing) -> list[Compared]:
    """Every declared indicator that can be computed for a building, in its latest whole year. Two queries at most.

    Generated and real readings are never compared with each other, nor the territory with what lies outside.
    """
    own = list(YearlyUse.objects.filter(thing=building).order_by("-year"))
    latest: dict[str, YearlyUse] = {}
    for one in own:
        latest.setdefault(one.observed_property, one)
    if not latest:
        return []
    others = list(
        YearlyUse.objects.filter(
            year__in={one.year for one in latest.values()},
            observed_property__in=latest,
            thing__kind=building.kind,
            thing__origin=building.origin,
            thing__commune__isnull=building.commune_id is None,
        ).select_related("thing")
    )
    found = []
    for name, manifest in usages().items():
        for indicator in manifest.indicators:
            mine = latest.get(indicator.property)
            if mine is not None:
                found += _compared(name, indicator, mine, building, others)
    return found


@transaction.atomic
def refresh() -> int:
    """Sum every whole calendar year of every building from meters that can be relied on; returns how many sums."""
    found = [meter for meter in all_meters() if unit_of(meter) is not None]
    known = read.extents(found)
    if not known:
        YearlyUse.objects.all().delete()
        return 0
    years = range(
        min(first.astype(object).year for first, _last in known.values()),
        max(last.astype(object).year for _first, last in known.values()) + 1,
    )
    doubtful = {number: _doubtful_years(figures) for number, figures in figures_by_datastream().items()}
    sums: list[YearlyUse] = []
    for year in years:
        sums += _of_year(year, [meter for meter in found if meter.pk in known], doubtful)
    YearlyUse.objects.all().delete()
    YearlyUse.objects.bulk_create(sums)
    return len(sums)


def _of_year(year: int, found: list[Datastream], doubtful: dict[int, set[int]]) -> list[YearlyUse]:
    """A building's year counts when all its meters of that property are whole and sound."""
    period = calendar_year(year)
    days = read.daily(found, period.first, period.last)
    parts: dict[tuple[int, str], list[float | None]] = defaultdict(list)
    things: dict[tuple[int, str], tuple[Thing, str]] = {}
    for meter in found:
        site = site_of(meter.thing).thing
        key = (site.pk, meter.observed_property)
        things[key] = (site, unit_of(meter) or "")
        amount = days[meter.pk].amount
        known = np.isfinite(amount)
        sound = known.mean() >= WHOLE_YEAR and year not in doubtful.get(meter.pk, set())
        parts[key].append(float(amount[known].sum() / known.mean()) if sound else None)
    return [
        YearlyUse(
            thing=things[key][0],
            observed_property=key[1],
            year=year,
            amount=sum(amount for amount in amounts if amount is not None),
            unit=things[key][1],
        )
        for key, amounts in parts.items()
        if None not in amounts
    ]


def _doubtful_years(figures: list[Figure]) -> set[int]:
    """Years that a Figure covers whose guards find the readings at fault."""
    return {
        year
        for figure in figures
        if any(reason["code"] in DOUBTFUL for reason in figure.reasons)
        for year in range(figure.reporting_first.year, figure.reporting_last.year + 1)
    }


def _compared(
    usage: str, indicator: Indicator, mine: YearlyUse, building: Thing, others: list[YearlyUse]
) -> list[Compared]:
    value = _per(mine, building, indicator.per)
    group_of = building.attributes.get(indicator.group_by)
    if value is None or not group_of:
        return []
    values = [
        other_value
        for other in others
        if other.year == mine.year
        and other.observed_property == mine.observed_property
        and other.thing.attributes.get(indicator.group_by) == group_of
        and (other_value := _per(other, other.thing, indicator.per)) is not None
    ]
    enough = len(values) >= indicator.smallest_group
    return [
        Compared(
            usage=usage,
            indicator=indicator.name,
            observed_property=mine.observed_property,
            per=indicator.per,
            year=mine.year,
            value=value,
            unit=indicator.unit,
            group=len(values),
            enough=enough,
            rank=1 + sum(other < value for other in values) if enough else None,
            median=median(values) if enough else None,
        )
    ]


def _per(use: YearlyUse, building: Thing, attribute: str) -> float | None:
    try:
        divisor = float(building.attributes.get(attribute) or 0)
    except (TypeError, ValueError):
        return None
    return use.amount / divisor if divisor > 0 else None
