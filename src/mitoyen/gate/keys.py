"""Keys of the machines' door: one line each in `gate.keys`, the key itself never kept."""

import base64
import binascii
import hashlib
import os
import secrets
from pathlib import Path

_Stamp = tuple[int, int, int]
_read: dict[Path, tuple[_Stamp, dict[str, str]]] = {}


def make_key(file: Path, name: str) -> str:
    """Add a key for `name` and return it: the only time that it can be read. Raises ValueError on a bad name."""
    if not name or not all(character.isalnum() or character in ".-" for character in name):
        raise ValueError(name)
    key = secrets.token_urlsafe(32)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as target:
        target.write(f"{name} {_digest(key)}\n")
    return key


def owner_of(file: Path, authorization: str, other: str = "") -> str | None:
    """Name behind an `Authorization` header or, without one, a key in a header of its own; None for no known key.

    `Bearer KEY`, or `Basic` with the key as the password: its user name, if there is one, must be the key's own.
    The file is read again when it changed, so that a key taken out is refused at once. Keys are looked up by their
    digest: how long that takes tells nothing of a key.
    """
    user, key = _given(authorization) if authorization else ("", other.strip())
    if not key:
        return None
    owner = _owners(file).get(_digest(key))
    return owner if not user or user == owner else None


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


def _owners(file: Path) -> dict[str, str]:
    try:
        found = file.stat()
    except FileNotFoundError:
        return {}
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
    known = _read.get(file)
    if known is None or known[0] != stamp:
        lines = (line.partition(" ") for line in file.read_text(encoding="utf-8").splitlines())
        known = _read[file] = (stamp, {digest.strip(): name for name, _, digest in lines})
    return known[1]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
