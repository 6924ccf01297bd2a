"""The words that public pages can't do without, each explained."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mitoyen.services.plain import glossary
from mitoyen.services.wording import language
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.search import folded


@public
def page(request: HttpRequest) -> HttpResponse:
    """Every term, by alphabet."""
    entries = [(term.name, term.of(language())) for term in glossary.terms()]
    told = sorted(((name, entry.forms[0], entry.means) for name, entry in entries), key=lambda one: folded(one[1]))
    return render(request, "portal/glossary.html", {"words": told})
