"""A message read by its format's description: frames with device, time, counter, payload, signals; or why not."""

import re
from hashlib import blake2b
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from mitoyen.connect.uplinks import encodings, formats, strict, times
from mitoyen.connect.uplinks.encodings import Encodings
from mitoyen.connect.uplinks.formats import Format, Gateways, follow, found
from mitoyen.connect.uplinks.messages import IS_STATUS, Flag, Frame, Message, Signal, Unreadable

# Reasons of Unreadable; connect/uplinks/telling.py says each in words.
REASONS = (
    "empty", "not_json", "duplicate_key", "surrogate", "too_deep", "too_large", "number_too_long", "nul", "not_utf8",
    "format_unknown", "format_ambiguous", "not_an_object", "address", "counter", "port", "payload", "data", "failed",
)  # fmt: skip
MOST_FRAMES, MOST_GATEWAYS, LONGEST_NAME = 10_000, 64, 120
# What relays that write messages to a file add to them: when they had them.
_ENVELOPE = formats.at("_timestamp", "_date")
_DEVICE = re.compile(r"[0-9a-fA-F]{16}")
_ASSUMED = int(Flag.ENCODING_ASSUMED)
_LARGEST_COUNTER = (1 << 32) - 1
_encode = msgspec.json.Encoder().encode


def read(message: Message, known: Encodings | None = None) -> list[Frame]:
    """The frames of a message, mostly one. Raises Unreadable, and nothing else."""
    value, wrong = strict.read(message.content)
    form = _format(message, value)
    values = value if isinstance(value, list) else [value]
    if not values or len(values) > MOST_FRAMES:
        raise Unreadable("not_an_object", f"a list of {len(values)}")
    content = _digest(message.content)
    context = _Context(form, message, known if known is not None else encodings.kept(), source_of(message, form))
    flags = int(Flag.NOT_A_NUMBER) if wrong else 0
    return [_frame(one, context, content ^ place, flags) for place, one in enumerate(values)]


def addresses(message: Message) -> set[str]:
    """Of the devices that a message names, whether or not the rest of it can be read."""
    found: set[str] = set()
    try:
        value, _wrong = strict.read(message.content)
        form = _format(message, value)
    except Unreadable:
        return found
    for one in value if isinstance(value, list) else [value]:
        try:
            found |= {_address(one, form)} if isinstance(one, dict) else set()
        except Unreadable:
            continue
    return found


def apart(message: Message) -> list[Message]:
    """The messages of a list, each alone, so that one that can't be read keeps no other back; else the message."""
    try:
        value, _wrong = strict.read(message.content)
        form = message.format or formats.identified(value)
    except Unreadable:
        return [message]
    if not isinstance(value, list) or not 1 < len(value) <= MOST_FRAMES:
        return [message]
    return [message._replace(format=form, content=_encode(one)) for one in value]


def payload_text(message: Message) -> tuple[str, str] | None:
    """(source, text) of a payload whose encoding its format leaves open; None for others. Raises Unreadable."""
    value, _wrong = strict.read(message.content)
    form = _format(message, value)
    text = found(value, form.payload)
    if len(form.encodings) == 1 or not isinstance(text, str) or not text or found(value, form.encoding):
        return None
    return source_of(message, form), text


def _format(message: Message, value: object) -> Format:
    form = formats.BY_NAME.get(message.format or formats.identified(value))
    if form is None:
        raise Unreadable("format_unknown", message.format)
    return form


def source_of(message: Message, form: Format) -> str:
    """What writes alike: a topic without the device in it; a file, whatever the line."""
    return f"{form.name} {message.door} {_DEVICE.sub('+', message.source.partition(':')[0])}"


class _Context(NamedTuple):
    form: Format
    message: Message
    known: Encodings
    source: str


def _frame(value: Any, context: _Context, content: int, flags: int) -> Frame:
    form = context.form
    if not isinstance(value, dict):
        raise Unreadable("not_an_object", type(value).__name__)
    address = _address(value, form)
    received = _received(value, context.message)
    time, late = times.chosen(_times(value, form), received)
    signals = _signals(value, form.gateways)
    battery = _battery(value, form)
    flags |= late
    if all(follow(value, path) is None for path in form.uplink):
        flags |= IS_STATUS
        return Frame(address, time, received, None, 0, b"", None, signals, battery, flags, form.name, content)
    payload, assumed = _payload(value, context)
    zero = 0 if form.zeros_left_out else None
    return Frame(
        address, time, received, _whole(found(value, form.counter), "counter", _LARGEST_COUNTER, zero),
        _whole(found(value, form.port), "port", 255, zero), payload, _data(value, form), signals, battery,
        flags | _ASSUMED if assumed else flags, form.name, content,
    )  # fmt: skip


