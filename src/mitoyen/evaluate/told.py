"""Figures as JSON for scripts: keys, codes and units are stable and documented in docs/figures.md."""

from collections.abc import Sequence
from typing import Any

from mitoyen.evaluate import sentences
from mitoyen.evaluate.attribution import Attribution, attributions
from mitoyen.evaluate.certainty import certainty
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.priced import METHOD as PRICED
from mitoyen.evaluate.provenance import batches_of
from mitoyen.evaluate.recompute import Recomputed, inputs_of
from mitoyen.evaluate.series import unpack
from mitoyen.territory.models import Thing


def savings_json(thing: Thing, baseline: Period, reporting: Period, savings: Sequence[Figure]) -> dict[str, Any]:
    """What `mitoyen savings` states; `datastreams` lists each meter's saving, as an import lists its own."""
    causes = attributions(savings)
    return {
        "thing": thing.slug,
        "name": thing.name,
        "baseline": [str(baseline.first), str(baseline.last)],
        "reporting": [str(reporting.first), str(reporting.last)],
        "datastreams": [saving_json(figure, causes[figure.pk]) for figure in savings],
    }


def saving_json(figure: Figure, attribution: Attribution) -> dict[str, Any]:
    """One meter's saving. `savings` and `interval_90` are null when nothing is proven: the raw estimate is then in
    `estimate_not_claimed`, so that nobody takes it for a saving."""
    priced = Figure.objects.filter(datastream=figure.datastream_id, method=PRICED).order_by("measure")
    mine = priced.filter(reporting_first=figure.reporting_first, reporting_last=figure.reporting_last)
    return {
        "name": figure.subject,
        "property": figure.subject.rpartition("/")[2],
        "figure": figure.pk,
        **_stated(figure),
        "published": figure.current,
        "attribution": {
            "known": attribution.known,
            "actions": [{"id": pk, "title": title} for pk, title in attribution.actions],
            "text": sentences.attribution_words([title for _pk, title in attribution.actions]),
        },
        "also": {
            one.measure: _amounts(one) | {"figure": one.pk} for one in mine if one.inputs["figures"] == [figure.pk]
        },
    }


def figure_json(figure: Figure, recomputed: Recomputed | None = None) -> dict[str, Any]:
    """All that `mitoyen figure` states: the number and where it comes from."""
    told: dict[str, Any] = {
        "figure": figure.pk,
        "measure": figure.measure,
        "subject_kind": figure.subject_kind,
        "subject": figure.subject,
        "baseline": [str(figure.baseline_first), str(figure.baseline_last)],
        "reporting": [str(figure.reporting_first), str(figure.reporting_last)],
        **_stated(figure),
        "result": figure.result,
        "inputs": figure.inputs,
        "fingerprint": figure.fingerprint,
        "computed_at": figure.computed_at.isoformat(),
        "current": figure.current,
        "generated": figure.generated,
    }
    if figure.series:
        told["series"] = [
            {"first": str(run.day[0]), "last": str(run.day[-1]), "days": len(run.day)}
            for run in unpack(bytes(figure.series))
        ]
        told["batches"] = [
            {"batch": one.id, "origin": one.origin, "source": one.source, "sha256": one.sha256, "rows": one.rows}
            for one in batches_of(figure)
        ]
    elif figure.inputs.get("figures"):
        told["rests_on"] = [
            {"figure": one.pk, "subject": one.subject, "verdict": one.verdict, "savings": one.value, "unit": one.unit}
            for one in inputs_of(figure)
        ]
    return told | (_recomputed(recomputed) if recomputed else {})


def _stated(figure: Figure) -> dict[str, Any]:
    told: dict[str, Any] = {
        "verdict": figure.verdict,
        "reasons": [_reason(one) for one in figure.reasons],
        **_amounts(figure),
        "certainty": certainty(figure.value, figure.low, figure.high).value,
        "sentence": sentences.full(figure),
        "coverage": figure.coverage,
        "method": figure.method,
        "method_version": figure.method_version,
        "cvrmse": figure.result.get("cvrmse"),
    }
    if "estimate_not_claimed" in figure.result:
        told["estimate_not_claimed"] = figure.result["estimate_not_claimed"]
    return told


def _amounts(figure: Figure) -> dict[str, Any]:
    return {
        "savings": figure.value,
        "interval_90": None if figure.low is None else [figure.low, figure.high],
        "unit": figure.unit,
        "expected": figure.expected,
        "observed": figure.observed,
    }


def _reason(reason: dict[str, Any]) -> dict[str, Any]:
    text = sentences.reason(reason["code"], reason["first"], reason["last"])
    return {
        **reason,
        "date": reason["first"],
        "text": text,
        "mends": sentences.mend(reason),
        "mends_code": reason["mends"],
    }


def _recomputed(found: Recomputed) -> dict[str, Any]:
    return {
        "same": found.same,
        "still": found.still,
        "changed": found.changed,
        "recomputed": {
            "savings": found.value,
            "interval_90": None if found.low is None else [found.low, found.high],
            "fingerprint": found.fingerprint,
        },
    }
