"""What a door hands over, and what is read in it."""

from enum import IntFlag
from typing import Any, NamedTuple


class Message(NamedTuple):
    """A message as it came. `format` names one of formats.py, "" when unknown; `received` in µs since 1970, UTC.

    `door`: mqtt, webhook, import. `source`: topic, key's name, file and line.
    """

    format: str
    content: bytes
    received: int
    door: str = ""
    source: str = ""


class Flag(IntFlag):
    """What was not as it should be in a frame; kept with it."""

    TIME_MISSING = 1
    TIME_MALFORMED = 2
    TIME_ABSURD = 4
    ENCODING_ASSUMED = 8
    NOT_A_NUMBER = 16
    STATUS = 32


UNTIMED = int(Flag.TIME_MISSING | Flag.TIME_MALFORMED | Flag.TIME_ABSURD)
"""Set when a frame's time is that of its receipt."""
MISTIMED = int(Flag.TIME_MALFORMED | Flag.TIME_ABSURD)
"""Set when a frame's own time can't be right: its readings have the quality RECEIPT_TIME."""
RECEIPT_TIME = 1
IS_STATUS = int(Flag.STATUS)


class Signal(NamedTuple):
    """How one gateway heard a frame: rssi in dBm, snr in dB, the gateway's place in degrees (WGS 84)."""

    gateway: str
    rssi: float | None = None
    snr: float | None = None
    longitude: float | None = None
    latitude: float | None = None


class Frame(NamedTuple):
    """One uplink. `address`: EUI in lower-case hexadecimal, or the device's own name. Times in µs since 1970, UTC.

    `data`: fields that the sender decoded. `content`: a number that stands for the message it was read in.
    """

    address: str
    time: int
    received: int
    counter: int | None = None
    port: int | None = None
    payload: bytes = b""
    data: dict[str, Any] | None = None
    signals: tuple[Signal, ...] = ()
    battery: float | None = None
    flags: int = 0
    format: str = ""
    content: int = 0

    @property
    def carries(self) -> bool:
        """Whether it holds anything to decode: port 0, and a message without content, tell of health only."""
        return self.port != 0 and (bool(self.payload) or bool(self.data))


class Unreadable(Exception):
    """Why a message can't be read: `reason` is a word of REASONS, `detail` what was found."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail[:500]
