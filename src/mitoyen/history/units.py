"""Units of measure as UCUM codes, and conversion between them (by pint, loaded only when a table does not do)."""

from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused

# UCUM code -> the expression pint knows it by.
_PINT = {
    "W": "watt", "kW": "kilowatt", "MW": "megawatt", "Wh": "watt_hour", "kWh": "kilowatt_hour", "W.h": "watt_hour",
    "MWh": "megawatt_hour", "GWh": "gigawatt_hour", "J": "joule", "kJ": "kilojoule", "MJ": "megajoule",
    "GJ": "gigajoule", "m3": "meter**3", "L": "liter", "m3/h": "meter**3/hour", "L/h": "liter/hour",
    "Cel": "degree_Celsius", "K": "kelvin", "[degF]": "degree_Fahrenheit", "%": "percent", "W/m2": "watt/meter**2",
    "J/m2": "joule/meter**2", "m/s": "meter/second", "km/h": "kilometer/hour", "hPa": "hectopascal", "Pa": "pascal",
    "mbar": "millibar", "ppm": "ppm", "ug/m3": "microgram/meter**3", "mg/m3": "milligram/meter**3", "lx": "lux",
    "V": "volt", "A": "ampere", "Hz": "hertz", "m": "meter", "cm": "centimeter", "mm": "millimeter",
    "deg": "degree", "1": "dimensionless",
}  # fmt: skip
_MONEY = ("EUR",)
# What people write -> UCUM code; looked up in lower case, without spaces.
_ALIASES = {
    "watt": "W", "watts": "W", "kilowatt": "kW", "kw/h": "kWh", "kw.h": "kWh", "w.h": "Wh", "mw.h": "MWh",
    "kilowattheure": "kWh", "kilowattheures": "kWh", "kilowatthour": "kWh", "kilowatthours": "kWh", "gw.h": "GWh",
    "wattheure": "Wh", "wattheures": "Wh", "watthour": "Wh", "watthours": "Wh", "m³": "m3", "m^3": "m3", "m**3": "m3",
    "metrecube": "m3", "mètrecube": "m3", "mètrescubes": "m3", "metrescubes": "m3", "cubicmeter": "m3",
    "cubicmeters": "m3", "l": "L", "litre": "L", "litres": "L", "liter": "L", "liters": "L", "m³/h": "m3/h",
    "°c": "Cel", "degc": "Cel", "℃": "Cel", "celsius": "Cel", "deg_c": "Cel", "c": "Cel", "degrésc": "Cel",
    "°k": "K", "kelvin": "K", "°f": "[degF]", "degf": "[degF]", "fahrenheit": "[degF]", "w/m²": "W/m2",
    "w/m^2": "W/m2", "j/m²": "J/m2", "wm-2": "W/m2", "percent": "%", "pourcent": "%", "%rh": "%", "ms-1": "m/s",
    "µg/m3": "ug/m3", "µg/m³": "ug/m3", "μg/m3": "ug/m3", "μg/m³": "ug/m3", "ug/m³": "ug/m3", "mg/m³": "mg/m3",
    "€": "EUR", "euro": "EUR", "euros": "EUR", "lux": "lx", "°": "deg", "mbar": "mbar",
}  # fmt: skip
# A capital M decides between a million and a thousandth: never guessed.
_AMBIGUOUS = ("mW", "mWh", "mJ")
# kWh in one unit; for a power, kWh in one hour of it (1 J = 1/3.6e6 kWh by definition).
_KWH = {
    "W": 1e-3, "kW": 1.0, "MW": 1e3, "Wh": 1e-3, "W.h": 1e-3, "kWh": 1.0, "MWh": 1e3, "GWh": 1e6,
    "J": 1 / 3.6e6, "kJ": 1 / 3.6e3, "MJ": 1 / 3.6, "GJ": 1e3 / 3.6,
}  # fmt: skip
_M3 = {"m3": 1.0, "L": 1e-3, "m3/h": 1.0, "L/h": 1e-3}


def ucum(text: str) -> str:
    """UCUM code of a unit as people write it ("KWH", "m³", "°C"). Raises Refused when it isn't known."""
    compact = "".join(text.split())
    if compact in _PINT or compact in _MONEY:
        return compact
    by_case = {code.lower(): code for code in (*_PINT, *_MONEY)} | _ALIASES
    code = None if compact in _AMBIGUOUS else by_case.get(compact.lower())
    if code is None:
        known = ", ".join((*_PINT, *_MONEY))
        message = _("The unit “%(unit)s” is not known.") % {"unit": text[:40]}
        raise Refused(message, _("Known units: %(known)s.") % {"known": known}, code="unknown_unit")
    return code


@lru_cache(maxsize=256)
def converter(unit: str, to: str) -> tuple[float, float]:
    """(factor, offset) such that value_in_to = value_in_unit * factor + offset. Raises Refused when they don't fit."""
    if unit == to:
        return 1.0, 0.0
    for table in (_KWH, _M3):
        if unit in table and to in table and _is_rate(unit) == _is_rate(to):
            return table[unit] / table[to], 0.0
    from pint import DimensionalityError

    try:
        registry = _registry()
        zero, hundred = (float(registry.Quantity(x, _PINT[unit]).to(_PINT[to]).magnitude) for x in (0.0, 100.0))
    except (DimensionalityError, KeyError) as error:
        message = _("%(unit)s can't be converted to %(to)s.") % {"unit": unit, "to": to}
        raise Refused(message, _("Choose a unit of the same quantity."), code="unit_mismatch") from error
    return (hundred - zero) / 100.0, zero


def amount_unit(unit: str) -> tuple[float, str]:
    """(factor, "kWh" | "m3" | the unit itself): what amounts of a datastream stored in `unit` are given in.

    For a power or a flow, the amount of one hour.
    """
    if unit in _KWH:
        return _KWH[unit], "kWh"
    if unit in _M3:
        return _M3[unit], "m3"
    return 1.0, unit


def is_power(unit: str) -> bool:
    """Whether the unit is a rate of energy or of volume, whose amount needs the interval's length."""
    return _is_rate(unit)


def _is_rate(unit: str) -> bool:
    return unit in ("W", "kW", "MW", "m3/h", "L/h")


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)
