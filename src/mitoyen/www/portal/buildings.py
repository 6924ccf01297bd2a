"""One public building: a sentence, its year against what the weather made expect, its meters, what was done."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from mitoyen.evaluate import published
from mitoyen.www.portal import building_charts, reasons, words
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.numbered import four_numbers


@public
def building(request: HttpRequest, slug: str) -> HttpResponse:
    """Four queries. 404 for what has no page."""
    found = published.building_summary(slug)
    if found is None or found.kind in ("weather_station", "meter"):
        raise Http404(_("There is no building here."))
    account = found.latest
    meters = [
        {
            "line": line,
            "property": words.property_name(line.observed_property),
            "reasons": reasons.spoken(line.reasons),
            "href": reverse("portal:datastream", args=line.datastream.split("/")),
            "chart": building_charts.meter_chart(line, found.actions),
        }
        for line in found.meters
    ]
    context = {
        "door": "communes" if found.commune else "data",
        "building": found,
        "account": account,
        "numbers": [one for one in four_numbers(account) if one.saved is not None],
        "meters": meters,
        "generated": found.origin == "generated" or any(line.generated for line in found.meters),
    }
    return render(request, "portal/building.html", context)
