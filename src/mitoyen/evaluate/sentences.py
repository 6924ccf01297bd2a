"""A figure in plain words, in the reader's language: the number, what it is compared with, and how sure it is."""

from typing import Any, Protocol

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from mitoyen.evaluate.certainty import Certainty, certainty
from mitoyen.evaluate.enums import ReasonCode, Verdict

# A space that doesn't break, and the thin one that French sets between thousands and before a percent sign.
NBSP = "\u00a0"
THIN = "\u202f"


class Stated(Protocol):
    """What sentences are made from: a Figure, or an Amount of `published`."""

    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def expected(self) -> float | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def verdict(self) -> str: ...


def headline(figure: Stated) -> str:
    """The finding in one line, e.g. “12 % de moins qu’attendu à météo égale”."""
    if figure.verdict == Verdict.NOT_PROVEN or figure.value is None:
        return _("Nothing can be said: the readings do not prove it")
    if figure.verdict == Verdict.NOT_SIGNIFICANT and figure.unit == "m3":
        return _("No clear difference from what was expected")
    if figure.verdict == Verdict.NOT_SIGNIFICANT:
        return _("No clear difference from what this weather made expect")
    share = abs(100 * figure.value / figure.expected) if figure.expected else 0.0
    much = {"much": percent(share) if share >= 0.5 else quantity(abs(figure.value), figure.unit)}
    if figure.unit == "m3":
        return (_("%(much)s less than expected") if figure.value > 0 else _("%(much)s more than expected")) % much
    if figure.value > 0:
        return _("%(much)s less than expected in this weather") % much
    return _("%(much)s more than expected in this weather") % much


def full(figure: Stated) -> str:
    """The finding, its interval and its certainty, as one or two sentences."""
    if figure.value is None or figure.low is None or figure.high is None:
        return headline(figure) + "."
    words = {
        "headline": headline(figure),
        "value": signed(figure.value, figure.unit),
        "low": signed(figure.low, figure.unit),
        "high": signed(figure.high, figure.unit),
        "certainty": certainty_words(certainty(figure.value, figure.low, figure.high)),
    }
    return (
        _("%(headline)s (%(certainty)s): %(value)s; nine chances in ten that it lies between %(low)s and %(high)s.")
        % words
    )


def certainty_words(found: Certainty) -> str:
    return str(found.label)


def verdict_words(verdict: str) -> str:
    return str(Verdict(verdict).label)


def attribution_words(titles: list[str]) -> str:
    """“Attributed to …”, or that the cause is not known."""
    if not titles:
        return _("cause unknown")
    return _("attributed to: %(actions)s") % {"actions": "; ".join(titles)}


def reason(code: str, first: str | None = None, last: str | None = None) -> str:
    """Why a guard failed, with its days (ISO texts) in the reader's way of writing them."""
    label = str(ReasonCode(code).label) if code in ReasonCode.values else code
    if not first:
        return label
    words = {"label": label, "first": day(first), "last": day(last or first)}
    if not last or last == first:
        return _("%(label)s on %(first)s") % words
    return _("%(label)s from %(first)s to %(last)s") % words


def mend(found: dict[str, Any]) -> str:
    """What would mend a reason {code, mends, …}; empty for an unknown one."""
    mends = {
        "confirm_unit": _("Say from which day on the unit changed, and correct the readings before or after."),
        "record_swap": _("Record the swap with the last and the first index of the two meters."),
        "confirm_swap_factor": _("Check the new meter's factor, and record it with the swap."),
        "import_missing": _("Bring in the missing readings: ask for them with gaps left empty, not written as zeros."),
        "import_unclipped": _("Ask the supplier for the readings as metered, without a ceiling."),
        "longer_baseline": _("Choose a past that has seen the same seasons and temperatures."),
        "import_weather": _("Import the outdoor temperature of a nearby station for both periods."),
        "submeter_or_drivers": _("Record the closed days, or meter apart what does not follow the weather."),
        "record_action_or_use": _("Record the action or the change of use, and take a past after it."),
    }
    return mends.get(found.get("mends", ""), "")


def left_out(meters: int, out_of: int) -> str:
    """How many meters a total leaves out."""
    if not meters:
        return _("All %(all)d meters are counted.") % {"all": out_of}
    return _("%(some)d of %(all)d meters are left out: their readings do not prove anything.") % {
        "some": meters,
        "all": out_of,
    }


def day(iso: str) -> str:
    """12/03/2018 in French, 2018-03-12 in English."""
    year, month, number = iso[:10].split("-")
    return f"{number}/{month}/{year}" if _french() else iso[:10]


def quantity(value: float, unit: str) -> str:
    """The amount at three significant digits, in kWh, MWh or GWh; kgCO2e or tCO2e; EUR; m3."""
    for small, large in (("kWh", "MWh"), ("MWh", "GWh"), ("kgCO2e", "tCO2e")):
        if unit == small and abs(value) >= 10_000:
            value, unit = value / 1000, large
    size = abs(value)
    decimals = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2
    rounded = float(f"{value:.2e}") if size else 0.0
    symbol = {"EUR": "€", "m3": "m³", "kgCO2e": "kg CO₂e", "tCO2e": "t CO₂e"}.get(unit, unit)
    return f"{number(rounded, decimals)}{NBSP}{symbol}"


def signed(value: float, unit: str) -> str:
    """A saving with its sign: “+12 MWh”, “−3 MWh”."""
    sign = "+" if value > 0 else "\u2212" if value < 0 else ""
    return sign + quantity(abs(value), unit)


def percent(share: float) -> str:
    text = number(share, 0 if share >= 10 else 1)
    return f"{text}{THIN}%" if _french() else f"{text}%"


def number(value: float, decimals: int) -> str:
    """With the language's decimal sign and thousands apart."""
    text = formats.number_format(value, decimals, force_grouping=True)
    return text.replace("\u00a0", THIN).rstrip() if _french() else text


def _french() -> bool:
    return (get_language() or "fr").startswith("fr")
