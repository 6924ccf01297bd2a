"""One public building: a sentence, its year against what the weather made expect, its meters, what was done."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import Verdict
from mitoyen.evaluate.published_buildings import building_summary
from mitoyen.manifests.personal import personal_kinds
from mitoyen.territory.models import Thing
from mitoyen.www.portal import building_charts, reasons, used, words
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.compared import beside
from mitoyen.www.portal.numbered import four_numbers
from mitoyen.www.portal.queries import NOT_BUILDINGS, findings_of

BAD_NEWS_FIRST = (Verdict.NOT_PROVEN, Verdict.INCREASE, Verdict.PROVEN, Verdict.NOT_SIGNIFICANT)


@public
def building(request: HttpRequest, slug: str) -> HttpResponse:
    """Eight queries. 404 for what has no page."""
    thing = Thing.objects.filter(slug=slug).exclude(kind__in={*NOT_BUILDINGS, *personal_kinds()}).first()
    found = building_summary(slug) if thing is not None else None
    if thing is None or found is None:
        raise Http404(_("There is no building here."))
    account = found.latest
    meters = [
        {
            "line": line,
            "property": words.property_name(line.observed_property),
            "reasons": reasons.spoken(line.reasons),
            "href": reverse("portal:datastream", args=line.datastream.split("/")),
            "chart": building_charts.meter_chart(line, found.history, found.actions),
        }
        for line in sorted(found.meters, key=lambda line: BAD_NEWS_FIRST.index(line.verdict))
    ]
    context = {
        "door": "communes" if found.commune else "data",
        "building": found,
        "account": account,
        "numbers": [one for one in four_numbers(account) if one.saved is not None],
        "meters": meters,
        "beside": beside(thing),
        "findings": findings_of(thing),
        "used": used.sentence(account),
        "sample": found.origin == "sample",
        "generated": found.origin == "generated" or any(line.generated for line in found.meters),
    }
    return render(request, "portal/building.html", context)