def _address(value: dict[str, Any], form: Format) -> str:
    for path in form.address:
        given = follow(value, path)
        if given is None:
            continue
        if isinstance(given, str) and given.startswith("urn:lo:nsid:"):
            given = given.rpartition(":")[2].partition("!")[0]
        address = encodings.eui(given)
        if address is not None:
            return address
        if form.own_names and isinstance(given, str) and 0 < len(given.strip()) <= LONGEST_NAME and given.isprintable():
            return given.strip()
        raise Unreadable("address", str(given)[:60])
    raise Unreadable("address", " / ".join(".".join(path) for path in form.address))


def _received(value: dict[str, Any], message: Message) -> int:
    if message.door != "import":
        return message.received
    kept = times.micros(found(value, _ENVELOPE))
    return kept if kept is not None and times.EARLIEST <= kept <= message.received else message.received


def _times(value: dict[str, Any], form: Format) -> list[object]:
    return [one for path in form.time if (one := follow(value, path)) is not None]


def _payload(value: dict[str, Any], context: _Context) -> tuple[bytes, bool]:
    form, known, source = context.form, context.known, context.source
    text = found(value, form.payload)
    if text is None or text == "":
        return b"", False
    if not isinstance(text, str):
        raise Unreadable("payload", type(text).__name__)
    said = found(value, form.encoding)
    if said is None:
        return encodings.decoded(text.strip(), form.encodings, known, source)
    name = {"hex": "hex", "hexa": "hex", "hexadecimal": "hex", "base64": "base64"}.get(str(said).lower())
    if name is None:
        raise Unreadable("payload", f"encoding {str(said)[:40]}")
    return encodings.decoded(text.strip(), (name,), known, source)


def _data(value: dict[str, Any], form: Format) -> dict[str, Any] | None:
    given = found(value, form.data)
    if isinstance(given, str):
        if not given.strip():
            return None
        given = strict.read(given.encode())[0]
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Unreadable("data", type(given).__name__)
    inside = {path[-1] for path in form.payload if path[:-1] in form.data}
    return {name: one for name, one in given.items() if name not in inside} or None


def _whole(value: object, reason: str, largest: int, absent: int | None) -> int | None:
    """A number or the text of one; `absent` when it is left out. Raises Unreadable when it is none."""
    if value is None or value == "":
        return absent
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) <= 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= largest:
        raise Unreadable(reason, str(value)[:40])
    return value


def number(value: object) -> float | None:
    """A finite number or the text of one; None for anything else. True and false are 1 and 0."""
    if isinstance(value, str) and len(value) <= 40 and value.strip()[-1:].isdigit() and "_" not in value:
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, (int, float)):
        return None
    try:
        made = float(value)
    except OverflowError:
        return None
    return made if isfinite(made) else None


def _battery(value: dict[str, Any], form: Format) -> float | None:
    """In percent; None when it isn't told, or when the device has none."""
    level = number(found(value, form.battery))
    if level is None or any(follow(value, path) is True for path in form.no_battery):
        return None
    if form.full_battery != 100.0 and level == 0:
        return None
    return level / form.full_battery * 100.0 if 0 <= level <= form.full_battery else None


def _signals(value: dict[str, Any], gateways: Gateways | None) -> tuple[Signal, ...]:
    if gateways is None:
        return ()
    listed = found(value, gateways.within)
    heard = listed if isinstance(listed, list) else [listed]
    signals = [signal for one in heard[:MOST_GATEWAYS] if isinstance(one, dict) and (signal := _signal(one, gateways))]
    if gateways.placed:
        named, longitude, latitude = (follow(value, path) for path in gateways.placed)
        name, place = _name(named), _place(longitude, latitude)
        signals = [Signal(*one[:3], *place) if one.gateway == name and name else one for one in signals]
    return tuple(signals)


def _signal(one: dict[str, Any], gateways: Gateways) -> Signal | None:
    gateway = _name(found(one, gateways.gateway))
    rssi, snr = number(found(one, gateways.rssi)), number(found(one, gateways.snr))
    if not gateway and rssi is None and snr is None:
        return None
    return Signal(gateway, rssi, snr, *_place(found(one, gateways.longitude), found(one, gateways.latitude)))


def _name(given: object) -> str:
    return (encodings.eui(given) or given.strip().lower()[:40]) if isinstance(given, str) else ""


def _place(east: object, north: object) -> tuple[float, float] | tuple[None, None]:
    """Degrees, when they are some; a gateway without a place of its own writes 0, 0."""
    longitude, latitude = number(east), number(north)
    if longitude is None or latitude is None or (longitude, latitude) == (0, 0):
        return None, None
    return (longitude, latitude) if -180 <= longitude <= 180 and -90 <= latitude <= 90 else (None, None)


def _digest(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big") >> 1
