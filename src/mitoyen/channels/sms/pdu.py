"""Messages of SMPP 3.4 as octets and back: each command is a tuple of fields, as the specification lists them.

Section numbers are those of "Short Message Peer to Peer Protocol Specification v3.4", issue 1.2.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

HEADER = 16
# The largest body that we mean or accept: 64 kB of message_payload (5.3.2.32), and the fields before it.
LONGEST = 70_000
RESPONSE = 0x8000_0000
Value = int | str | bytes
Kind = TypeVar("Kind", int, str, bytes)


class Garbled(ValueError):
    """What came is no message of SMPP, or a field of it is not as specified. `sequence` is 0 where even the start of
    the next message is lost; then only closing the link helps."""

    def __init__(self, why: str, command: str = "", sequence: int = 0) -> None:
        super().__init__(why)
        self.command, self.sequence = command, sequence


@dataclass(frozen=True, slots=True)
class Field:
    """One field (3.1): a number of one octet, a C-octet string of at most `longest` octets with its zero, or octets
    with their length before them."""

    name: str
    kind: Literal["number", "c_string", "octets"]
    longest: int = 1


@dataclass(frozen=True, slots=True)
class Command:
    """A command's number (5.1.2.1) and its mandatory fields, in order."""

    name: str
    number: int
    fields: tuple[Field, ...] = ()


def _number(name: str) -> Field:
    return Field(name, "number")


def _c_string(name: str, longest: int) -> Field:
    return Field(name, "c_string", longest)


SOURCE = (_number("source_addr_ton"), _number("source_addr_npi"), _c_string("source_addr", 21))
TARGET = (_number("dest_addr_ton"), _number("dest_addr_npi"), _c_string("destination_addr", 21))


# 4.4.1 and 4.6.1: a message to send and a message that came have the same fields.
MESSAGE = (
    _c_string("service_type", 6),
    *SOURCE,
    *TARGET,
    _number("esm_class"),
    _number("protocol_id"),
    _number("priority_flag"),
    _c_string("schedule_delivery_time", 17),
    _c_string("validity_period", 17),
    _number("registered_delivery"),
    _number("replace_if_present_flag"),
    _number("data_coding"),
    _number("sm_default_msg_id"),
    Field("short_message", "octets", 254),
)
BIND = (
    _c_string("system_id", 16),
    _c_string("password", 9),
    _c_string("system_type", 13),
    _number("interface_version"),
    _number("addr_ton"),
    _number("addr_npi"),
    _c_string("address_range", 41),
)
COMMANDS = (
    Command("generic_nack", RESPONSE),
    Command("submit_sm", 0x04, MESSAGE),
    Command("submit_sm_resp", RESPONSE | 0x04, (_c_string("message_id", 65),)),
    Command("deliver_sm", 0x05, MESSAGE),
    Command("deliver_sm_resp", RESPONSE | 0x05, (_c_string("message_id", 65),)),
    Command("unbind", 0x06),
    Command("unbind_resp", RESPONSE | 0x06),
    Command("bind_transceiver", 0x09, BIND),
    Command("bind_transceiver_resp", RESPONSE | 0x09, (_c_string("system_id", 16),)),
    Command("enquire_link", 0x15),
    Command("enquire_link_resp", RESPONSE | 0x15),
)
BY_NAME = {command.name: command for command in COMMANDS}
BY_NUMBER = {command.number: command for command in COMMANDS}

# Optional parameters (5.3.2) that we read or write.
RECEIPTED_MESSAGE_ID = 0x001E
USER_MESSAGE_REFERENCE = 0x0204
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x020C, 0x020E, 0x020F
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427

# Statuses (5.1.3).
OK = 0x00
INVALID_COMMAND = 0x03
SYSTEM_ERROR = 0x08
INVALID_TLV_STREAM = 0xC0
TEMPORARY, PERMANENT = 0x64, 0x65
QUEUE_FULL, THROTTLED = 0x14, 0x58
# esm_class (5.2.12).
HAS_HEADER = 0x40
KIND_OF_MESSAGE, IS_RECEIPT = 0x3C, 0x04


@dataclass(frozen=True, slots=True)
class Pdu:
    """One message. `fields` by name, those left out being 0 or empty; `more`: optional parameters by tag. A command
    that we don't know has its number as its name, and nothing of it is read."""

    command: str
    sequence: int = 0
    status: int = OK
    fields: Mapping[str, Value] = field(default_factory=dict, repr=False)  # A bind holds the password.
    more: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    def number(self, name: str) -> int:
        """A field that is a number."""
        value = self.fields.get(name, 0)
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """A field that is a C-octet string."""
        value = self.fields.get(name, "")
        assert isinstance(value, str)
        return value

    def octets(self, name: str) -> bytes:
        """A field that is octets."""
        value = self.fields.get(name, b"")
        assert isinstance(value, bytes)
        return value

    def more_number(self, tag: int) -> int | None:
        """An optional parameter that is a number; None when it is not there."""
        return int.from_bytes(self.more[tag], "big") if tag in self.more else None

    def more_text(self, tag: int) -> str:
        """An optional parameter that is a C-octet string."""
        return self.more.get(tag, b"").split(b"\0")[0].decode("latin-1")

    @property
    def is_known(self) -> bool:
        """Whether it is a command of this module."""
        return self.command in BY_NAME


