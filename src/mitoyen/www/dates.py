"""Days as people write them."""

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import get_language


def day(value: dt.date | dt.datetime | None) -> str:
    """`1er mars 2024`, `1 March 2024`; empty for None."""
    if value is None:
        return ""
    text = date_format(value, "j F Y")
    first = value.day == 1 and (get_language() or "fr").startswith("fr")
    return text.replace("1 ", "1er ", 1) if first else text


def month(value: dt.date) -> str:
    """`mars 2024`."""
    return date_format(value, "F Y")
