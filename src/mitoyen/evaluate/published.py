"""What the portal shows of the account: read-only, in few queries, nothing computed but sums of a few numbers.

Every amount is a *saving*: expected minus observed, so a positive one is good news. Amounts of what is not proven are
never given: `energy` and the like are None there.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Q

from mitoyen.evaluate.attribution import Attribution, attributions
from mitoyen.evaluate.certainty import Certainty, certainty
from mitoyen.evaluate.enums import Measure, SubjectKind, Verdict
from mitoyen.evaluate.models import Action, Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.provenance import Provenance, provenance
from mitoyen.history.models import Batch
from mitoyen.ledger.models import AuditEntry
from mitoyen.territory.models import Commune, Thing

__all__ = [
    "Account",
    "ActionLine",
    "Amount",
    "BuildingSummary",
    "CommuneLine",
    "Counts",
    "MeterLine",
    "MonthPoint",
    "Provenance",
    "Summary",
    "amount_of",
    "building_summary",
    "commune_summary",
    "communes_overview",
    "data_version",
    "meter_lines",
    "provenance",
    "territory_summary",
]

TERRITORY = "territory"
# Longer than a year: the Figure of all reporting years together.
_A_YEAR = dt.timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Amount:
    """A saving with its 90 % interval, in `unit` (kWh, m3, EUR, kgCO2e). `figure` is its Figure's id."""

    value: float
    low: float
    high: float
    unit: str
    expected: float | None
    observed: float | None
    verdict: Verdict
    figure: str

    @property
    def percent(self) -> float | None:
        """The saving in percent of what was expected; None when nothing was."""
        return 100 * self.value / self.expected if self.expected else None

    @property
    def certainty(self) -> Certainty:
        return certainty(self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Counts:
    """Meters by verdict."""

    proven: int = 0
    increase: int = 0
    not_significant: int = 0
    not_proven: int = 0

    @property
    def meters(self) -> int:
        return self.proven + self.increase + self.not_significant + self.not_proven

    @property
    def counted(self) -> int:
        """Those whose guards pass: the totals sum them, whatever their sign."""
        return self.meters - self.not_proven


@dataclass(frozen=True, slots=True)
class Account:
    """One subject over one reporting period. A measure without any counted meter is None."""

    reporting: Period
    baseline: Period
    energy: Amount | None = None
    water: Amount | None = None
    cost: Amount | None = None
    carbon: Amount | None = None
    counts: Counts = field(default_factory=Counts)
    reasons: dict[str, int] = field(default_factory=dict)
    """Reason code -> meters left out for it."""
    generated: bool = False

    @property
    def years(self) -> list[int]:
        return list(range(self.reporting.first.year, self.reporting.last.year + 1))


@dataclass(frozen=True, slots=True)
class Summary:
    """The account of a commune or of the territory. `latest` is None while nothing was evaluated; `cumulative` is
    `latest` itself while there is one reporting year only. `years` holds each year's account, oldest first."""

    latest: Account | None
    cumulative: Account | None
    years: list[Account]


@dataclass(frozen=True, slots=True)
class CommuneLine:
    """A commune on the map and in the list. `energy` is its latest year's saving, None where none is counted."""

    insee: str
    name: str
    slug: str
    population: int
    longitude: float
    latitude: float
    tile_column: int
    tile_row: int
    energy: Amount | None
    counts: Counts
    year: int | None
    generated: bool


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


def data_version() -> str:
    """A cheap stamp that changes when anything that these pages show may have changed. Three small queries."""
    entry = AuditEntry.objects.aggregate(last=Max("number"))["last"]
    batch = Batch.objects.aggregate(Max("id"), Max("live_at"), Max("undone_at"))
    figure = Figure.objects.aggregate(Max("computed_at"), Count("id"), current_ones=Count("id", filter=Q(current=True)))
    return "|".join(str(part) for part in (entry, *batch.values(), *figure.values()))


def territory_summary() -> Summary:
    """The whole territory. One query."""
    return _summary(_current(SubjectKind.TERRITORY, TERRITORY))


def commune_summary(insee: str) -> Summary:
    """One commune, by INSEE code. One query."""
    return _summary(_current(SubjectKind.COMMUNE, insee))


def communes_overview() -> list[CommuneLine]:
    """All communes by name, each with its latest year. Two queries (communes without their shapes, Figures)."""
    figures: dict[str, Figure] = {}
    found = Figure.objects.filter(subject_kind=SubjectKind.COMMUNE, current=True, measure=Measure.ENERGY_SAVED).defer(
        "series", "inputs"
    )
    for figure in sorted(found, key=lambda one: one.reporting_last):
        if _is_year(figure):
            figures[figure.subject] = figure
    return [_commune_line(commune, figures.get(commune.insee)) for commune in Commune.objects.defer("geometry")]


def building_summary(slug: str) -> BuildingSummary | None:
    """A building (or any thing that has meters), None when there is none of that slug. Four queries."""
    thing = Thing.objects.select_related("commune").filter(slug=slug).first()
    if thing is None:
        return None
    accounts = _summary(_current(SubjectKind.BUILDING, slug))
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


def amount_of(figure: Figure) -> Amount | None:
    """The saving that a Figure claims; None when it claims none."""
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return Amount(
        value=figure.value,
        low=figure.low,
        high=figure.high,
        unit=figure.unit,
        expected=figure.expected,
        observed=figure.observed,
        verdict=Verdict(figure.verdict),
        figure=figure.pk,
    )


_FIELD = {
    Measure.ENERGY_SAVED: "energy",
    Measure.WATER_SAVED: "water",
    Measure.COST_SAVED: "cost",
    Measure.CARBON_SAVED: "carbon",
}


def _current(kind: SubjectKind, subject: str) -> list[Figure]:
    found = Figure.objects.filter(subject_kind=kind, subject=subject, current=True)
    return list(found.defer("series", "inputs").order_by("reporting_first", "reporting_last"))


def _is_year(figure: Figure) -> bool:
    return figure.reporting_last - figure.reporting_first <= _A_YEAR


def _summary(figures: list[Figure]) -> Summary:
    by_period: dict[Period, list[Figure]] = {}
    for figure in figures:
        by_period.setdefault(Period(figure.reporting_first, figure.reporting_last), []).append(figure)
    accounts = {period: _account(period, found) for period, found in sorted(by_period.items())}
    years = [account for period, account in accounts.items() if _is_year(by_period[period][0])]
    longer = [account for account in accounts.values() if account not in years]
    latest = years[-1] if years else None
    return Summary(latest, longer[-1] if longer else latest, years)


def _account(period: Period, figures: list[Figure]) -> Account:
    amounts = {_FIELD[Measure(figure.measure)]: amount_of(figure) for figure in figures}
    stated = [figure.result for figure in figures if "counts" in figure.result]
    counts = _added(result["counts"] for result in stated)
    return Account(
        reporting=period,
        baseline=Period(min(f.baseline_first for f in figures), max(f.baseline_last for f in figures)),
        counts=Counts(**counts),
        reasons=_added(result["reasons"] for result in stated),
        generated=any(figure.generated for figure in figures),
        **amounts,
    )


def _added(found: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in found:
        for key, number in counts.items():
            total[key] = total.get(key, 0) + number
    return total


def _commune_line(commune: Commune, figure: Figure | None) -> CommuneLine:
    return CommuneLine(
        insee=commune.insee,
        name=commune.name,
        slug=commune.slug,
        population=commune.population,
        longitude=commune.longitude,
        latitude=commune.latitude,
        tile_column=commune.tile_column,
        tile_row=commune.tile_row,
        energy=amount_of(figure) if figure else None,
        counts=Counts(**figure.result["counts"]) if figure else Counts(),
        year=figure.reporting_last.year if figure else None,
        generated=bool(figure and figure.generated),
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
