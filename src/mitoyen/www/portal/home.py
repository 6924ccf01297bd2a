"""Door 1: today in one sentence, what was proven, the map, your commune, how to reach a person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mitoyen.evaluate import published
from mitoyen.www import maps
from mitoyen.www.portal import today
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.numbered import four_numbers


@public
def home(request: HttpRequest) -> HttpResponse:
    """Four queries: the territory's figures, the communes and theirs, the shapes."""
    summary = published.territory_summary()
    lines = published.communes_overview()
    account = summary.latest
    context = {
        "door": "home",
        "account": account,
        "today": today.sentence(account) if account else "",
        "numbers": four_numbers(account),
        "cumulative": summary.cumulative if summary.cumulative is not account else None,
        "lines": lines,
        "map": maps.territory_map(lines, maps.shapes()),
        "generated": bool(account and account.generated) or any(line.generated for line in lines),
    }
    return render(request, "portal/home.html", context)
