"""What a decoded field probably means, told from its name, its unit's name, its values: each proposal with its reason.

Nothing here decides: a person confirms.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from mitoyen.connect.devices.enums import FieldRole
from mitoyen.history.enums import Kind

EXAMPLES_KEPT = 5
MOST_FIELDS = 100
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Proposal:
    """Reading in `unit` = field x factor + offset. `why`: words of REASONS, each perhaps with what it speaks of."""

    path: str
    role: FieldRole
    observed_property: str = ""
    unit: str = ""
    kind: Kind = Kind.GAUGE
    factor: float = 1.0
    offset: float = 0.0
    why: tuple[tuple[str, str], ...] = ()
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Words of which one must be in the name, and what the field is then. `likely`: values that fit as they are."""

    words: tuple[str, ...]
    observed_property: str
    unit: str
    kind: Kind = Kind.GAUGE
    likely: tuple[float, float] | None = None


# In order: the first whose words are in the name. French names too: makers here write them.
_MEANINGS = (
    _Meaning(("dewpoint", "rosee"), "dew_point", "Cel", likely=(-50, 60)),
    _Meaning(("temperature", "temp", "tmp", "tempc", "celsius"), "temperature", "Cel", likely=(-50, 90)),
    _Meaning(("soil moisture", "moisture", "vwc", "humidite sol"), "soil_moisture", "%", likely=(0, 100)),
    _Meaning(("humidity", "hum", "rh", "humidite"), "humidity", "%", likely=(0, 100)),
    _Meaning(("co2", "carbon dioxide"), "co2", "ppm", likely=(200, 10_000)),
    _Meaning(("pm25", "pm2 5", "pm 2 5"), "pm25", "ug/m3", likely=(0, 1000)),
    _Meaning(("pm10", "pm 10"), "pm10", "ug/m3", likely=(0, 2000)),
    _Meaning(("pm1", "pm 1"), "pm1", "ug/m3", likely=(0, 1000)),
    _Meaning(("no2",), "no2", "ug/m3"),
    _Meaning(("o3", "ozone"), "o3", "ug/m3"),
    _Meaning(("so2",), "so2", "ug/m3"),
    _Meaning(("tvoc", "voc", "cov"), "tvoc", "1"),
    _Meaning(("active energy", "energy", "energie", "kwh", "wh"), "electricity", "kWh", Kind.COUNTER),
    _Meaning(("active power", "power", "puissance", "watt", "watts"), "power", "W"),
    _Meaning(("gas", "gaz"), "gas", "m3", Kind.COUNTER),
    _Meaning(("heat", "chaleur"), "heat", "kWh", Kind.COUNTER),
    _Meaning(("water flow", "flow", "flowrate", "debit"), "flow", "m3/h"),
    _Meaning(("water", "eau", "volume", "index"), "water", "m3", Kind.COUNTER),
    _Meaning(("fill level", "filling", "fill", "fullness", "remplissage"), "fill_level", "%", likely=(0, 100)),
    _Meaning(("distance", "ullage"), "distance", "mm"),
    _Meaning(("water level", "level", "niveau", "depth", "hauteur"), "level", "m"),
    _Meaning(("rainfall", "rain", "pluie", "precipitation"), "rain", "mm"),
    _Meaning(("pressure", "pression", "barometer", "baro"), "pressure", "hPa", likely=(300, 1200)),
    _Meaning(("wind speed", "windspeed", "vent vitesse"), "wind_speed", "m/s", likely=(0, 90)),
    _Meaning(("wind direction", "winddirection", "vent direction"), "wind_direction", "deg", likely=(0, 360)),
    _Meaning(("illuminance", "luminosity", "light", "lux", "lumiere", "eclairement"), "illuminance", "lx"),
    _Meaning(("noise", "sound", "laeq", "leq", "bruit"), "noise", "1"),
    _Meaning(("dimming", "dim", "gradation"), "dimming", "%", likely=(0, 100)),
    _Meaning(("occupied", "occupancy", "presence", "parked", "parking", "occupation"), "occupancy", "1"),
    _Meaning(("people", "person", "vehicles", "bikes", "counter", "count", "passages", "comptage"), "count", "1"),
    _Meaning(("current", "courant", "amp", "ampere"), "current", "A"),
    _Meaning(("voltage", "tension", "volt", "volts"), "voltage", "V"),
    _Meaning(("state", "status", "on", "working", "etat", "alarm", "open", "leak", "fuite"), "state", "1"),
)
_BATTERY = ("battery", "batt", "bat", "vbat", "batv", "batterie", "pile", "bat level", "soc")
_NOT_KEPT = (
    "fcnt", "fport", "port", "rssi", "snr", "raw", "payload", "bytes", "hex", "version", "firmware", "fw", "hardware",
    "hw", "serial", "type", "model", "protocol", "timestamp", "time", "date", "epoch", "crc", "checksum", "interval",
    "reserved", "frame", "frametype", "msgtype", "id", "device id", "devid", "latitude", "longitude", "gps",
)  # fmt: skip
# What a name ends with -> UCUM unit, and the factor when it is not a unit that is stored.
_UNITS = {
    "c": ("Cel", 1.0), "degc": ("Cel", 1.0), "celsius": ("Cel", 1.0), "f": ("[degF]", 1.0),
    "fahrenheit": ("[degF]", 1.0), "dm3": ("L", 1.0),
    "kwh": ("kWh", 1.0), "wh": ("Wh", 1.0), "mwh": ("MWh", 1.0), "kw": ("kW", 1.0), "w": ("W", 1.0),
    "m3": ("m3", 1.0), "l": ("L", 1.0), "liter": ("L", 1.0), "liters": ("L", 1.0), "litres": ("L", 1.0),
    "mm": ("mm", 1.0), "cm": ("cm", 1.0), "m": ("m", 1.0), "hpa": ("hPa", 1.0), "pa": ("Pa", 1.0),
    "mbar": ("mbar", 1.0), "kpa": ("hPa", 10.0), "ppm": ("ppm", 1.0), "lux": ("lx", 1.0), "percent": ("%", 1.0),
    "pct": ("%", 1.0), "mv": ("V", 0.001), "v": ("V", 1.0), "volts": ("V", 1.0), "ma": ("A", 0.001), "a": ("A", 1.0),
    "m3h": ("m3/h", 1.0), "lh": ("L/h", 1.0), "kmh": ("km/h", 1.0), "ms": ("m/s", 1.0),
}  # fmt: skip
_RISING_WORDS = ("total", "cumulative", "cumulated", "index", "counter", "sum", "totalizer", "pulse", "pulses")
_DELTA_WORDS = ("delta", "increment", "difference", "since", "last hour", "period")


