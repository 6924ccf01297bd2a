""" "Where does this figure come from?": from the sentence down to the readings, with the fingerprint."""

import csv

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import SubjectKind, Verdict
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.series import unpack
from mitoyen.history.models import Batch
from mitoyen.www.portal import reasons, sentences, words
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.figure_charts import readings_chart

MOST_PARTS = 40


def _found(figure_id: str) -> Figure:
    figure = (
        Figure.objects.select_related("thing", "thing__part_of", "commune", "datastream")
        .defer("commune__geometry")
        .filter(pk=figure_id)
        .first()
    )
    if figure is None:
        raise Http404(_("There is no figure of this name."))
    return figure


@public
def figure(request: HttpRequest, figure_id: str) -> HttpResponse:
    """Three queries: the figure, its batches, the figures it rests on."""
    found = _found(figure_id)
    parts, left_out = _parts(found)
    context = {
        "door": "account",
        "figure": found,
        "sentence": sentences.sentence(found),
        "subject": sentences.subject(found),
        "building": sentences.building(found),
        "property": words.property_name(found.datastream.observed_property) if found.datastream else "",
        "is_meter": found.subject_kind == SubjectKind.DATASTREAM and bool(found.series),
        "reasons": reasons.spoken(found.reasons),
        "claims": found.value is not None,
        "not_proven": found.verdict == Verdict.NOT_PROVEN,
        "batches": Batch.objects.filter(pk__in=found.inputs.get("batches", [])).order_by("id")[:12],
        "factors": found.inputs.get("factors", []),
        "by_energy": _by_energy(found),
        "parts": parts[:MOST_PARTS],
        "more_parts": max(0, len(parts) - MOST_PARTS),
        "left_out": left_out[:MOST_PARTS],
        "chart": readings_chart(found),
        "generated": found.generated,
    }
    return render(request, "portal/figure.html", context)


def _parts(figure: Figure) -> tuple[list[Figure], list[Figure]]:
    """The figures that it adds up, largest first, and those left out. One query."""
    counted, left_out = figure.inputs.get("figures", []), figure.inputs.get("left_out", [])
    wanted = [*counted, *left_out][:900]
    if not wanted:
        return [], []
    found = Figure.objects.filter(pk__in=wanted).select_related("thing", "datastream")
    light = found.defer("series", "inputs", "result")
    by_id = {one.pk: one for one in light}
    largest = sorted((by_id[pk] for pk in counted if pk in by_id), key=lambda one: -abs(one.value or 0))
    return largest, [by_id[pk] for pk in left_out if pk in by_id]


def _by_energy(figure: Figure) -> list[tuple[str, dict[str, float]]]:
    found = figure.result.get("by_energy", {})
    return [(words.property_name(name), amounts) for name, amounts in found.items()]


def series(request: HttpRequest, figure_id: str) -> HttpResponse:
    """The kept daily series as CSV: what anyone needs to compute the figure again."""
    found = _found(figure_id)
    if not found.series:
        raise Http404(_("This figure keeps no series of its own: it adds others up."))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.pk}-series.csv"'
    out = csv.writer(response)
    out.writerow(("period", "day", f"amount_{found.unit}", "temperature_Cel", "closed"))
    for name, run in zip(("baseline", "reporting"), unpack(bytes(found.series)), strict=True):
        for day, amount, temperature, closed in zip(run.day, run.amount, run.temperature, run.closed, strict=True):
            numbers = ("" if value != value else repr(float(value)) for value in (amount, temperature))  # noqa: PLR0124
            out.writerow((name, day, *numbers, int(closed)))
    return response
