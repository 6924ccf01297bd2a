"""The accounts' pages that allauth does not have."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from mitoyen.territory import perms
from mitoyen.territory.models import Person


@require_safe
@login_required
def second_factor(request: HttpRequest) -> HttpResponse:
    """Reminds administrators of the second factor; they may go on without for 14 days."""
    assert isinstance(request.user, Person)
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    context = {
        "on": wanted if safe else reverse("desk:home"),
        "until": request.user.joined_at + perms.GRACE,
        "overdue": perms.is_second_factor_overdue(request.user),
    }
    return render(request, "account/second_factor.html", context)


@require_safe
def forgotten(request: HttpRequest) -> HttpResponse:
    """Who forgot their password asks an administrator: nothing is sent by mail."""
    return render(request, "account/forgotten.html")
