"""The account in one sentence, bad news first."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.evaluate.published import Account


def sentence(account: Account) -> str:
    """How many meters are followed, how many of them can't be proven, went up, save. What is nil is left out."""
    counts = account.counts
    parts = [
        (counts.not_proven, ngettext("%(n)s allows no conclusion", "%(n)s allow no conclusion", counts.not_proven)),
        (counts.increase, ngettext("%(n)s uses more than expected", "%(n)s use more than expected", counts.increase)),
        (
            counts.not_significant,
            ngettext("%(n)s shows no clear change", "%(n)s show no clear change", counts.not_significant),
        ),
        (counts.proven, ngettext("%(n)s saves, almost surely", "%(n)s save, almost surely", counts.proven)),
    ]
    told = [text % {"n": n} for n, text in parts if n]
    start = ngettext("Of the one meter followed,", "Of the %(n)s meters followed,", counts.meters) % {
        "n": counts.meters
    }
    if not told:
        return _("No meter is followed yet.")
    if len(told) == 1:
        return f"{start} {told[0]}."
    return _("%(start)s %(first)s and %(last)s.") % {"start": start, "first": ", ".join(told[:-1]), "last": told[-1]}
