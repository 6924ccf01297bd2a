"""Texts as the octets of short messages and back: alphabet, parts, and the header that tells how parts belong together
(3GPP TS 23.038, 23.040 §9.2.3.24)."""

from dataclasses import dataclass

from mitoyen.channels.sms import pdu
from mitoyen.channels.sms.pdu import Pdu
from mitoyen.ledger import gsm7

DEFAULT, ASCII, LATIN_1, UCS_2 = 0x00, 0x01, 0x03, 0x08
# Information elements of a user data header: a part, with a reference of one or of two octets.
PART_8, PART_16 = 0x00, 0x08
MOST_PARTS = 255


@dataclass(frozen=True, slots=True)
class Part:
    """One short message on its way out."""

    octets: bytes
    coding: int
    esm_class: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """One short message that came: its octets without header, and which part of which message it is."""

    octets: bytes
    coding: int
    reference: int = 0
    total: int = 1
    number: int = 1


def parts(text: str, reference: int) -> list[Part]:
    """A text as the messages to send, one octet a septet or UCS-2; `reference` (0 to 255) ties its parts together.

    Raises ValueError for a text of more than 255 parts, or an empty one.
    """
    cut = gsm7.split(text)
    if not 0 < len(cut) <= MOST_PARTS:
        raise ValueError(f"a text of {len(cut)} parts")
    # One foreign character decides for all parts: a phone joins them as one alphabet.
    coding = UCS_2 if gsm7.cost(text).ucs2 else DEFAULT
    bodies = [one.encode("utf-16-be") if coding == UCS_2 else gsm7.encode(one) for one in cut]
    if len(bodies) == 1:
        return [Part(bodies[0], coding)]
    return [
        Part(bytes([5, PART_8, 3, reference & 0xFF, len(bodies), number]) + body, coding, pdu.HAS_HEADER)
        for number, body in enumerate(bodies, 1)
    ]


def piece(message: Pdu) -> Piece:
    """What a deliver_sm carries, in whichever of the three ways it tells its part. Raises ValueError."""
    octets = message.octets("short_message") or message.more.get(pdu.MESSAGE_PAYLOAD, b"")
    coding = _alphabet(message.number("data_coding"))
    place = (0, 1, 1)
    if message.number("esm_class") & pdu.HAS_HEADER:
        header, octets = _header(octets)
        place = _place(header) or place
    elif pdu.SAR_REFERENCE in message.more:
        told = [message.more_number(tag) for tag in (pdu.SAR_REFERENCE, pdu.SAR_TOTAL, pdu.SAR_NUMBER)]
        place = (told[0] or 0, told[1] or 1, told[2] or 1)
    reference, total, number = place
    if not 1 <= number <= total:
        raise ValueError(f"part {number} of {total}")
    return Piece(octets, coding, reference, total, number)


def text(octets: bytes, coding: int) -> str:
    """The text of a whole message. Octets are joined before: phones do cut a pair in two."""
    if coding == UCS_2:
        return octets.decode("utf-16-be", errors="replace")
    if coding == DEFAULT:
        return gsm7.decode(octets)
    return octets.decode("latin-1")


def _alphabet(data_coding: int) -> int:
    """One of the four alphabets; a message class (3GPP TS 23.038 §4) counts as its alphabet. Raises ValueError."""
    if data_coding >= 0xF0:
        data_coding = LATIN_1 if data_coding & 0x04 else DEFAULT
    elif 0x10 <= data_coding < 0x40:
        data_coding = {0x00: DEFAULT, 0x04: LATIN_1, 0x08: UCS_2}.get(data_coding & 0x0C, -1)
    if data_coding not in (DEFAULT, ASCII, LATIN_1, UCS_2):
        raise ValueError(f"data_coding {data_coding}")
    return data_coding


def _header(octets: bytes) -> tuple[bytes, bytes]:
    if not octets or 1 + octets[0] > len(octets):
        raise ValueError("the user data header is cut off")
    return octets[1 : 1 + octets[0]], octets[1 + octets[0] :]


def _place(header: bytes) -> tuple[int, int, int] | None:
    """Reference, parts in all, number of this part; None when the header tells of something else."""
    at = 0
    while at + 2 <= len(header):
        element, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if len(value) < length:
            raise ValueError("an element of the user data header is cut off")
        if element == PART_8 and length == 3:
            return value[0], value[1], value[2]
        if element == PART_16 and length == 4:
            return int.from_bytes(value[:2], "big"), value[2], value[3]
        at += 2 + length
    return None
