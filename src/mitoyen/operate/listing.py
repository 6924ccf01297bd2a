"""Findings as a list: for a script (JSON) and for a terminal."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mitoyen.operate.models import Finding
from mitoyen.operate.wording import describe


def to_json(finding: Finding) -> dict[str, Any]:
    """A finding for scripts; texts in the current language, the rest stable."""
    words = describe(finding)
    return {
        "key": finding.key,
        "rule": finding.rule,
        "thing": finding.thing.slug,
        "datastream": finding.datastream.name if finding.datastream else None,
        "commune": finding.commune_id,
        "first": finding.first.isoformat(),
        "last": finding.last.isoformat(),
        "amount": finding.amount,
        "unit": finding.unit,
        "eur": finding.eur,
        "state": finding.state,
        "sure": bool(finding.evidence.get("sure")),
        "title": words.title,
        "sentence": words.sentence,
        "action": words.action,
    }


def lines(found: Iterable[Finding]) -> Iterator[str]:
    """A few lines a finding, the most at stake first; one that says so when there is none."""
    empty = True
    for finding in found:
        empty = False
        words = describe(finding)
        where = f"{finding.thing.name} ({finding.commune})" if finding.commune else finding.thing.name
        yield f"{where}: {words.title}"
        yield f"    {at_stake(finding)}, {words.certainty}"
        yield f"    {words.sentence}"
        yield f"    {words.action}"
    if empty:
        yield _("No finding: no rule sees anything in the meters of the communes that switched a usage on.")


def at_stake(finding: Finding) -> str:
    """What is at stake a year, in words."""
    if finding.amount is None:
        return _("what is at stake can't be told")
    unit = {"m3": "m³"}.get(finding.unit, finding.unit)
    amount = f"{number_format(finding.amount, 0, force_grouping=True)} {unit}"
    if finding.eur is None:
        return _("%(amount)s a year that nothing vouches for") % {"amount": amount}
    eur = number_format(finding.eur, 0, force_grouping=True)
    return _("%(eur)s € and %(amount)s a year at stake") % {"eur": eur, "amount": amount}
