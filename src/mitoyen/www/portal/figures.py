""" "Where does this figure come from?": from the sentence down to the readings, with the fingerprint."""

import csv

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import Verdict
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.provenance import provenance
from mitoyen.evaluate.recompute import recompute
from mitoyen.evaluate.series import unpack
from mitoyen.www.portal import reasons, sentences, words
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.figure_charts import readings_chart

MOST_PARTS = 40


@public
def figure(request: HttpRequest, figure_id: str) -> HttpResponse:
    """The figure, what it rests on, its readings plotted, its fingerprint."""
    found = provenance(figure_id)
    if found is None:
        raise Http404(_("There is no figure of this name."))
    counted = [part for part in found.parts if part.counted]
    context = {
        "door": "account",
        "found": found,
        "figure": found.figure,
        "sentence": sentences.sentence(found.figure),
        "building": sentences.building(found.figure),
        "is_meter": bool(found.points),
        "reasons": reasons.spoken(found.figure.reasons),
        "claims": found.figure.value is not None,
        "not_proven": found.figure.verdict == Verdict.NOT_PROVEN,
        "factors": found.figure.inputs.get("factors", []),
        "by_energy": _by_energy(found.figure),
        "parts": counted[:MOST_PARTS],
        "more_parts": max(0, found.parts_in_all - min(len(counted), MOST_PARTS)),
        "left_out": [part for part in found.parts if not part.counted][:MOST_PARTS],
        "chart": readings_chart(found),
        "sample": _is_sample(found.figure),
        "generated": found.figure.generated,
    }
    return render(request, "portal/figure.html", context)


@public
def again(request: HttpRequest, figure_id: str) -> HttpResponse:
    """ "Recompute": the same number from what was kept, and whether today's readings still give it."""
    found = (
        Figure.objects.select_related("thing", "thing__part_of", "commune", "datastream", "datastream__thing")
        .defer("commune__geometry")
        .filter(pk=figure_id)
        .first()
    )
    if found is None:
        raise Http404(_("There is no figure of this name."))
    context = {
        "door": "account",
        "figure": found,
        "sentence": sentences.sentence(found),
        "again": recompute(found),
        "sample": _is_sample(found),
        "generated": found.generated,
    }
    return render(request, "portal/again.html", context)


def _is_sample(figure: Figure) -> bool:
    return figure.thing is not None and figure.thing.origin == "sample"


def _by_energy(figure: Figure) -> list[tuple[str, dict[str, float]]]:
    found = figure.result.get("by_energy", {})
    return [(words.property_name(name), amounts) for name, amounts in found.items()]


def series(request: HttpRequest, figure_id: str) -> HttpResponse:
    """The kept daily series as CSV: what anyone needs to compute the figure again."""
    found = Figure.objects.filter(pk=figure_id).first()
    if found is None or not found.series:
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
