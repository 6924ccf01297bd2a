"""The four numbers of an account, in the order that people ask for them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from mitoyen.evaluate.published import Account, Amount


@dataclass(frozen=True, slots=True)
class Numbered:
    """`what` was saved; `saved` is None while no meter allows a number."""

    what: str
    saved: Amount | None


def four_numbers(account: Account | None) -> list[Numbered]:
    """Energy, money, greenhouse gases, water. Empty without an account."""
    if account is None:
        return []
    return [
        Numbered(_("Energy"), account.energy),
        Numbered(_("Money"), account.cost),
        Numbered(_("Greenhouse gases"), account.carbon),
        Numbered(_("Water"), account.water),
    ]