def encode(pdu: Pdu) -> bytes:
    """The octets of a message. Raises ValueError when a field does not fit."""
    command = BY_NAME[pdu.command]
    unknown = set(pdu.fields) - {declared.name for declared in command.fields}
    if unknown:
        raise ValueError(f"{pdu.command} has no field {sorted(unknown)[0]}")
    body = b"" if _without_body(command, pdu) else b"".join(_put(one, pdu.fields) for one in command.fields)
    for tag, value in pdu.more.items():
        body += struct.pack(">HH", tag, len(value)) + value
    if HEADER + len(body) > LONGEST:
        raise ValueError(f"{pdu.command} is too long: {len(body)} octets")
    return struct.pack(">IIII", HEADER + len(body), command.number, pdu.status, pdu.sequence) + body


def decode(octets: bytes) -> Pdu:
    """The message in exactly these octets. Raises Garbled."""
    if len(octets) < HEADER:
        raise Garbled("shorter than a header")
    length, number, status, sequence = struct.unpack_from(">IIII", octets)
    if length != len(octets):
        raise Garbled(f"command_length {length} for {len(octets)} octets")
    command = BY_NUMBER.get(number)
    if command is None:
        return Pdu(f"{number:#010x}", sequence, status)
    try:
        fields, at = _fields(command, octets)
        return Pdu(command.name, sequence, status, fields, dict(_optional(octets, at)))
    except ValueError as error:
        raise Garbled(str(error), command.name, sequence) from None


class Stream:
    """Cuts what comes from a socket into messages; holds at most one that is not whole."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, octets: bytes) -> Iterator[bytes]:
        """The messages that are whole now. Raises Garbled when a command_length can't be one: no later octet can then
        be understood."""
        self._held += octets
        while len(self._held) >= 4:
            length = int.from_bytes(self._held[:4], "big")
            if not HEADER <= length <= LONGEST:
                raise Garbled(f"command_length {length}")
            if len(self._held) < length:
                return
            whole = bytes(self._held[:length])
            del self._held[:length]
            yield whole


def _without_body(command: Command, pdu: Pdu) -> bool:
    """A response that refuses has no body (4.4.2, 4.6.2)."""
    return bool(command.number & RESPONSE and pdu.status and not pdu.fields)


def _put(declared: Field, fields: Mapping[str, Value]) -> bytes:
    value = fields.get(declared.name)
    if declared.kind == "number":
        number = _of_type(declared, value or 0, int)
        if not 0 <= number <= 255:
            raise ValueError(f"{declared.name} must be one octet")
        return bytes([number])
    if declared.kind == "octets":
        octets = _of_type(declared, value or b"", bytes)
        if len(octets) > declared.longest:
            raise ValueError(f"{declared.name} is longer than {declared.longest} octets")
        return bytes([len(octets)]) + octets
    text = _of_type(declared, value or "", str).encode("latin-1")
    if len(text) >= declared.longest or b"\0" in text:
        raise ValueError(f"{declared.name} must have less than {declared.longest} octets, and no zero")
    return text + b"\0"


def _of_type(declared: Field, value: Value, kind: type[Kind]) -> Kind:
    if not isinstance(value, kind):
        raise ValueError(f"{declared.name} can't be a {type(value).__name__}")
    return value


def _fields(command: Command, octets: bytes) -> tuple[dict[str, Value], int]:
    """The mandatory fields, and where the optional ones start. A response may have none at all."""
    if command.number & RESPONSE and len(octets) == HEADER:
        return {}, HEADER
    fields: dict[str, Value] = {}
    at = HEADER
    for declared in command.fields:
        fields[declared.name], at = _get(declared, octets, at)
    return fields, at


def _get(declared: Field, octets: bytes, at: int) -> tuple[Value, int]:
    if declared.kind == "c_string":
        end = octets.find(b"\0", at, at + declared.longest)
        if end < 0:
            raise ValueError(f"{declared.name} has no end within {declared.longest} octets")
        return octets[at:end].decode("latin-1"), end + 1
    if at >= len(octets):
        raise ValueError(f"{declared.name} is missing")
    if declared.kind == "number":
        return octets[at], at + 1
    end = at + 1 + octets[at]
    if octets[at] > declared.longest or end > len(octets):
        raise ValueError(f"{declared.name} is cut off or too long")
    return octets[at + 1 : end], end


def _optional(octets: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at < len(octets):
        if at + 4 > len(octets):
            raise ValueError("an optional parameter is cut off")
        tag, length = struct.unpack_from(">HH", octets, at)
        at += 4
        if at + length > len(octets):
            raise ValueError("an optional parameter is cut off")
        yield tag, octets[at : at + length]
        at += length
