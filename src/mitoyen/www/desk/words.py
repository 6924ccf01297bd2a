"""Words and numbers as the desk shows them."""

import re

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from mitoyen.operate.hours import DAYS
from mitoyen.territory.models import Thing
from mitoyen.www.numbers import NO_BREAK, number

PROPERTIES = {
    "electricity": gettext_lazy("electricity"),
    "heat": gettext_lazy("heat"),
    "gas": gettext_lazy("gas"),
    "water": gettext_lazy("water"),
    "temperature": gettext_lazy("outdoor temperature"),
    "humidity": gettext_lazy("humidity"),
    "solar_radiation": gettext_lazy("solar radiation"),
}
UNITS = {"m3": "m³", "Cel": "°C", "EUR": "€", "kgCO2e": "kg CO₂e", "1": "", "ug/m3": "µg/m³", "W/m2": "W/m²"}


_DAY = re.compile(rf"\b({'|'.join(DAYS)})\b")
COLON = pgettext_lazy("between a label and its error", ": ")
STATES = {
    "new": pgettext_lazy("finding", "new"),
    "seen": pgettext_lazy("finding", "seen"),
    "planned": pgettext_lazy("finding", "planned"),
    "done": pgettext_lazy("finding", "done"),
    "dismissed": pgettext_lazy("finding", "set aside"),
}


def state_word(state: str) -> str:
    """The state of a finding, agreed with "finding" where the language does so."""
    return str(STATES.get(state, state))


def property_word(name: str) -> str:
    """What is observed, in words; what the product does not know keeps its own name."""
    return str(PROPERTIES.get(name, name.replace("_", " ")))


def property_choices() -> list[tuple[str, str]]:
    return [(name, str(word)) for name, word in PROPERTIES.items() if name in ("electricity", "heat", "gas", "water")]


def meter_label(thing: Thing, observed_property: str) -> str:
    """A meter beside its building's name: what it measures, and its own name where that says more."""
    what = property_word(observed_property)
    what = what[:1].upper() + what[1:]
    if thing.part_of is None:
        return what
    own = thing.name.removesuffix(thing.part_of.name).rstrip(", ")
    return what if own.casefold() in ("", what.casefold()) else f"{what}, {own}"


def hours_word(text: str) -> str:
    """Opening hours with the days' names in the page's language: `Mo-Fr 08:00-18:00` -> `lun-ven 08:00-18:00`."""
    return _DAY.sub(lambda found: str(WEEKDAYS_ABBR[DAYS.index(found[0])]), text)


def unit_word(unit: str) -> str:
    """A UCUM code as people write it."""
    return UNITS.get(unit, unit)


def exact(value: float | None, unit: str) -> str:
    """A reading as it was read: no rounding to fit, unlike `numbers.amount`."""
    if value is None:
        return _("nothing")
    written = f"{value:.12g}"
    decimals = len(written.partition(".")[2]) if "e" not in written else 3
    return f"{number(value, decimals)}{NO_BREAK}{unit_word(unit)}".rstrip(NO_BREAK)


def size_word(size: int) -> str:
    """Bytes in words of 1,000."""
    for limit, unit in ((1e9, _("GB")), (1e6, _("MB")), (1e3, _("kB"))):
        if size >= limit:
            return f"{number(size / limit, 1)}{NO_BREAK}{unit}"
    return number(size) + NO_BREAK + _("bytes")
