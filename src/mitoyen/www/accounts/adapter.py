"""Accounts are opened by invitation: nobody signs up alone."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ByInvitation(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """False: an administrator opens accounts, at the desk or with `mitoyen people add`."""
        return False
