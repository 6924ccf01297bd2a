"""Phone numbers as SMPP carries them (5.2.5, 5.2.6): digits with a type and a plan."""

import re

from mitoyen.channels.sms.pdu import Value
from mitoyen.services import contacts

UNKNOWN, INTERNATIONAL, NETWORK, ALPHANUMERIC = 0, 1, 3, 5
ISDN = 1
SHORTEST = 8


def number_of(address: str, kind: int) -> str | None:
    """Who wrote, in international form; None for what is no person: a short number, a name."""
    if kind == ALPHANUMERIC or not re.fullmatch(r"\+?\d+", address):
        return None
    digits = address.removeprefix("+")
    if len(digits) < SHORTEST:
        return None
    if kind == INTERNATIONAL or address.startswith("+"):
        return contacts.phone("+" + digits)
    return contacts.phone(digits) or contacts.phone("+" + digits)


def target(number: str) -> dict[str, Value]:
    """The fields of a message to a number in international form."""
    return {"dest_addr_ton": INTERNATIONAL, "dest_addr_npi": ISDN, "destination_addr": number.removeprefix("+")}


def source(name: str) -> dict[str, Value]:
    """The fields of who sends: a number with +, a short number, or a name of letters."""
    kind, plan = UNKNOWN, UNKNOWN
    if name.startswith("+"):
        kind, plan = INTERNATIONAL, ISDN
    elif name.isdigit():
        kind = NETWORK
    elif name:
        kind = ALPHANUMERIC
    return {"source_addr_ton": kind, "source_addr_npi": plan, "source_addr": name.removeprefix("+")}


def is_writable(name: str) -> bool:
    """Whether people can write to this source: a number, not a name."""
    return name.removeprefix("+").isdigit()
