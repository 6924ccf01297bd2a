"""Numbers and times as people at a terminal read them, in French or English."""

from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

NARROW, NO_BREAK = "\u202f", "\u00a0"


def grouped(value: float, digits: int = 0) -> str:
    """12 345,6 in French, 12,345.6 in English; zeros after the decimal mark are left out."""
    text = f"{value:,.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    return text.replace(",", NARROW).replace(".", ",") if _french() else text


def size(count: int) -> str:
    """450560 bytes as 450,6 ko in French, 450.6 kB in English."""
    for limit, unit in ((1e9, _("GB")), (1e6, _("MB")), (1e3, _("kB"))):
        if count >= limit:
            return f"{grouped(count / limit, 1)}{NO_BREAK}{unit}"
    return grouped(count) + NO_BREAK + _("bytes")


def moment(stamp: str) -> str:
    """An ISO time in UTC as 31/03/2024 01:30 in French, 2024-03-31 01:30 in English."""
    return datetime.fromisoformat(stamp).strftime("%d/%m/%Y %H:%M" if _french() else "%Y-%m-%d %H:%M")


def _french() -> bool:
    return (get_language() or "fr").startswith("fr")