def leaves(data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of decoded data by their dotted path; positions in lists are numbers."""
    found: dict[str, Any] = {}
    _walk(data, (), found)
    return found


def _walk(value: Any, path: tuple[str, ...], found: dict[str, Any]) -> None:
    if len(found) >= MOST_FIELDS or len(path) > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            # A dot in a name can't be told from a step.
            if "." not in str(name):
                _walk(inner, (*path, str(name)), found)
    elif isinstance(value, list):
        for at, inner in enumerate(value[:10]):
            _walk(inner, (*path, str(at)), found)
    elif path:
        found[".".join(path)[:120]] = value


def propose(frames: Iterable[Mapping[str, Any]], declared: Mapping[str, str] | None = None) -> list[Proposal]:
    """One proposal a field of these decoded frames (in order of time), by path.

    `declared`: observed property -> unit, as the usages in service declare them; their names win.
    """
    values: dict[str, list[Any]] = {}
    for frame in frames:
        for path, value in leaves(frame).items():
            values.setdefault(path, []).append(value)
    made = [_proposal(path, seen, declared or {}) for path, seen in sorted(values.items())]
    return _once_each(made)


def words_of(path: str) -> str:
    """A field's name as words: batteryLevel, TempC_SHT, modules.0.level."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", path)
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", parted)
    return " ".join(re.sub(r"[^A-Za-z0-9]+", " ", parted).lower().split())


def _proposal(path: str, seen: Sequence[Any], declared: Mapping[str, str]) -> Proposal:
    words = words_of(path)
    examples = tuple(dict.fromkeys(_short(value) for value in seen[-40:]))[-EXAMPLES_KEPT:]
    numbers = [float(value) for value in seen if isinstance(value, (int, float))]
    if not numbers:
        return Proposal(path, FieldRole.IGNORED, why=(("not_a_number", ""),), examples=examples)
    if _has(words, _BATTERY):
        return _battery(path, words, numbers, examples)
    if (word := _found(words, _NOT_KEPT)) and not _meaning(words):
        return Proposal(path, FieldRole.IGNORED, why=(("technical", word),), examples=examples)
    name = next((name for name in declared if _has(words, (name.replace("_", " "), name))), None)
    meaning = _meaning(words)
    if name is not None and (meaning is None or meaning.observed_property != name):
        meaning = _Meaning((name,), name, declared[name])
        why: list[tuple[str, str]] = [("declared", name)]
    elif meaning is not None:
        why = [("name", _found(words, meaning.words) or "")]
    else:
        return Proposal(path, FieldRole.IGNORED, why=(("unknown", ""),), examples=examples)
    unit, factor = _unit(words, meaning, why)
    factor *= _scale(meaning, [number * factor for number in numbers], unit, why)
    kind = _kind(words, meaning, numbers, seen, why)
    return Proposal(
        path, FieldRole.OBSERVATION, meaning.observed_property, unit, kind, _tidy(factor), 0.0, tuple(why), examples
    )


def _battery(path: str, words: str, numbers: Sequence[float], examples: tuple[Any, ...]) -> Proposal:
    highest = max(numbers)
    last = words.rsplit(maxsplit=1)[-1]
    whole = all(number == int(number) for number in numbers)
    percent = _has(words, ("percent", "pct", "soc"))
    if last == "mv" or (highest > 300 and not percent):
        role, unit, factor, why = FieldRole.BATTERY_VOLTS, "V", 0.001, "millivolts"
    elif (
        last in ("v", "volt", "volts")
        or _has(words, ("vbat", "batv", "voltage", "tension"))
        or (highest <= 5 and not whole and not percent)
    ):
        role, unit, factor, why = FieldRole.BATTERY_VOLTS, "V", 1.0, "volts"
    elif highest > 100:
        role, unit, factor, why = FieldRole.BATTERY_PERCENT, "%", _tidy(100 / 254), "battery_254"
    else:
        role, unit, factor, why = FieldRole.BATTERY_PERCENT, "%", 1.0, "percent"
    return Proposal(path, role, unit=unit, factor=factor, why=((why, ""),), examples=examples)


def _unit(words: str, meaning: _Meaning, why: list[tuple[str, str]]) -> tuple[str, float]:
    last = words.rsplit(maxsplit=1)[-1]
    told = _UNITS.get(last) if words != last else None
    if told is None or not _of_one_sort(told[0], meaning.unit):
        if meaning.likely is None and meaning.unit != "1":
            why.append(("unit_assumed", meaning.unit))
        return meaning.unit, 1.0
    why.append(("unit_in_name", last))
    return told


_SORTS = (
    ("Cel", "[degF]"), ("kWh", "Wh", "MWh"), ("W", "kW"), ("m3", "L"), ("mm", "cm", "m"), ("hPa", "Pa", "mbar"),
    ("V",), ("A",), ("%",), ("ppm",), ("lx",), ("m3/h", "L/h"), ("m/s", "km/h"),
)  # fmt: skip


def _of_one_sort(unit: str, other: str) -> bool:
    return any(unit in sort and other in sort for sort in _SORTS)


def _scale(meaning: _Meaning, values: Sequence[float], unit: str, why: list[tuple[str, str]]) -> float:
    """A tenth or a hundredth when the values only fit so: 215 for a temperature of 21.5."""
    if meaning.likely is None or unit != meaning.unit:
        return 1.0
    low, high = meaning.likely
    for factor, word in ((1.0, ""), (0.1, "tenths"), (0.01, "hundredths")):
        if all(low <= value * factor <= high for value in values):
            if word:
                why.append((word, ""))
            return factor
    why.append(("odd_values", ""))
    return 1.0


def _kind(
    words: str, meaning: _Meaning, numbers: Sequence[float], seen: Sequence[Any], why: list[tuple[str, str]]
) -> Kind:
    amount = meaning.kind == Kind.COUNTER or meaning.observed_property in ("count", "rain")
    if not amount or any(isinstance(value, bool) for value in seen):
        return meaning.kind if not amount else Kind.GAUGE
    if word := _found(words, _DELTA_WORDS):
        why.append(("delta_word", word))
        return Kind.DELTA
    if word := _found(words, _RISING_WORDS):
        why.append(("rising_word", word))
        return Kind.COUNTER
    falls = sum(later < earlier for earlier, later in pairwise(numbers)) / max(1, len(numbers) - 1)
    if len(numbers) >= 5 and falls <= 0.1 and max(numbers) > min(numbers):
        # A few falls: the frames of one device after those of another.
        why.append(("only_rises", ""))
        return Kind.COUNTER
    if len(numbers) >= 5 and falls >= 0.25:
        why.append(("rises_and_falls", ""))
        return Kind.DELTA
    return meaning.kind if meaning.kind == Kind.COUNTER else Kind.DELTA


def _once_each(proposals: list[Proposal]) -> list[Proposal]:
    """Two fields of one device can't both serve one property: the plainest name keeps it, others get a number."""
    taken: set[str] = set()
    order = sorted(proposals, key=lambda one: (len(words_of(one.path).split()), one.path))
    names = {}
    for one in order:
        name, number = one.observed_property, 2
        while name and name in taken:
            name, number = f"{one.observed_property}_{number}", number + 1
        taken.add(name)
        names[one.path] = name
    made = []
    for one in proposals:
        why = one.why
        if names[one.path] != one.observed_property:
            why = (*why, ("second_of_its_sort", one.observed_property))
        made.append(replace(one, observed_property=names[one.path], why=why))
    return made


def _meaning(words: str) -> _Meaning | None:
    return next((meaning for meaning in _MEANINGS if _has(words, meaning.words)), None)


def _has(words: str, wanted: Iterable[str]) -> bool:
    return _found(words, wanted) is not None


def _found(words: str, wanted: Iterable[str]) -> str | None:
    padded = f" {words} "
    return next((word for word in wanted if f" {word} " in padded), None)


def _short(value: Any) -> Any:
    return value[:40] if isinstance(value, str) else value


def _tidy(factor: float) -> float:
    return float(f"{factor:.6g}")
