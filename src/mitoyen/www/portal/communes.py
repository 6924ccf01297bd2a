"""Door 2: the communes, and what was saved in each of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from mitoyen.evaluate import published
from mitoyen.evaluate.models import Action
from mitoyen.operate.alerts.listing import told_of
from mitoyen.operate.alerts.wording import describe
from mitoyen.territory.models import Commune
from mitoyen.www.portal import queries, reasons, usages, used
from mitoyen.www.portal.cache import SEARCH, public, searched
from mitoyen.www.portal.numbered import four_numbers
from mitoyen.www.portal.search import find_communes


@searched
def listing(request: HttpRequest) -> HttpResponse:
    """All communes; `?q=` searches, and goes straight to the only one found. Two queries, one more to search."""
    wanted = request.GET.get(SEARCH, "")
    found = find_communes(wanted) if wanted else []
    if len(found) == 1:
        return redirect("portal:commune", slug=found[0].slug)
    lines = published.communes_overview()
    kept = {commune.insee for commune in found}
    context = {
        "door": "communes",
        "wanted": wanted,
        "nothing_found": bool(wanted) and not found,
        "lines": [line for line in lines if line.insee in kept] if found else lines,
        "generated": any(line.generated for line in lines),
    }
    return render(request, "portal/communes.html", context)


def _of(slug: str) -> dict[str, object]:
    """Eight queries: the commune, its account, its buildings and theirs, what is not proven, actions, other usages,
    alerts."""
    commune = get_object_or_404(Commune.objects.defer("geometry"), slug=slug)
    summary = published.commune_summary(commune.insee)
    lines = queries.buildings_of(commune)
    missing = queries.not_proven_meters(commune)
    actions = Action.objects.filter(thing__commune=commune).select_related("thing", "thing__part_of")
    account = summary.latest
    told = told_of(commune)
    shown = [line.thing for line in lines] + [one.thing for _first, same in told for one in same]
    return {
        "door": "communes",
        "commune": commune,
        "account": account,
        "numbers": four_numbers(account),
        "used": used.sentence(account),
        "cumulative": summary.cumulative if summary.cumulative is not account else None,
        "buildings": lines,
        "not_proven": [(figure, reasons.spoken(figure.reasons)) for figure in missing],
        "usages": usages.shown_in(commune),
        "alerts": [(describe(first, same).public, first) for first, same in told],
        "actions": list(actions.order_by("-starts")[:12]),
        "generated": bool(account and account.generated) or queries.any_generated(shown),
    }


@public
def commune(request: HttpRequest, slug: str) -> HttpResponse:
    """One commune: what was saved, what could not be proven and why, its buildings, actions."""
    return render(request, "portal/commune.html", _of(slug))


@public
def poster(request: HttpRequest, slug: str) -> HttpResponse:
    """The same in a page to print and pin up: A4, or A3 by the printer's enlargement."""
    return render(request, "portal/poster.html", _of(slug))
