"""Numbers as people read them: French and English grouping, units that fit the size, intervals."""

import math

from django.utils.translation import get_language
from django.utils.translation import gettext as _

NARROW = "\u202f"
NO_BREAK = "\u00a0"
MINUS = "\u2212"

# unit as stored -> steps (from this size, divide by, written), largest first
_STEPS: dict[str, tuple[tuple[float, float, str], ...]] = {
    "kWh": ((1e6, 1e6, "GWh"), (1e4, 1e3, "MWh"), (0, 1, "kWh")),
    "kgCO2e": ((1e4, 1e3, "t CO₂e"), (0, 1, "kg CO₂e")),
    "EUR": ((1e6, 1e6, "M€"), (0, 1, "€")),
    "m3": ((0, 1, "m³"),),
    "Cel": ((0, 1, "°C"),),
    "1": ((0, 1, ""),),
}
# A river's level is told to the centimetre.
_FINE = {"m": 2}


def number(value: float | None, digits: int = 0) -> str:
    """`value` with `digits` decimals in the page's language; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.{digits}f}"
    sign = MINUS if value < 0 and any(c not in "0.," for c in text) else ""
    if (get_language() or "fr").startswith("fr"):
        text = text.replace(",", NARROW).replace(".", ",")
    return sign + text


def _scale(size: float, unit: str) -> tuple[float, str]:
    steps = _STEPS.get(unit, ((0, 1, unit),))
    return next((divisor, written) for least, divisor, written in steps if size >= least)


def _digits(size: float) -> int:
    """Decimals that leave three significant figures, none from a hundred up."""
    return 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3


def _rounded(values: list[float], unit: str) -> tuple[list[str], str]:
    size = max((abs(value) for value in values), default=0.0)
    divisor, written = _scale(size, unit)
    if unit == "1" and all(value == round(value) for value in values):
        # Things counted are told as they are.
        return [number(value) for value in values], written
    digits = _digits(size / divisor)
    if divisor == 1:
        digits = _FINE.get(unit, 0 if size >= 10 else min(digits, 1))
    coarse = 10 ** max(0, math.floor(math.log10(size / divisor)) - 2) if size >= divisor else 1
    shown = (round(value / divisor / coarse) * coarse if coarse > 1 else value / divisor for value in values)
    return [number(value, digits) for value in shown], written


def parted(value: float | None, unit: str) -> tuple[str, str]:
    """`30214, "kWh"` -> `("30,2", "MWh")`: three significant figures, no more than the interval bears."""
    if value is None or not math.isfinite(value):
        return "–", ""
    (text,), unit_written = _rounded([value], unit)
    return text, unit_written.replace(" ", NO_BREAK)


def amount(value: float | None, unit: str) -> str:
    """`30214, "kWh"` -> `30,2 MWh`; the unit never stands alone on a line."""
    return NO_BREAK.join(part for part in parted(value, unit) if part)


def euros(value: float | None) -> str:
    """A sum that was paid, to the euro."""
    return f"{number(value)}{NO_BREAK}€"


def between(low: float | None, high: float | None, unit: str) -> str:
    """`between 25.7 and 34.7 MWh`; empty where there is no interval."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    (first, last), unit_written = _rounded([low, high], unit)
    unit_written = unit_written.replace(" ", NO_BREAK)
    return _("between %(low)s and %(high)s") % {"low": first, "high": NO_BREAK.join(filter(None, (last, unit_written)))}


def percent(share: float | None, digits: int = 0) -> str:
    """`0.123` -> `12 %` (French, no-break space) or `12%`."""
    if share is None or not math.isfinite(share):
        return "–"
    space = NO_BREAK if (get_language() or "fr").startswith("fr") else ""
    return f"{number(100 * share, digits)}{space}%"


def used(saved: float | None) -> str:
    """A share saved, said as what was used: 0.08 -> `−8 %`, -0.02 -> `+2 %`; empty where there is none."""
    if saved is None or not math.isfinite(saved):
        return ""
    whole = round(100 * saved)
    return ("" if whole == 0 else MINUS if whole > 0 else "+") + percent(abs(whole) / 100)


def per_unit(unit: str) -> str:
    """A factor's unit as people write it: `EUR/kWh` -> `€/kWh`."""
    return "/".join(written(part) for part in unit.split("/"))


def written(unit: str) -> str:
    """A unit as people write it: `m3` -> `m³`."""
    return _STEPS.get(unit, ((0, 1, unit),))[-1][2]
