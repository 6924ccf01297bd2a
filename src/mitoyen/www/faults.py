"""The page shown when a page of ours breaks: no database, no context, only words."""

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template import loader

from mitoyen.www.context import installation


def broken(request: HttpRequest) -> HttpResponse:
    """Status 500, in the page's language, with how to reach a person."""
    return HttpResponseServerError(loader.render_to_string("500.html", installation(request)))
