"""Money and greenhouse gases of a saving: the saving, month by month, times the factor of that month.

The 90 % interval adds, in quadrature, what the saving leaves open and what the factor leaves open
(JCGM 100:2008, 5.1.2, for a product of independent quantities).
"""

import datetime as dt
import math
from dataclasses import dataclass

from mitoyen.evaluate import factors
from mitoyen.evaluate.enums import Measure, SubjectKind, Verdict
from mitoyen.evaluate.factors import Factor
from mitoyen.evaluate.meters import energy_of
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.seal import seal

METHOD = "priced"
VERSION = "1.0"
_TABLE = {Measure.COST_SAVED: "prices", Measure.CARBON_SAVED: "emissions"}
_UNIT = {Measure.COST_SAVED: "EUR", Measure.CARBON_SAVED: "kgCO2e"}


@dataclass(frozen=True, slots=True)
class Priced:
    """Amounts in the new unit; the halves are those of a 90 % interval, `by_factor` with the sign of the value."""

    value: float
    low: float
    high: float
    expected: float
    observed: float
    by_saving: tuple[float, float]
    by_factor: float


def priced_figures(saving: Figure) -> list[Figure]:
    """The cost and carbon Figures, sealed, of a meter's saving: none where nothing is claimed or no table has the
    factor of each of its months."""
    found = (priced_figure(saving, measure) for measure in _TABLE)
    return [figure for figure in found if figure is not None]


def priced_figure(saving: Figure, measure: Measure) -> Figure | None:
    """One of them, from the tables as they are today."""
    if saving.value is None:
        return None
    energy = energy_of(saving.subject.rpartition("/")[2])
    months = saving.result["months"]
    if energy is None or not months:
        return None
    rows = factors.rows_of(_TABLE[measure], energy, saving.unit)
    known = [factors.covering(rows, dt.date.fromisoformat(f"{month[0]}-01")) for month in months]
    chosen = [row for row in known if row is not None]
    return from_factors(saving, measure, energy, chosen) if len(chosen) == len(months) else None


def from_factors(saving: Figure, measure: Measure, energy: str, rows: list[Factor]) -> Figure:
    """The Figure from one factor a month of the saving: what recomputing does with the factors that it keeps."""
    priced = price(saving, rows)
    # The installation's own rows first: that is the order in which they are looked up.
    used = sorted(dict.fromkeys(rows), key=lambda row: (not row.own, row.first))
    return seal(
        Figure(
            measure=measure,
            subject_kind=SubjectKind.DATASTREAM,
            subject=saving.subject,
            datastream=saving.datastream,
            thing=saving.thing,
            commune=saving.commune,
            baseline_first=saving.baseline_first,
            baseline_last=saving.baseline_last,
            reporting_first=saving.reporting_first,
            reporting_last=saving.reporting_last,
            unit=_UNIT[measure],
            value=priced.value,
            low=priced.low,
            high=priced.high,
            expected=priced.expected,
            observed=priced.observed,
            verdict=verdict_of(priced.low, priced.high),
            coverage=saving.coverage,
            method=METHOD,
            method_version=VERSION,
            inputs={"figures": [saving.pk], "factors": [row.to_json() for row in used]},
            result={"energy": energy, "by_saving": priced.by_saving, "by_factor": priced.by_factor},
            generated=saving.generated,
        )
    )


def price(saving: Figure, rows: list[Factor]) -> Priced:
    """`rows`: the factor of each of the saving's months, in order."""
    assert saving.value is not None
    assert saving.low is not None
    assert saving.high is not None
    months = saving.result["months"]
    observed = sum(month[2] * row.value for month, row in zip(months, rows, strict=True))
    expected = sum(month[3] * row.value for month, row in zip(months, rows, strict=True))
    value = expected - observed
    # One price of a unit for the whole interval: each month's factor, weighted by what was expected in it.
    weight = sum(abs(month[3]) for month in months)
    mean = sum(abs(month[3]) * row.value for month, row in zip(months, rows, strict=True)) / weight if weight else 0.0
    below, above = mean * (saving.value - saving.low), mean * (saving.high - saving.value)
    spread = [(month[3] - month[2]) * (row.high - row.low) / 2 for month, row in zip(months, rows, strict=True)]
    by_factor = sum(spread)
    return Priced(
        value=value,
        low=value - math.hypot(below, by_factor),
        high=value + math.hypot(above, by_factor),
        expected=expected,
        observed=observed,
        by_saving=(below, above),
        by_factor=by_factor,
    )


def verdict_of(low: float, high: float) -> Verdict:
    if low > 0:
        return Verdict.PROVEN
    return Verdict.INCREASE if high < 0 else Verdict.NOT_SIGNIFICANT
