"""Numbers and times as people at a terminal read them, in French or English."""

from datetime import datetime

from django.utils.translation import get_language

NARROW = "\u202f"


def grouped(value: float, digits: int = 0) -> str:
    """12 345,6 in French, 12,345.6 in English; zeros after the decimal mark are left out."""
    text = f"{value:,.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    return text.replace(",", NARROW).replace(".", ",") if _french() else text


def moment(stamp: str) -> str:
    """An ISO time in UTC as 31/03/2024 01:30 in French, 2024-03-31 01:30 in English."""
    return datetime.fromisoformat(stamp).strftime("%d/%m/%Y %H:%M" if _french() else "%Y-%m-%d %H:%M")


def _french() -> bool:
    return (get_language() or "fr").startswith("fr")
