"""The accounts' pages as a Django app: their texts, and what they listen to."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "mitoyen.www.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Listen to what happens to accounts, for the audit trail."""
        from mitoyen.www.accounts import listening

        listening.connect()
