"""How allauth behaves here: accounts by invitation, and what comes first after signing in."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from mitoyen.territory import perms


class ByInvitation(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """False: an administrator opens accounts, at the desk or with `mitoyen people add`."""
        return False

    def post_login(self, request: HttpRequest, user: Any, **about: Any) -> HttpResponse:
        """Where to after signing in: a one-time password is changed first, a missing second factor reminded of."""
        response: HttpResponse = super().post_login(request, user, **about)
        if user.has_one_time_password:
            return HttpResponseRedirect(reverse("account_change_password"))
        if perms.lacks_second_factor(user):
            target = {"next": response.headers.get("Location", "")}
            return HttpResponseRedirect(f"{reverse('account_second_factor')}?{urlencode(target)}")
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The desk, in the language spoken."""
        return reverse("desk:home")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """On to work once the password is changed."""
        return self.get_login_redirect_url(request)
