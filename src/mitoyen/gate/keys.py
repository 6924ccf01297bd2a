"""Keys of the machines' door: one line each in `gate.keys`, the key itself never kept."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def make_key(file: Path, name: str) -> str:
    """Add a key for `name` and return it: the only time that it can be read. Raises ValueError on a bad name."""
    if not name or not all(character.isalnum() or character in ".-" for character in name):
        raise ValueError(name)
    key = secrets.token_urlsafe(32)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as target:
        target.write(f"{name} {_digest(key)}\n")
    return key


def owner_of(file: Path, authorization: str) -> str | None:
    """Name behind an `Authorization: Bearer …` header, or None. Compared in constant time."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key or not file.exists():
        return None
    digest = _digest(key.strip())
    found = None
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _, kept = line.partition(" ")
        if hmac.compare_digest(kept.strip(), digest):
            found = name
    return found


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
