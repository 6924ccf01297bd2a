"""What happens to accounts goes to the audit trail: passwords, second factors, lock-outs; not each sign-in."""

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from axes.signals import user_locked_out
from django.http import HttpRequest

from mitoyen.ledger import audit
from mitoyen.territory.models import Person


def connect() -> None:
    """Connect the listeners, once."""
    password_changed.connect(_password_changed, dispatch_uid="mitoyen")
    authenticator_added.connect(_added, dispatch_uid="mitoyen")
    authenticator_removed.connect(_removed, dispatch_uid="mitoyen")
    authenticator_reset.connect(_renewed, dispatch_uid="mitoyen")
    user_locked_out.connect(_locked_out, dispatch_uid="mitoyen")


def login_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The address that someone tries to sign in with, as accounts are named: axes counts failures under it."""
    given = (credentials or {}).get("email") or (request.POST.get("login") if request else "")
    return str(given or "").strip().lower()[:254]


def _password_changed(user: Person, **_more: Any) -> None:
    user.has_one_time_password = False
    user.save(update_fields=["has_one_time_password"])
    audit.record(user.email, "account.password_changed", user.email)


def _added(user: Person, authenticator: Any, **_more: Any) -> None:
    audit.record(user.email, "account.second_factor_added", user.email, type=authenticator.type)


def _removed(user: Person, authenticator: Any, **_more: Any) -> None:
    audit.record(user.email, "account.second_factor_removed", user.email, type=authenticator.type)


def _renewed(user: Person, authenticator: Any, **_more: Any) -> None:
    audit.record(user.email, "account.second_factor_renewed", user.email, type=authenticator.type)


def _locked_out(username: str, **_more: Any) -> None:
    """Names the account only if there is one: people type their password in the wrong field."""
    known = Person.objects.filter(email=username).exists()
    audit.record("sign-in", "account.locked", username if known else "-")
