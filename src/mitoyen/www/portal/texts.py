"""Pages that are words: how we count, how to reach a person, accessibility."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mitoyen.evaluate.enums import ReasonCode, Verdict
from mitoyen.www.portal import reasons, words
from mitoyen.www.portal.cache import public


@public
def method(request: HttpRequest) -> HttpResponse:
    """How we count, in plain words, with every verdict and every reason for which nothing is claimed."""
    context = {
        "door": "data",
        "verdicts": [(code.value, words.VERDICT_MEANS[code]) for code in Verdict],
        "reasons": [(reasons.name(code), reasons.means(code)) for code in ReasonCode],
    }
    return render(request, "portal/method.html", context)


@public
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement."""
    return render(request, "portal/accessibility.html", {})
