"""Does a Figure still hold? Computed anew from what it keeps, then compared with what today's readings say."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mitoyen.evaluate import factors
from mitoyen.evaluate.actions import closures_of
from mitoyen.evaluate.enums import Measure
from mitoyen.evaluate.fingerprint import fingerprint
from mitoyen.evaluate.models import Closure, Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.priced import METHOD as PRICED
from mitoyen.evaluate.priced import from_factors
from mitoyen.evaluate.readings import Readings, closed_days, readings
from mitoyen.evaluate.savings_figures import saving_again
from mitoyen.evaluate.seal import content
from mitoyen.evaluate.series import Run, digest, kept, unpack
from mitoyen.evaluate.sums import METHOD as SUM
from mitoyen.evaluate.sums import sum_figure
from mitoyen.history import read
from mitoyen.history.models import Batch, Datastream

_SHOWN = 100


@dataclass(frozen=True)
class Recomputed:
    """`same`: the kept inputs give the same fingerprint again, and it is that of what the Figure states.

    `still`: today's readings (for a sum: the inputs that are current today too) still give those inputs; else
    `changed` says what differs, in at most 100 entries of {what: days | correction | batch | calendar | figure, …}.
    """

    same: bool
    value: float | None
    low: float | None
    high: float | None
    fingerprint: str
    still: bool
    changed: list[dict[str, Any]]


def recompute(figure: Figure) -> Recomputed:
    """Compute a stored Figure anew, and look whether it still stands on today's readings. Nothing is written."""
    again = _again(figure)
    changed = _changes(figure)
    return Recomputed(
        same=again is not None and again.fingerprint == figure.fingerprint == fingerprint(content(figure)),
        value=again.value if again else None,
        low=again.low if again else None,
        high=again.high if again else None,
        fingerprint=again.fingerprint if again else "",
        still=not changed,
        changed=changed[:_SHOWN],
    )


def inputs_of(figure: Figure) -> list[Figure]:
    """The Figures that a priced one or a sum rests on, in its order."""
    ids = [*figure.inputs.get("figures", []), *figure.inputs.get("left_out", [])]
    found: dict[str, Figure] = {}
    with_subjects = Figure.objects.select_related("thing", "commune", "datastream", "datastream__thing").defer("series")
    for start in range(0, len(ids), 400):
        found.update({one.pk: one for one in with_subjects.filter(pk__in=ids[start : start + 400])})
    return [found[pk] for pk in ids if pk in found]


def _again(figure: Figure) -> Figure | None:
    """The Figure from its kept inputs; None when one of them is gone or can't be read."""
    if figure.method == PRICED:
        return _priced_again(figure)
    if figure.method == SUM:
        return _sum_again(figure)
    try:
        return saving_again(figure)
    except ValueError:
        return None


def _priced_again(figure: Figure) -> Figure | None:
    """From the saving and the factors as they were."""
    inputs = inputs_of(figure)
    if len(inputs) != 1:
        return None
    rows = [factors.from_json(row) for row in figure.inputs["factors"]]
    firsts = [dt.date.fromisoformat(f"{month[0]}-01") for month in inputs[0].result["months"]]
    chosen = [row for first in firsts if (row := factors.covering(rows, first)) is not None]
    if len(chosen) < len(firsts):
        return None
    return from_factors(inputs[0], Measure(figure.measure), figure.result["energy"], chosen)


def _sum_again(figure: Figure) -> Figure | None:
    inputs = inputs_of(figure)
    if len(inputs) != len(figure.inputs["figures"]) + len(figure.inputs["left_out"]):
        return None
    period = Period(figure.reporting_first, figure.reporting_last)
    return sum_figure(figure.subject_kind, figure.subject, Measure(figure.measure), period, inputs)


def _changes(figure: Figure) -> list[dict[str, Any]]:
    """What today differs from what the Figure rests on."""
    if figure.method not in (PRICED, SUM):
        return _reading_changes([figure])
    inputs = inputs_of(figure)
    outdated = [one for one in inputs if figure.current and not one.current]
    changed: list[dict[str, Any]] = [{"what": "figure", "figure": one.pk, "subject": one.subject} for one in outdated]
    leaves = {one.pk: one for one in inputs if one.method not in (PRICED, SUM)}
    for one in inputs:
        if one.method == PRICED:
            leaves.update({leaf.pk: leaf for leaf in inputs_of(one)})
    return changed + _reading_changes(list(leaves.values()))


