"""Door 4: the account. Bad news first: what could not be proven, then what went up, then what was saved."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mitoyen.evaluate import factors, published
from mitoyen.www.portal import queries, reasons, words
from mitoyen.www.portal.cache import numbered, public
from mitoyen.www.portal.numbered import four_numbers
from mitoyen.www.portal.paging import page_of

PAGE = 40


@public
def account(request: HttpRequest) -> HttpResponse:
    """Three queries: the territory's figures, the communes and theirs."""
    summary = published.territory_summary()
    latest = summary.latest
    lines = published.communes_overview()
    ranked = sorted(lines, key=lambda line: (line.energy is None, -(line.energy.percent or 0) if line.energy else 0))
    reach = max((_reach(line.energy) for line in lines if line.energy), default=1.0)
    context = {
        "door": "account",
        "account": latest,
        "numbers": four_numbers(latest),
        "years": summary.years,
        "cumulative": summary.cumulative if summary.cumulative is not latest else None,
        "lines": ranked,
        "reach": reach,
        "reasons": [(reasons.name(code), count) for code, count in sorted((latest.reasons if latest else {}).items())],
        "prices": _today(factors.table("prices")),
        "emissions": _today(factors.table("emissions")),
        "generated": bool(latest and latest.generated),
    }
    return render(request, "portal/account.html", context)


def _reach(amount: published.Amount) -> float:
    """The furthest end of its interval, as a share of what was expected."""
    return max(abs(amount.low), abs(amount.high)) / abs(amount.expected) if amount.expected else 0.0


def _today(rows: list[factors.Factor]) -> list[tuple[str, factors.Factor]]:
    """The rows in force: for each energy and unit the last one, the installation's own first."""
    kept: dict[tuple[str, str], factors.Factor] = {}
    for row in sorted(rows, key=lambda row: (not row.own, -row.first.toordinal())):
        kept.setdefault((row.energy, row.unit), row)
    return [(words.property_name(row.energy), row) for row in kept.values()]


@numbered
def buildings(request: HttpRequest) -> HttpResponse:
    """Every building ranked: what went up first, then what could not be proven, then savings from the smallest.
    Three queries."""
    page = page_of(request, queries.ranked_buildings(), PAGE)
    context = {
        "door": "account",
        "page": page,
        "lines": queries.lines_of(page),
        "generated": queries.any_generated(page),
    }
    return render(request, "portal/account_buildings.html", context)


@numbered
def not_proven(request: HttpRequest) -> HttpResponse:
    """Every meter that could not be proven, with why and what would mend it. Two queries."""
    page = page_of(request, queries.not_proven_meters(), PAGE)
    context = {
        "door": "account",
        "page": page,
        "meters": [(figure, reasons.spoken(figure.reasons)) for figure in page],
        "generated": any(figure.generated for figure in page),
    }
    return render(request, "portal/account_not_proven.html", context)
