"""A password that was handed over once opens nothing but the page to change it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class OneTimePasswordMiddleware:
    """Sends whoever signed in with a one-time password to change it before the desk opens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        """Only the desk is closed: the portal is anybody's, and the accounts' pages are needed to change it."""
        at_the_desk = request.resolver_match is not None and "desk" in request.resolver_match.namespaces
        if at_the_desk and getattr(request.user, "has_one_time_password", False):
            return HttpResponseRedirect(reverse("account_change_password"))
        return None
