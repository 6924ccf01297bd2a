"""Where a figure comes from, step by step down to the readings: what a page or `mitoyen figure` shows of it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from mitoyen.evaluate import sentences, steps
from mitoyen.evaluate.attribution import Attribution, attributions
from mitoyen.evaluate.baseline import model_from
from mitoyen.evaluate.certainty import Certainty, certainty
from mitoyen.evaluate.factors import Factor, from_json
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.priced import METHOD as PRICED
from mitoyen.evaluate.series import Run, unpack
from mitoyen.evaluate.steps import Step
from mitoyen.evaluate.sums import METHOD as SUM
from mitoyen.history.models import Batch

MOST_PARTS = 200


@dataclass(frozen=True, slots=True)
class DayPoint:
    """One day of the plot. `observed` is None in a gap; `screened`: zeros were taken for missing readings."""

    day: dt.date
    observed: float | None
    expected: float | None
    temperature: float | None
    closed: bool
    baseline: bool
    screened: bool


@dataclass(frozen=True, slots=True)
class BatchLine:
    """What the readings came in with."""

    id: int
    origin: str
    state: str
    source: str
    by: str
    received_at: dt.datetime
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PartLine:
    """A figure that this one rests on."""

    figure: str
    subject: str
    name: str
    verdict: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    reporting: Period
    counted: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything about one figure. `points`, `gaps`, `batches` and `datastream` concern a meter's saving; `factors` a
    cost or a carbon figure; `parts` what a figure rests on (the 200 largest of `parts_in_all`)."""

    figure: Figure
    headline: str
    sentence: str
    certainty: Certainty
    attribution: Attribution | None
    steps: list[Step]
    points: list[DayPoint]
    gaps: list[Period]
    batches: list[BatchLine]
    factors: list[Factor]
    parts: list[PartLine]
    parts_in_all: int
    datastream: str | None
    weather: str | None
    baseline: Period
    reporting: Period
    replaced_by: str | None


def provenance(figure_id: str) -> Provenance | None:
    """None when there is no Figure of that id."""
    found = Figure.objects.select_related("datastream__thing", "thing__commune", "commune").filter(pk=figure_id)
    figure = found.first()
    if figure is None:
        return None
    is_meters = figure.method not in (PRICED, SUM)
    runs = unpack(bytes(figure.series)) if figure.series else []
    points = _points(figure, runs) if is_meters else []
    batches = batches_of(figure) if is_meters else []
    parts = _parts(figure)
    factors = [from_json(row) for row in figure.inputs.get("factors", [])]
    of_meter = figure.datastream is not None
    return Provenance(
        figure=figure,
        headline=sentences.headline(figure),
        sentence=sentences.full(figure),
        certainty=certainty(figure.value, figure.low, figure.high),
        attribution=attributions([figure])[figure.pk] if of_meter else None,
        steps=steps.steps(figure, len(batches), factors),
        points=points,
        gaps=_gaps(points),
        batches=batches,
        factors=factors,
        parts=parts[:MOST_PARTS],
        parts_in_all=len(parts),
        datastream=figure.subject if of_meter else None,
        weather=figure.inputs.get("weather"),
        baseline=Period(figure.baseline_first, figure.baseline_last),
        reporting=Period(figure.reporting_first, figure.reporting_last),
        replaced_by=None if figure.current else _replacement(figure),
    )


def batches_of(figure: Figure) -> list[BatchLine]:
    """The batches that a meter's readings of the two periods, and its weather's, came in with. One query."""
    return [
        BatchLine(one.pk, one.origin, one.state, one.source, one.by, one.received_at, one.rows, one.sha256)
        for one in Batch.objects.filter(pk__in=figure.inputs.get("batches", [])).order_by("id")
    ]


def _points(figure: Figure, runs: list[Run]) -> list[DayPoint]:
    model = model_from(figure.result["model"]) if figure.result.get("model") else None
    screened = figure.inputs.get("screened", [[], []])
    points: list[DayPoint] = []
    for number, run in enumerate(runs):
        missing = np.full(len(run.day), np.nan)
        expected = model.predict(run.day, run.temperature, run.closed) if model else missing
        lost = _marked(run, screened[number])
        columns = zip(run.day.tolist(), run.amount, expected, run.temperature, run.closed, lost, strict=True)
        points += [
            DayPoint(day, _known(amount), _known(said), _known(warmth), bool(closed), number == 0, bool(gone))
            for day, amount, said, warmth, closed, gone in columns
        ]
    return points


def _marked(run: Run, stretches: list[list[str]]) -> Any:
    marked = np.zeros(len(run.day), bool)
    for first, last in stretches:
        marked |= (run.day >= np.datetime64(first)) & (run.day <= np.datetime64(last))
    return marked


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _gaps(points: list[DayPoint]) -> list[Period]:
    """Stretches of days without a reading, or with zeros that stand for missing ones."""
    gaps: list[Period] = []
    for point in points:
        if point.observed is not None and not point.screened:
            continue
        if gaps and (point.day - gaps[-1].last).days == 1:
            gaps[-1] = Period(gaps[-1].first, point.day)
        else:
            gaps.append(Period(point.day, point.day))
    return gaps


def _parts(figure: Figure) -> list[PartLine]:
    """What the figure rests on, the largest first, those left out last."""
    counted = set(figure.inputs.get("figures", []))
    ids = [*counted, *figure.inputs.get("left_out", [])]
    parts: list[PartLine] = []
    for start in range(0, len(ids), 400):
        rows = Figure.objects.filter(pk__in=ids[start : start + 400]).values_list(
            "pk",
            "subject",
            "thing__name",
            "verdict",
            "value",
            "low",
            "high",
            "unit",
            "reporting_first",
            "reporting_last",
        )
        parts += [
            PartLine(pk, subject, name or "", verdict, value, low, high, unit, Period(first, last), pk in counted)
            for pk, subject, name, verdict, value, low, high, unit, first, last in rows
        ]
    return sorted(parts, key=lambda part: (not part.counted, -abs(part.value or 0.0), part.subject))


def _replacement(figure: Figure) -> str | None:
    same = Figure.objects.filter(
        subject_kind=figure.subject_kind,
        subject=figure.subject,
        measure=figure.measure,
        reporting_first=figure.reporting_first,
        reporting_last=figure.reporting_last,
        current=True,
    )
    return same.values_list("pk", flat=True).first()
