"""What a column's header says: its property, its unit in brackets, or its role."""

import re
from dataclasses import dataclass

from mitoyen.history.units import ucum
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.spelling import plain

_BRACKETED = re.compile(r"^(?P<name>.*?)\s*[\[({](?P<unit>[^\])}]{1,16})[\])}]\s*$")
_TRAILING = re.compile(
    r"^(?P<name>.*\S)[\s_]+(?:en\s+|in\s+)?(?P<unit>kWh|MWh|Wh|kW|m3|m³|°C|degC|W/m2|W/m²)$", re.IGNORECASE
)

# Words of a header (without accents, lower case) -> property. Longer words first: "air_temperature" before "temp".
PROPERTIES = (
    ("air_temperature", "temperature"), ("temperature", "temperature"), ("temp", "temperature"),
    ("rltv_hum", "humidity"), ("humidite", "humidity"), ("humidity", "humidity"), ("hygrometrie", "humidity"),
    ("glbl_irad", "solar_radiation"), ("irradia", "solar_radiation"), ("solar_radiation", "solar_radiation"),
    ("solar radiation", "solar_radiation"), ("rayonnement", "solar_radiation"), ("ensoleillement", "solar_radiation"),
    ("electri", "electricity"), ("active energy", "electricity"), ("energie active", "electricity"),
    ("eau froide", "water"), ("water", "water"), ("eau", "water"), ("gaz", "gas"), ("gas", "gas"),
    ("chauffage urbain", "heat"), ("chaleur", "heat"), ("heat", "heat"),
)  # fmt: skip
WEATHER = ("temperature", "humidity", "solar_radiation")
_METER = ("compteur", "meter", "prm", "pdl", "pce", "point de livraison", "point de mesure", "capteur", "device",
          "deveui", "batiment", "building", "equipement", "thing", "identifiant", "matricule", "serial")  # fmt: skip
_END = ("fin", "end", "jusqu", "to ", "until")
_START = ("debut", "start", "depuis", "from", "begin")
_INDEX = re.compile(r"\bindex\b|\breleve\b|\bcumul")


@dataclass(frozen=True, slots=True)
class HeaderSays:
    """`property` and `unit` are empty when the header doesn't say them; `unit` is a UCUM code."""

    name: str
    property: str = ""
    unit: str = ""
    index: bool = False


def read_header(header: str) -> HeaderSays:
    """Name, property and unit of a value column's header: « air_temperature [degC] », « Conso élec (kWh) »."""
    name, unit = header.strip(), ""
    for pattern in (_BRACKETED, _TRAILING):
        found = pattern.match(name)
        if found and (code := unit_code(found["unit"])):
            name, unit = found["name"].strip(), code
            break
    return HeaderSays(name, _property_of(name), unit, index=bool(_INDEX.search(plain(name))))


def unit_code(text: str) -> str:
    """UCUM code, or empty when the text is no unit."""
    try:
        return ucum(text)
    except Refused:
        return ""


def _property_of(name: str) -> str:
    words = plain(name)
    for word, found in PROPERTIES:
        if re.search(rf"(?:^|[^a-z]){re.escape(word)}", words):
            return found
    return ""


def is_meter(header: str) -> bool:
    return any(word in plain(header) for word in _METER)


def names_end(header: str) -> bool:
    return any(re.search(rf"(?:^|[^a-z]){word}", plain(header)) for word in _END)


def names_start(header: str) -> bool:
    return any(re.search(rf"(?:^|[^a-z]){word}", plain(header)) for word in _START)


# Unit -> kind where the unit alone decides (a temperature is read at a time; a power is a mean over its interval).
_GAUGE_UNITS = {"Cel", "K", "[degF]", "%", "W/m2", "hPa", "Pa", "mbar", "m/s", "km/h", "ppm", "ug/m3", "mg/m3", "lx",
                "V", "A", "Hz", "deg", "1"}  # fmt: skip
_RATE_UNITS = {"W", "kW", "MW", "m3/h", "L/h"}
_AMOUNT_UNITS = {"Wh", "W.h", "kWh", "MWh", "GWh", "J", "kJ", "MJ", "GJ", "m3", "L"}


def kind_of_unit(unit: str) -> str:
    """ "gauge" or "power" when the unit decides, "amount" when it is delta or counter, "" when it says nothing."""
    if unit in _GAUGE_UNITS:
        return "gauge"
    if unit in _RATE_UNITS:
        return "power"
    return "amount" if unit in _AMOUNT_UNITS else ""
