"""Findings made of what the guards of a saving saw: a meter to check, readings missing, a change of use."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from mitoyen.evaluate.enums import SubjectKind
from mitoyen.evaluate.models import Figure
from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.manifests.schema import Rule
from mitoyen.operate.methods import Hit

EVENTS = frozenset({"unit_break", "meter_swap", "change_of_use"})


def figures_by_datastream() -> dict[int, list[Figure]]:
    """The current Figures of meters, latest reporting period first. One query."""
    found: dict[int, list[Figure]] = defaultdict(list)
    wanted = Figure.objects.filter(
        current=True, subject_kind=SubjectKind.DATASTREAM, measure__in=("energy_saved", "water_saved")
    )
    for figure in wanted.defer("series").order_by("-reporting_last"):
        if figure.datastream_id is not None:
            found[figure.datastream_id].append(figure)
    return found


def hits(rule: Rule, meter: Datastream, figures: list[Figure], since: dt.date) -> Iterator[Hit]:
    """One hit for each of the rule's reasons that holds on `since` or later.

    An event is dated by the Figure that places it best, what lasts by the latest one.
    """
    found: dict[str, list[tuple[dt.date, dt.date, Figure]]] = defaultdict(list)
    for figure in figures:
        for reason in _causes(figure.reasons):
            first, last = _days(figure, reason)
            if reason["code"] in rule.reasons:
                found[str(reason["code"])].append((first, last, figure))
    for code, places in found.items():
        first, last, figure = min(places, key=lambda place: place[1] - place[0]) if code in EVENTS else places[0]
        if max(place[1] for place in places) >= since:
            yield _hit(meter, figure, code, first, last)


def _causes(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the coverage that zeros taken for missing cost: one cause, one finding."""
    zeros = any(reason["code"] == "zeros_for_missing" for reason in reasons)
    return [reason for reason in reasons if not (zeros and reason["code"] == "low_coverage")]


def _hit(meter: Datastream, figure: Figure, code: str, first: dt.date, last: dt.date) -> Hit:
    usual = _yearly_use(meter, figure)
    return Hit(
        first=first,
        last=last,
        amount=usual,
        sure=True,
        mark=code,
        facts={"reason": code, "date": first.isoformat(), "until": last.isoformat()},
        evidence={"figure": figure.pk, "code": code, "measured": figure.observed, "against": usual},
    )


def _yearly_use(meter: Datastream, figure: Figure) -> float | None:
    """What the meter counted a year in the baseline: how much nobody can vouch for now. None without readings."""
    daily = read.daily([meter], figure.baseline_first, figure.baseline_last)[meter.pk].amount
    known = np.isfinite(daily)
    return float(daily[known].mean()) * 365 if known.any() else None


def _days(figure: Figure, reason: dict[str, Any]) -> tuple[dt.date, dt.date]:
    first = _day(reason.get("first")) or figure.reporting_first
    return first, max(first, _day(reason.get("last")) or figure.reporting_last)


def _day(text: object) -> dt.date | None:
    return dt.date.fromisoformat(str(text)[:10]) if text else None
