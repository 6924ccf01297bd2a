"""Findings made of what the guards of a saving saw: a meter to check, readings missing, a change of use."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mitoyen.evaluate.enums import SubjectKind
from mitoyen.evaluate.models import Figure
from mitoyen.manifests.schema import Rule
from mitoyen.operate.methods import Hit


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


def hits(rule: Rule, figures: list[Figure], since: dt.date) -> Iterator[Hit]:
    """One hit for each of the rule's reasons that a Figure of the meter gives, from its latest one."""
    told: set[str] = set()
    for figure in figures:
        if figure.reporting_last < since:
            continue
        for reason in figure.reasons:
            code = str(reason["code"])
            if code in rule.reasons and code not in told:
                told.add(code)
                yield _hit(figure, reason, code)


def _hit(figure: Figure, reason: dict[str, Any], code: str) -> Hit:
    first = _day(reason.get("first")) or figure.reporting_first
    last = _day(reason.get("last")) or figure.reporting_last
    days = (figure.reporting_last - figure.reporting_first).days + 1
    awaited = None if figure.expected is None else figure.expected * 365 / days
    return Hit(
        first=first,
        last=max(first, last),
        amount=awaited,
        sure=True,
        mark=code,
        facts={
            "reason": code,
            "date": first.isoformat(),
            "until": max(first, last).isoformat(),
            "detail": str(reason.get("detail", "")),
            "mends": str(reason.get("mends", "")),
        },
        evidence={"figure": figure.pk, "code": code, "measured": figure.observed, "against": figure.expected},
    )


def _day(text: object) -> dt.date | None:
    return dt.date.fromisoformat(str(text)[:10]) if text else None
