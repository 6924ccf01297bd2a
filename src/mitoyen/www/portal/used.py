"""What a building or a commune used, and about what it cost: the plain amounts behind the comparison."""

from django.utils.translation import gettext as _

from mitoyen.evaluate.published import Account
from mitoyen.www import numbers


def sentence(account: Account | None) -> str:
    """Energy, water and their price at the factors in force, of the meters that count; empty without any."""
    if account is None:
        return ""
    energy, water, cost = account.energy, account.water, account.cost
    parts = []
    if energy is not None and energy.observed is not None:
        parts.append(_("%(amount)s of energy") % {"amount": numbers.amount(energy.observed, energy.unit)})
    if water is not None and water.observed is not None:
        parts.append(_("%(amount)s of water") % {"amount": numbers.amount(water.observed, water.unit)})
    if not parts:
        return ""
    what = _("%(energy)s and %(water)s") % {"energy": parts[0], "water": parts[1]} if len(parts) > 1 else parts[0]
    values = {"year": account.reporting.last.year, "what": what}
    if cost is not None and cost.observed is not None:
        values["cost"] = numbers.amount(cost.observed, cost.unit)
        text = _("Used in %(year)s: %(what)s, that is about %(cost)s at average prices.") % values
    else:
        text = _("Used in %(year)s: %(what)s.") % values
    if account.counts.not_proven:
        text += " " + _("Meters that could not be counted are left out.")
    return text
