"""The account as the portal shows it, of the territory and of communes: read-only, in few queries, nothing computed
but sums of a few numbers. Buildings are in `published_buildings`.

Every amount is a *saving*: expected minus observed, so a positive one is good news. Amounts of what is not proven are
never given: `energy` and the like are None there.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Max, Q

from mitoyen.evaluate.certainty import Certainty, certainty
from mitoyen.evaluate.enums import Measure, SubjectKind, Verdict
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.history.models import Batch
from mitoyen.ledger.models import AuditEntry
from mitoyen.territory.models import Commune

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


def data_version() -> str:
    """A cheap stamp that changes when anything that these pages show may have changed. Three small queries."""
    entry = AuditEntry.objects.aggregate(last=Max("number"))["last"]
    batch = Batch.objects.aggregate(Max("id"), Max("live_at"), Max("undone_at"))
    figure = Figure.objects.aggregate(Max("computed_at"), Count("id"), current_ones=Count("id", filter=Q(current=True)))
    return "|".join(str(part) for part in (entry, *batch.values(), *figure.values()))


def territory_summary() -> Summary:
    """The whole territory. One query."""
    return summary_of(current_figures(SubjectKind.TERRITORY, TERRITORY))


def commune_summary(insee: str) -> Summary:
    """One commune, by INSEE code. One query."""
    return summary_of(current_figures(SubjectKind.COMMUNE, insee))


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


def current_figures(kind: SubjectKind, subject: str) -> list[Figure]:
    found = Figure.objects.filter(subject_kind=kind, subject=subject, current=True)
    return list(found.defer("series", "inputs").order_by("reporting_first", "reporting_last"))


def _is_year(figure: Figure) -> bool:
    return figure.reporting_last - figure.reporting_first <= _A_YEAR


def summary_of(figures: list[Figure]) -> Summary:
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
