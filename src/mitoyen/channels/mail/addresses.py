"""Our own addresses: the one that people write to, and signed ones that say what a mail is about.

`demande+r12-ab3…@domain`: r for a request, q for a dialogue, n for a notice that comes back. The signature survives
servers that lower the case; nobody makes one up. `demande+propose_idea@domain` names a service.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Literal

from django.conf import settings

Kind = Literal["r", "q", "n"]
SIGNED = re.compile(r"^([rqn])(\d{1,18})-([a-z2-7]{16})$")


@dataclass(frozen=True, slots=True)
class Tag:
    """What one of our addresses says: a signed thing (`kind`, `number`), or the name of a service, or nothing."""

    kind: str = ""
    number: int = 0
    service: str = ""


def own() -> tuple[str, str]:
    """Local part and domain of the address that people write to, in lower case."""
    local, _at, domain = parseaddr(str(settings.MITOYEN["mail_from"]))[1].lower().rpartition("@")
    return local or "demande", str(settings.MITOYEN["mail_domain"]).strip().lower() or domain or "localhost"


def domain() -> str:
    """The domain that our mails come from."""
    return own()[1]


def of_service(name: str) -> str:
    """The address of a new request for a service; without a name, the one that all write to."""
    local, at = own()
    return f"{local}+{name}@{at}" if name else f"{local}@{at}"


def signed(kind: Kind, number: int) -> str:
    """The address that a mail about this thing is sent back to."""
    local, at = own()
    return f"{local}+{label(kind, number)}@{at}"


def label(kind: Kind, number: int) -> str:
    """`r12-ab3…`: the thing and its signature."""
    return f"{kind}{number}-{_signature(kind, number)}"


def read(address: str) -> Tag | None:
    """What an address of ours says; None when it isn't ours, or its signature is made up."""
    local, _at, at = address.strip().strip("<>").lower().rpartition("@")
    ours, our_domain = own()
    name, plus, tag = local.partition("+")
    if name != ours or at != our_domain:
        return None
    if not plus:
        return Tag()
    found = SIGNED.match(tag)
    if found is None:
        return Tag(service=tag[:60]) if re.fullmatch(r"[a-z][a-z0-9_]*", tag) else None
    return read_label(tag)


def read_label(text: str) -> Tag | None:
    """The thing of a label; None when the signature is wrong."""
    found = SIGNED.match(text.lower())
    if found is None or not hmac.compare_digest(found[3], _signature(found[1], int(found[2]))):
        return None
    return Tag(found[1], int(found[2]))


def message_id(key: str) -> str:
    """The Message-ID of a notice: the same for each attempt, and nobody else can know it."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"mail-id|{key}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"<{digest}@{domain()}>"


def thread_id(kind: Kind, number: int) -> str:
    """What all mails about one thing refer to, so that they stand together and answers find their way."""
    return f"<{label(kind, number)}@{domain()}>"


def _signature(kind: str, number: int) -> str:
    mark = hmac.new(settings.SECRET_KEY.encode(), f"mail|{kind}|{number}".encode(), hashlib.sha256).digest()
    return base64.b32encode(mark[:10]).decode().lower()
