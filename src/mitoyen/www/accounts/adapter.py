"""How allauth behaves here: accounts by invitation, and what comes first after signing in."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.territory import perms
from mitoyen.territory.models import Person


class ByInvitation(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """False: an administrator opens accounts, at the desk or with `mitoyen people add`."""
        return False

    def post_login(self, request: HttpRequest, user: Any, **about: Any) -> HttpResponse:
        """Where to after signing in: a one-time password is changed first.

        A missing second factor is reminded of in a message; once it is overdue, on a page of its own.
        """
        response: HttpResponse = super().post_login(request, user, **about)
        if user.has_one_time_password:
            return HttpResponseRedirect(reverse("account_change_password"))
        if perms.is_second_factor_overdue(user):
            target = {"next": response.headers.get("Location", "")}
            return HttpResponseRedirect(f"{reverse('account_second_factor')}?{urlencode(target)}")
        if perms.lacks_second_factor(user):
            messages.warning(request, _reminder(user))
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The desk, in the language spoken."""
        return reverse("desk:home")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """On to work once the password is changed."""
        return self.get_login_redirect_url(request)


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    def build_totp_svg(self, url: str) -> str:
        """The code to scan, on a white ground: on a dark page a telephone could not read it otherwise."""
        code: str = super().build_totp_svg(url)
        return code.replace("<path", '<path fill="#fff" d="M0 0h999v999H0z"/><path', 1)


def _reminder(person: Person) -> SafeString:
    day = date_format(timezone.localtime(person.joined_at + perms.GRACE), "j F Y")
    says = _("Your account can open others: please protect it with a second factor by %(day)s.") % {"day": day}
    address = reverse("account_second_factor")
    return format_html('{} <a href="{}">{}</a>', says, address, _("How to set it up"))