def _reading_changes(figures: list[Figure]) -> list[dict[str, Any]]:
    """For meters' savings: what makes today's series differ from the kept ones. One bulk read of the days."""
    meters = [one for one in figures if one.datastream is not None]
    if not meters:
        return []
    stations = _stations(meters)
    periods = [period for one in meters for period in _periods(one)]
    streams = [one.datastream for one in meters if one.datastream] + list(stations.values())
    today = readings(streams, periods)
    closures = list(Closure.objects.all())
    changed: list[dict[str, Any]] = []
    for one in meters:
        changed += _changes_of(one, today, stations, closures)
    return changed


def _stations(meters: Iterable[Figure]) -> dict[str, Datastream]:
    names = {one.inputs.get("weather") for one in meters} - {None}
    found = Datastream.objects.filter(thing__slug__in=[name.rpartition("/")[0] for name in names if name])
    return {one.name: one for one in found.select_related("thing") if one.name in names}


def _changes_of(
    figure: Figure, today: Readings, stations: dict[str, Datastream], closures: list[Closure]
) -> list[dict[str, Any]]:
    assert figure.datastream_id is not None
    weather = stations.get(figure.inputs.get("weather") or "")
    assert figure.thing is not None
    of_site = closures_of(figure.thing, figure.commune, closures)
    closed = closed_days(today.whole, figure.inputs["country"], of_site)
    station = weather.pk if weather else None
    runs = [kept(today.run(figure.datastream_id, station, closed, period)) for period in _periods(figure)]
    if digest(runs) == figure.inputs["series"]:
        return []
    before = unpack(bytes(Figure.objects.values_list("series", flat=True).get(pk=figure.pk)))
    return _told(figure, weather, list(zip(before, runs, strict=True)))


def _told(figure: Figure, weather: Datastream | None, pairs: list[tuple[Run, Run]]) -> list[dict[str, Any]]:
    """The days that differ, and the corrections and batches since the Figure that can have made them differ."""
    told: list[dict[str, Any]] = []
    for what, datastream, name in (
        ("amount", figure.datastream, figure.subject),
        ("temperature", weather, figure.inputs.get("weather")),
    ):
        days = [day for old, new in pairs for day in _differing(old, new, what)]
        if not days:
            continue
        told.append({"what": "days", "datastream": name, "days": len(days), "first": days[0], "last": days[-1]})
        if datastream is not None:
            told += _since(figure, datastream, Period(*(dt.date.fromisoformat(day) for day in (days[0], days[-1]))))
    closed = [day for old, new in pairs for day in _differing(old, new, "closed")]
    if closed:
        told.append({"what": "calendar", "days": len(closed), "first": closed[0], "last": closed[-1]})
    return told


def _differing(old: Run, new: Run, what: str) -> list[str]:
    before, after = getattr(old, what), getattr(new, what)
    same = (before == after) if what == "closed" else np.isclose(before, after, rtol=0, atol=1e-9, equal_nan=True)
    return [str(day) for day in old.day[~same]]


def _since(figure: Figure, datastream: Datastream, days: Period) -> list[dict[str, Any]]:
    """Corrections after the Figure was computed, then batches that came or went since."""
    found: list[dict[str, Any]] = []
    for one in read.corrections_of(datastream, days.first, days.last):
        if one.at is not None and one.at <= figure.computed_at:
            continue
        told = {"what": "correction", "datastream": datastream.name, "time": str(one.time), "old": one.old}
        found.append({**told, "new": one.new, "by": one.by, "why": one.why, "at": str(one.at), "batch": one.batch})
    recent = Batch.objects.filter(live_at__gt=figure.computed_at) | Batch.objects.filter(
        undone_at__gt=figure.computed_at
    )
    for batch in recent.order_by("id")[:_SHOWN]:
        state = {"batch": batch.pk, "state": batch.state, "source": batch.source, "by": batch.by, "why": batch.why}
        found.append({"what": "batch", **state})
    return found


def _periods(figure: Figure) -> list[Period]:
    return [
        Period(figure.baseline_first, figure.baseline_last),
        Period(figure.reporting_first, figure.reporting_last),
    ]
