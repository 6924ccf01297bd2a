"""A finding in words: title, sentence, action and certainty, from the texts of the usage that declared its rule."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed
from mitoyen.operate.models import Finding


@dataclass(frozen=True, slots=True)
class Described:
    """A finding as people read it, in the language of the page."""

    title: str
    sentence: str
    action: str
    certainty: str


def describe(finding: Finding) -> Described:
    """The texts of a finding; its rule's bare name when the usage is no longer installed."""
    usage = installed().get(finding.key.split("/", 1)[0])
    prefix = f"rules.{finding.rule}"
    language = (get_language() or "fr")[:2]
    if usage is None or f"{prefix}.title" not in usage.texts["fr"]:
        return Described(finding.rule, "", "", "")
    facts = dict(finding.evidence.get("facts", {}))
    facts |= {
        "amount": finding.amount,
        "unit": {"m3": "m³"}.get(finding.unit, finding.unit),
        "eur": finding.eur,
        "first": finding.first.isoformat(),
        "last": finding.last.isoformat(),
        "building": (finding.thing.part_of or finding.thing).name,
        "meter": (finding.datastream.thing if finding.datastream else finding.thing).name,
    }
    told = {name: shown(name, value, usage, language) for name, value in facts.items()}
    return Described(
        title=usage.text(f"{prefix}.title", language),
        sentence=usage.text(f"{prefix}.sentence", language).format_map(Facts(told)),
        action=usage.text(f"{prefix}.action", language),
        certainty=_("almost sure") if finding.evidence.get("sure") else _("probable"),
    )


class Facts(dict[str, str]):
    """A fact that the method could not establish reads as a dash, rather than break the page."""

    def __missing__(self, name: str) -> str:
        return "–"


def shown(name: str, value: Any, usage: Usage, language: str) -> str:
    if value is None:
        return "–"
    if name == "reason":
        return usage.text(f"reasons.{value}", language)
    if isinstance(value, bool | int):
        return number_format(value, use_l10n=True, force_grouping=True)
    if isinstance(value, float):
        decimals = 0 if abs(value) >= 20 or value == round(value) else 1 if abs(value) >= 1 else 2
        return number_format(round(value, decimals), decimals, use_l10n=True, force_grouping=True)
    try:
        day = dt.date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    text = date_format(day, "DATE_FORMAT")
    # The first of a month is an ordinal in French: 1er mars.
    return f"1er{text[1:]}" if language == "fr" and day.day == 1 else text
