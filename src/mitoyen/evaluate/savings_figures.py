"""The Figure of one meter's saving, from what was found and what it was found in."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from mitoyen.evaluate.compute import Outcome, assess_again
from mitoyen.evaluate.enums import SubjectKind
from mitoyen.evaluate.meters import is_generated, measure_of, site_of, unit_of
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.seal import seal
from mitoyen.evaluate.series import Run, digest, pack, unpack
from mitoyen.history.models import Datastream


@dataclass(frozen=True)
class Basis:
    """What a saving rests on, apart from the readings: names, so that they mean the same in every installation."""

    weather: str | None
    country: str
    closures: tuple[Period, ...] = ()
    actions: tuple[dt.date, ...] = ()
    batches: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "weather": self.weather,
            "country": self.country,
            "closures": [[one.first, one.last] for one in self.closures],
            "actions": list(self.actions),
            "timezone": "Europe/Paris",
            "batches": list(self.batches),
        }


def saving_figure(datastream: Datastream, basis: Basis, baseline: Run, reporting: Run, outcome: Outcome) -> Figure:
    """Sealed, not stored. What is not proven claims no amount: its raw estimate is in `result`."""
    site = site_of(datastream.thing)
    runs = [baseline, reporting]
    series = pack(runs)
    figure = Figure(
        measure=measure_of(datastream),
        subject_kind=SubjectKind.DATASTREAM,
        subject=datastream.name,
        datastream=datastream,
        thing=datastream.thing,
        commune=site.commune,
        unit=unit_of(datastream) or datastream.unit,
        inputs={
            "datastream": datastream.name,
            "series": digest(unpack(series)),
            "screened": outcome.screened,
            **basis.to_json(),
        },
        series=series,
        generated=is_generated(datastream.thing, site.thing),
        **_periods(runs),
    )
    return seal(state(figure, outcome))


def saving_again(figure: Figure) -> Figure:
    """The same Figure computed anew from the series that it keeps. Raises ValueError when that can't be read."""
    runs = unpack(bytes(figure.series))
    outcome = assess_again(runs[0], runs[1], figure.reasons, figure.inputs["screened"])
    again = Figure(
        measure=figure.measure,
        subject_kind=figure.subject_kind,
        subject=figure.subject,
        unit=figure.unit,
        inputs={**figure.inputs, "series": digest(runs)},
        **_periods(runs),
    )
    return seal(state(again, outcome))


def state(figure: Figure, outcome: Outcome) -> Figure:
    """Write on a Figure what an outcome lets it claim."""
    said = outcome
    result: dict[str, Any] = {
        "model": outcome.model,
        "cvrmse": outcome.cvrmse,
        "detail": outcome.detail,
        "months": outcome.months,
    }
    if outcome.verdict == "not_proven":
        if outcome.value is not None:
            result["estimate_not_claimed"] = {
                "savings": outcome.value,
                "interval_90": [outcome.low, outcome.high],
                "expected": outcome.expected,
            }
        result["months"] = [[month, days, observed, None, None] for month, days, observed, _, _ in outcome.months]
        said = replace(outcome, value=None, low=None, high=None, expected=None)
    figure.value, figure.low, figure.high = said.value, said.low, said.high
    figure.expected, figure.observed = said.expected, said.observed
    figure.verdict, figure.reasons, figure.coverage = said.verdict, said.reasons, said.coverage
    figure.method, figure.method_version = said.method, said.version
    figure.result = result
    return figure


def _periods(runs: list[Run]) -> dict[str, Any]:
    ends = [run.day.astype("datetime64[D]").tolist() for run in runs]
    return {
        "baseline_first": ends[0][0],
        "baseline_last": ends[0][-1],
        "reporting_first": ends[1][0],
        "reporting_last": ends[1][-1],
    }
