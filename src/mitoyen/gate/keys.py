"""Keys of the machines' door: one line each in `gate.keys` (name, hash, limits), the key itself never kept."""

import base64
import binascii
import fcntl
import hashlib
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mitoyen.gate.limits import UNLIMITED, Limits, dumped, loaded

_Stamp = tuple[int, int, int]
logger = logging.getLogger(__name__)


class Holder(NamedTuple):
    """Whose key it is, and what it may do."""

    name: str
    limits: Limits


_read: dict[Path, tuple[_Stamp, dict[str, Holder]]] = {}


def make_key(file: Path, name: str, limits: Limits = UNLIMITED) -> str:
    """Add a key for `name` and return it: the only time that it can be read. Raises ValueError on a bad name."""
    if not name or not all(character.isalnum() or character in ".-" for character in name):
        raise ValueError(name)
    key = secrets.token_urlsafe(32)
    said = "" if limits == UNLIMITED else f" {dumped(limits)}"
    with _alone(file):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as target:
            target.write(f"{name} {_digest(key)}{said}\n")
    return key


def revoke(file: Path, name: str) -> int:
    """Take out every key of this name; how many there were. They are refused from the next request on."""
    with _alone(file):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
        left = [line for line in lines if line.partition(" ")[0] != name]
        if len(left) < len(lines):
            part = file.with_name(f"{file.name}.part")
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as target:
                target.writelines(left)
            if os.geteuid() == 0:
                # The door must still be able to read what is left.
                owner = file.stat()
                os.chown(part, owner.st_uid, owner.st_gid)
            part.replace(file)
    return len(lines) - len(left)


def holders(file: Path) -> list[Holder]:
    """Of each key, in the order in which they were made."""
    return list(_holders(file).values())


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One that is made while another is taken out is not lost."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def owner_of(file: Path, authorization: str, other: str = "") -> str | None:
    """As `holder_of`, but the name alone."""
    holder = holder_of(file, authorization, other)
    return holder.name if holder is not None else None


def holder_of(file: Path, authorization: str, other: str = "") -> Holder | None:
    """Who bears an `Authorization` header or, without one, a key in a header of its own; None for no known key.

    `Bearer KEY`, or `Basic` with the key as the password: its user name, if there is one, must be the key's own.
    The file is read again when it changed, so that a key taken out is refused at once. Keys are looked up by their
    digest: how long that takes tells nothing of a key.
    """
    user, key = _given(authorization) if authorization else ("", other.strip())
    if not key:
        return None
    holder = _holders(file).get(_digest(key))
    return holder if holder is None or not user or user == holder.name else None


def _given(authorization: str) -> tuple[str, str]:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return "", rest.strip()
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, key = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, key


def _holders(file: Path) -> dict[str, Holder]:
    try:
        found = file.stat()
    except FileNotFoundError:
        return {}
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
    known = _read.get(file)
    if known is None or known[0] != stamp:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        known = _read[file] = (stamp, dict(one for line in lines if (one := _of_line(line, file)) is not None))
    return known[1]


def _of_line(line: str, file: Path) -> tuple[str, Holder] | None:
    name, _, rest = line.partition(" ")
    digest, _, said = rest.strip().partition(" ")
    try:
        return digest, Holder(name, loaded(said.strip()))
    except ValueError:
        logger.warning("%s: what the key of %s may do can't be read: it is refused.", file.name, name[:60])
        return None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
