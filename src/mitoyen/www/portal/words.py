"""The portal's words for verdicts, reasons, properties and how sure a figure is."""

from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mitoyen.evaluate.certainty import Certainty
from mitoyen.evaluate.enums import ReasonCode, Verdict

Text: TypeAlias = str | Promise

VERDICT_MEANS: dict[Verdict, Text] = {
    Verdict.PROVEN: _(
        "Every check passes, and the whole interval lies above zero: there is less than one chance in twenty that "
        "nothing was saved."
    ),
    Verdict.INCREASE: _(
        "Every check passes, and the whole interval lies below zero: more was used than this weather explains. "
        "We count it too."
    ),
    Verdict.NOT_SIGNIFICANT: _(
        "Every check passes, but the interval holds zero: the difference is smaller than what chance alone can do."
    ),
    Verdict.NOT_PROVEN: _(
        "A check fails: the readings do not allow a comparison. We give no number, we say why, and what would mend it."
    ),
}

REASON_MEANS: dict[str, Text] = {
    ReasonCode.UNIT_BREAK: _(
        "From one day to the next the level of the readings jumps to a multiple of what it was: the meter or its "
        "transmission changed unit. Before and after cannot be compared."
    ),
    ReasonCode.METER_SWAP: _(
        "The meter was changed and the new one does not continue the old one: the difference may be the meter’s."
    ),
    ReasonCode.ZEROS_FOR_MISSING: _("Readings that are missing were written as zeros: a hole would pass for a saving."),
    ReasonCode.CLIPPED: _("Readings stand exactly at the same ceiling for hours: part of the use was cut off."),
    ReasonCode.LOW_COVERAGE: _("Too many days have no reading to speak for the year."),
    ReasonCode.WEAK_MODEL: _(
        "Weather and calendar do not explain this meter’s past well enough to say what it should have used."
    ),
    ReasonCode.CHANGE_OF_USE: _("The place is not used as it was: what it should have used is not known any more."),
    ReasonCode.NO_WEATHER: _("There is no outdoor temperature for these days: we cannot tell the weather’s share."),
    ReasonCode.OTHER_UNIT: _(
        "This meter counts in another unit than the total does, such as gas in m³ where the total is in kWh: it is "
        "left out, since the two cannot be added up."
    ),
}

HOW_SURE: dict[Certainty, Text] = {
    Certainty.ALMOST_SURE: _("almost sure"),
    Certainty.LIKELY: _("likely"),
    Certainty.NOT_KNOWN_YET: _("we do not know yet"),
}

# Sources and notes of the built-in prices and emission factors; an installation's own read as it wrote them.
SOURCES: dict[str, Text] = {
    "Indicative average": _("Indicative average"),
    "ADEME, Base Empreinte: average mix of mainland France": _("ADEME, Base Empreinte: average mix of mainland France"),
    "ADEME, Base Empreinte: natural gas, combustion and supply, 0.227 kgCO2e per kWh of net calorific value (PCI)": _(
        "ADEME, Base Empreinte: natural gas, combustion and supply, 0.227 kgCO2e per kWh of net calorific value (PCI)"
    ),
    "One value for all years, as of a recent edition; the range is ours and spans the editions of the last ten years, "
    "roughly.": _(
        "One value for all years, as of a recent edition; the range is ours and spans the editions of the last ten "
        "years, roughly."
    ),
    "0.227 x 0.901 = 0.205 per kWh of gross calorific value (PCS), in which French gas is billed and metered.": _(
        "0.227 x 0.901 = 0.205 per kWh of gross calorific value (PCS), in which French gas is billed and metered."
    ),
    "Order of magnitude of French heat networks; each network publishes its own value: put it in the installation's "
    "table.": _(
        "Order of magnitude of French heat networks; each network publishes its own value: put it in the "
        "installation's table."
    ),
    "Order of magnitude for supplying and treating one m3; to be replaced by the service's own value.": _(
        "Order of magnitude for supplying and treating one m3; to be replaced by the service's own value."
    ),
    "Order of magnitude for a French local authority, all taxes included; not taken from a contract.": _(
        "Order of magnitude for a French local authority, all taxes included; not taken from a contract."
    ),
    "Order of magnitude for heat delivered by a network; each network has its own tariff.": _(
        "Order of magnitude for heat delivered by a network; each network has its own tariff."
    ),
    "Order of magnitude, drinking water and sewage together, all taxes included; each service has its own tariff.": _(
        "Order of magnitude, drinking water and sewage together, all taxes included; each service has its own tariff."
    ),
    "Order of magnitude, per kWh PCS; prices of 2022 differed widely from one contract to another.": _(
        "Order of magnitude, per kWh PCS; prices of 2022 differed widely from one contract to another."
    ),
    "Order of magnitude, per kWh PCS; prices of 2023 differed widely from one contract to another.": _(
        "Order of magnitude, per kWh PCS; prices of 2023 differed widely from one contract to another."
    ),
    "Order of magnitude, per kWh of gross calorific value (PCS) as billed, all taxes included.": _(
        "Order of magnitude, per kWh of gross calorific value (PCS) as billed, all taxes included."
    ),
    "Order of magnitude; prices of 2022 differed widely from one contract to another.": _(
        "Order of magnitude; prices of 2022 differed widely from one contract to another."
    ),
    "Order of magnitude; prices of 2023 differed widely from one contract to another.": _(
        "Order of magnitude; prices of 2023 differed widely from one contract to another."
    ),
}

PROPERTIES: dict[str, Text] = {
    "electricity": _("Electricity"),
    "gas": _("Gas"),
    "heat": _("Heat"),
    "water": _("Water"),
    "temperature": _("Outdoor temperature"),
    "humidity": _("Humidity"),
    "solar_radiation": _("Sunshine"),
}


def property_name(code: str) -> str:
    """The word for an observed property; the code itself for one that is not ours."""
    return str(PROPERTIES.get(code, code.replace("_", " ").capitalize()))


def sourced(text: str) -> str:
    """A factor's source or note in the page's language; an installation's own as it wrote it."""
    return str(SOURCES.get(text, text))


def how_sure(certainty: str) -> str:
    """`almost sure`, `likely` or `we do not know yet`."""
    return str(HOW_SURE[Certainty(certainty)])
