"""Savings added up: a building, a commune, the territory; a year, or all reporting years together.

Every meter whose guards pass is added, whatever its sign; those left out are counted, with their reasons. The errors of
different meters are taken as independent, so their intervals add in quadrature (ASHRAE Guideline 14-2014, 4.2.11.2);
those of one meter's years share its model, so they add up plainly. What a price or an emission factor leaves open is
the same for all meters of one energy: it adds up plainly within an energy, in quadrature between energies.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from mitoyen.evaluate.enums import Measure, ReasonCode, SubjectKind, Verdict
from mitoyen.evaluate.meters import Site, site_of
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.priced import verdict_of
from mitoyen.evaluate.seal import seal

METHOD = "sum"
VERSION = "1.0"
TERRITORY = "territory"
ADDED = ("by_saving", "by_factor", "energy")
"""What a sum takes from its parts' results, besides their amounts."""
UNITS = {
    Measure.ENERGY_SAVED: "kWh",
    Measure.WATER_SAVED: "m3",
    Measure.COST_SAVED: "EUR",
    Measure.CARBON_SAVED: "kgCO2e",
}


def sum_figures(parts: Iterable[Figure]) -> list[Figure]:
    """The sums, sealed, of meters' Figures (with their `thing` loaded): one for each building, commune and the
    territory, measure and reporting year, and one over all the years where there are several.

    Only things with a commune count for the commune and the territory.
    """
    groups: dict[tuple[SubjectKind, str, Measure], list[Figure]] = defaultdict(list)
    sites: dict[tuple[SubjectKind, str], Site] = {}
    for part in parts:
        assert part.thing is not None
        site = site_of(part.thing)
        measure = Measure(part.measure)
        subjects = [(SubjectKind.BUILDING, site.thing.slug)]
        if site.commune is not None:
            subjects += [(SubjectKind.COMMUNE, site.commune.insee), (SubjectKind.TERRITORY, TERRITORY)]
        for kind, subject in subjects:
            groups[kind, subject, measure].append(part)
            sites[kind, subject] = site
    sums = []
    for (kind, subject, measure), found in groups.items():
        for period, within in _by_period(found).items():
            figure = sum_figure(kind, subject, measure, period, within)
            figure.thing = sites[kind, subject].thing if kind == SubjectKind.BUILDING else None
            figure.commune = None if kind == SubjectKind.TERRITORY else sites[kind, subject].commune
            sums.append(figure)
    return sums


def sum_figure(kind: str, subject: str, measure: Measure, reporting: Period, parts: Sequence[Figure]) -> Figure:
    """One sum, sealed. Depends on the parts' contents only, not on their order."""
    parts = sorted(parts, key=lambda part: (part.subject, part.reporting_first))
    counted = [part for part in parts if _counts_as(part, measure)]
    left_out = [part for part in parts if not _counts_as(part, measure)]
    amounts = _added(counted)
    low, high = amounts.get("low"), amounts.get("high")
    result = {"by_energy": _by_energy(counted), **(amounts.get("parts") or {})}
    if measure in (Measure.ENERGY_SAVED, Measure.WATER_SAVED):
        result |= {"counts": _counts(parts, measure), "reasons": _reasons(left_out, measure)}
    return seal(
        Figure(
            measure=measure,
            subject_kind=kind,
            subject=subject,
            baseline_first=min(part.baseline_first for part in parts),
            baseline_last=max(part.baseline_last for part in parts),
            reporting_first=reporting.first,
            reporting_last=reporting.last,
            unit=UNITS[measure],
            value=amounts.get("value"),
            low=low,
            high=high,
            expected=amounts.get("expected"),
            observed=amounts.get("observed"),
            verdict=Verdict.NOT_PROVEN if low is None or high is None else verdict_of(low, high),
            coverage=math.fsum(part.coverage for part in counted) / len(counted) if counted else 0.0,
            method=METHOD,
            method_version=VERSION,
            inputs={"figures": [part.pk for part in counted], "left_out": [part.pk for part in left_out]},
            result=result,
            generated=any(part.generated for part in parts),
        )
    )


def _by_period(parts: list[Figure]) -> dict[Period, list[Figure]]:
    """The parts by reporting period and, where there are several, all of them under the whole span."""
    periods: dict[Period, list[Figure]] = defaultdict(list)
    for part in parts:
        periods[Period(part.reporting_first, part.reporting_last)].append(part)
    if len(periods) > 1:
        whole = Period(min(period.first for period in periods), max(period.last for period in periods))
        periods.setdefault(whole, parts)
    return periods


def _added(counted: list[Figure]) -> dict[str, Any]:
    if not counted:
        return {}
    below: dict[str, float] = defaultdict(float)
    above: dict[str, float] = defaultdict(float)
    by_factor: dict[str, float] = defaultdict(float)
    for part in counted:
        down, up = _halves(part)
        below[part.subject] += down
        above[part.subject] += up
        if "by_factor" in part.result:
            by_factor[part.result["energy"]] += part.result["by_factor"]
    value = math.fsum(_number(part.value) for part in counted)
    return {
        "value": value,
        "low": value - math.hypot(*below.values(), *by_factor.values()),
        "high": value + math.hypot(*above.values(), *by_factor.values()),
        "expected": math.fsum(_number(part.expected) for part in counted),
        "observed": math.fsum(_number(part.observed) for part in counted),
        "parts": {
            "by_saving": [math.hypot(*below.values()), math.hypot(*above.values())],
            "by_factor": math.hypot(*by_factor.values()),
        },
    }


def _halves(part: Figure) -> tuple[float, float]:
    """How far the interval reaches below and above, apart from what a factor leaves open."""
    if "by_saving" in part.result:
        down, up = part.result["by_saving"]
        return down, up
    return _number(part.value) - _number(part.low), _number(part.high) - _number(part.value)


def _by_energy(counted: list[Figure]) -> dict[str, dict[str, float]]:
    """Property -> number of meters, saving, expected, observed."""
    found: dict[str, list[Figure]] = defaultdict(list)
    for part in counted:
        found[part.subject.rpartition("/")[2]].append(part)
    return {
        name: {
            "meters": len({part.subject for part in parts}),
            "savings": math.fsum(_number(part.value) for part in parts),
            "expected": math.fsum(_number(part.expected) for part in parts),
            "observed": math.fsum(_number(part.observed) for part in parts),
        }
        for name, parts in sorted(found.items())
    }


def _counts_as(part: Figure, measure: Measure) -> bool:
    """Whether a part is added: it claims something, in the sum's own unit (gas in m3 is never added to kWh)."""
    return part.value is not None and part.unit == UNITS[measure]


def _counts(parts: Sequence[Figure], measure: Measure) -> dict[str, int]:
    """Meters by verdict, those that are not added among the ones not proven; over several years, by their last one."""
    last = {part.subject: part.verdict if _counts_as(part, measure) else Verdict.NOT_PROVEN for part in parts}
    found = Counter(str(verdict) for verdict in last.values())
    return {verdict.value: found[verdict.value] for verdict in Verdict}


def _reasons(left_out: list[Figure], measure: Measure) -> dict[str, int]:
    codes = {(part.subject, reason["code"]) for part in left_out for reason in part.reasons}
    codes |= {(part.subject, ReasonCode.OTHER_UNIT.value) for part in left_out if part.unit != UNITS[measure]}
    return dict(sorted(Counter(code for _subject, code in codes).items()))


def _number(value: float | None) -> float:
    assert value is not None
    return value
