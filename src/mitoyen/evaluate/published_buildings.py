"""A building's page and its meters: read-only, in few queries. Amounts of what is not proven are never given."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from mitoyen.evaluate.attribution import Attribution, attributions
from mitoyen.evaluate.enums import Measure, SubjectKind, Verdict
from mitoyen.evaluate.models import Action, Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.published import Account, Amount, amount_of, current_figures, summary_of
from mitoyen.territory.models import Thing


@dataclass(frozen=True, slots=True)
class MonthPoint:
    """One month of a meter: what was read and what this weather made expect, over `days` days with readings, and the
    90 % band of the expectation. `month` is its first day."""

    month: dt.date
    days: int
    observed: float
    expected: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class MeterLine:
    """One meter over one reporting year. `saving` is None when not proven; `months` is oldest first."""

    datastream: str
    name: str
    observed_property: str
    unit: str
    figure: str
    reporting: Period
    verdict: Verdict
    reasons: list[dict[str, Any]]
    """[{code, first, last, detail, mends}]: days as ISO texts; texts through sentences.reason()."""
    saving: Amount | None
    observed: float | None
    coverage: float
    cvrmse: float | None
    method: str
    generated: bool
    months: list[MonthPoint]
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class ActionLine:
    id: int
    title: str
    kind: str
    observed_property: str
    starts: dt.date
    ends: dt.date | None
    cost_eur: float | None
    note: str


@dataclass(frozen=True, slots=True)
class BuildingSummary:
    """A building's page. `meters` are those of the latest reporting year, `history` of the years before it."""

    slug: str
    name: str
    kind: str
    commune: str | None
    commune_slug: str | None
    origin: str
    attributes: dict[str, Any]
    latest: Account | None
    cumulative: Account | None
    years: list[Account]
    meters: list[MeterLine]
    history: list[MeterLine]
    actions: list[ActionLine]


def building_summary(slug: str) -> BuildingSummary | None:
    """A building (or any thing that has meters), None when there is none of that slug. Four queries."""
    thing = Thing.objects.select_related("commune").filter(slug=slug).first()
    if thing is None:
        return None
    accounts = summary_of(current_figures(SubjectKind.BUILDING, slug))
    lines = meter_lines([thing])
    last = max((line.reporting.last for line in lines), default=None)
    actions = Action.objects.filter(Q(thing=thing) | Q(thing__part_of=thing))
    return BuildingSummary(
        slug=thing.slug,
        name=thing.name,
        kind=thing.kind,
        commune=thing.commune.name if thing.commune else None,
        commune_slug=thing.commune.slug if thing.commune else None,
        origin=thing.origin,
        attributes=thing.attributes,
        latest=accounts.latest,
        cumulative=accounts.cumulative,
        years=accounts.years,
        meters=[line for line in lines if line.reporting.last == last],
        history=[line for line in lines if line.reporting.last != last],
        actions=[action_line(action) for action in actions],
    )


def meter_lines(things: Iterable[Thing]) -> list[MeterLine]:
    """The current Figures of the meters of `things` and of their parts, by name then year. Two queries."""
    wanted = list(things)
    figures = (
        Figure.objects.filter(
            Q(thing__in=wanted) | Q(thing__part_of__in=wanted),
            subject_kind=SubjectKind.DATASTREAM,
            current=True,
            measure__in=(Measure.ENERGY_SAVED, Measure.WATER_SAVED),
        )
        .select_related("thing", "thing__commune", "datastream")
        .defer("series")
        .order_by("subject", "reporting_first")
    )
    found = list(figures)
    causes = attributions(found)
    return [_meter_line(figure, causes[figure.pk]) for figure in found]


def action_line(action: Action) -> ActionLine:
    return ActionLine(
        id=action.pk,
        title=action.title,
        kind=action.kind,
        observed_property=action.observed_property,
        starts=action.starts,
        ends=action.ends,
        cost_eur=None if action.cost_eur is None else float(action.cost_eur),
        note=action.note,
    )


def _meter_line(figure: Figure, attribution: Attribution) -> MeterLine:
    assert figure.thing is not None
    assert figure.datastream is not None
    return MeterLine(
        datastream=figure.subject,
        name=figure.thing.name,
        observed_property=figure.datastream.observed_property,
        unit=figure.unit,
        figure=figure.pk,
        reporting=Period(figure.reporting_first, figure.reporting_last),
        verdict=Verdict(figure.verdict),
        reasons=figure.reasons,
        saving=amount_of(figure),
        observed=figure.observed,
        coverage=figure.coverage,
        cvrmse=figure.result.get("cvrmse"),
        method=figure.method,
        generated=figure.generated,
        months=[_month(row) for row in figure.result.get("months", [])],
        attribution=attribution,
    )


def _month(row: list[Any]) -> MonthPoint:
    month, days, observed, expected, half = row
    band = (None, None) if expected is None or half is None else (expected - half, expected + half)
    return MonthPoint(dt.date.fromisoformat(f"{month}-01"), days, observed, expected, *band)
