"""What several pages ask of the state database; each function states how many queries it makes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, NullIf

from mitoyen.evaluate.enums import Measure, SubjectKind, Verdict
from mitoyen.evaluate.models import Figure
from mitoyen.operate.enums import FindingState
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import Described, describe
from mitoyen.territory.models import Commune, Thing
from mitoyen.www.portal.search import folded

BUILDING = "building"
NOT_BUILDINGS = ("weather_station", "meter")
A_YEAR = dt.timedelta(days=366)
BAD_NEWS_FIRST = (Verdict.INCREASE, Verdict.NOT_PROVEN, Verdict.NOT_SIGNIFICANT, Verdict.PROVEN)


@dataclass(frozen=True, slots=True)
class Months:
    """What meters that count in `unit` (kWh; m3 of gas) read together each month, oldest first."""

    unit: str
    amounts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BuildingLine:
    """A building in a list; `figure` is its latest year's energy, None while it has none."""

    thing: Thing
    figure: Figure | None
    months: tuple[Months, ...] = ()
    """Energy read each month, one series a unit: what a m3 of gas holds differs from place to place and month to
    month, so m3 are never added to kWh."""

    @property
    def verdict(self) -> str:
        return self.figure.verdict if self.figure else ""

    @property
    def percent(self) -> float | None:
        """Share saved of what was expected; None where nothing is claimed."""
        figure = self.figure
        if figure is None or figure.value is None or not figure.expected:
            return None
        return figure.value / figure.expected


def energy_figures(**where: object) -> list[Figure]:
    """Current energy Figures of single years, oldest first, without their heavy fields. One query."""
    found = Figure.objects.filter(current=True, measure=Measure.ENERGY_SAVED, **where)
    ordered = found.select_related("thing", "commune").defer("series", "inputs", "commune__geometry")
    by_year = ordered.order_by("reporting_last", "-reporting_first")
    return [figure for figure in by_year if figure.reporting_last - figure.reporting_first <= A_YEAR]


def buildings_of(commune: Commune) -> list[BuildingLine]:
    """A commune's buildings by name, with their months. Three queries."""
    things = Thing.objects.filter(commune=commune, part_of__isnull=True, kind=BUILDING)
    figures = energy_figures(subject_kind=SubjectKind.BUILDING, commune=commune)
    latest = {figure.subject: figure for figure in figures}
    months = _months_of(commune)
    return _by_name(BuildingLine(thing, latest.get(thing.slug), months.get(thing.pk, ())) for thing in things)


def _months_of(commune: Commune) -> dict[int, tuple[Months, ...]]:
    """Building -> what its energy meters read each month reported on, unit by unit. One query."""
    sums: dict[int, dict[str, dict[str, float]]] = {}
    for figure in energy_figures(subject_kind=SubjectKind.DATASTREAM, commune=commune):
        assert figure.thing is not None
        units = sums.setdefault(figure.thing.part_of_id or figure.thing.pk, {})
        of_unit = units.setdefault(figure.unit, {})
        for row in figure.result.get("months", []):
            of_unit[row[0]] = of_unit.get(row[0], 0.0) + row[2]
    return {pk: _in_order(units) for pk, units in sums.items()}


def _in_order(units: dict[str, dict[str, float]]) -> tuple[Months, ...]:
    """kWh first, its months from the oldest on; a unit without any month is left out."""
    return tuple(
        Months(unit, tuple(amount for _month, amount in sorted(months.items())))
        for unit, months in sorted(units.items())
        if months
    )


def ranked_buildings() -> QuerySet[Thing]:
    """Every building of the territory's communes, ranked by the database so that a page of them costs a page: what
    went up first, then what could not be proven, then savings from the smallest; `latest` names its Figure."""
    years = Figure.objects.filter(
        current=True,
        measure=Measure.ENERGY_SAVED,
        subject_kind=SubjectKind.BUILDING,
        subject=OuterRef("slug"),
        reporting_last__lte=F("reporting_first") + A_YEAR,
    ).order_by("-reporting_last", "reporting_first")
    share = F("value") / NullIf("expected", Value(0.0))
    rank = [When(verdict_now=verdict, then=Value(place)) for place, verdict in enumerate(BAD_NEWS_FIRST)]
    things = Thing.objects.filter(commune__isnull=False, part_of__isnull=True, kind=BUILDING)
    ranked = things.annotate(
        latest=Subquery(years.values("pk")[:1]),
        verdict_now=Subquery(years.values("verdict")[:1]),
        share=Coalesce(Subquery(years.values(share=share)[:1]), Value(0.0)),
        rank=Case(*rank, default=Value(len(rank))),
    )
    with_commune = ranked.select_related("commune").defer("commune__geometry")
    return with_commune.order_by("rank", "share", "name", "slug")


def lines_of(things: Iterable[Any]) -> list[BuildingLine]:
    """Some of the `ranked_buildings`, in their order, with their Figures. One query."""
    things = list(things)
    figures = Figure.objects.defer("series", "inputs", "result").in_bulk([t.latest for t in things if t.latest])
    return [BuildingLine(thing, figures.get(thing.latest)) for thing in things]


def _by_name(lines: Iterable[BuildingLine]) -> list[BuildingLine]:
    """As a French reader looks for them: accents aside, which a database sorts last."""
    return sorted(lines, key=lambda line: (folded(line.thing.name), line.thing.slug))


def not_proven_meters(commune: Commune | None = None) -> QuerySet[Figure]:
    """Meters whose latest year is not proven, of a commune or of all: that year's Figures. One query."""
    saved = (Measure.ENERGY_SAVED, Measure.WATER_SAVED)
    figures = Figure.objects.filter(subject_kind=SubjectKind.DATASTREAM, current=True, measure__in=saved)
    years = figures.filter(subject=OuterRef("subject"), commune__isnull=False).order_by("-reporting_last", "pk")
    found = figures.filter(verdict=Verdict.NOT_PROVEN, pk=Subquery(years.values("pk")[:1]))
    if commune is not None:
        found = found.filter(commune=commune)
    related = found.select_related("thing", "thing__part_of", "datastream", "commune")
    return related.defer("series", "inputs", "result", "commune__geometry").order_by("subject")


def findings_of(building: Thing) -> list[tuple[Finding, Described]]:
    """What analysis saw in a building that is not settled yet, the most at stake first, in words. One query."""
    open_states = (FindingState.NEW, FindingState.SEEN, FindingState.PLANNED)
    found = Finding.objects.filter(Q(thing=building) | Q(thing__part_of=building), state__in=open_states)
    related = found.select_related("thing", "thing__part_of", "datastream", "datastream__thing")
    return [(finding, describe(finding)) for finding in related.order_by("-eur", "key")[:8]]


def any_generated(things: Iterable[Thing]) -> bool:
    return any(thing.origin == "generated" for thing in things)
