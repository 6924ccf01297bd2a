"""Payloads in hexadecimal or base64, and which of them a source writes when a text could be either.

A text that fits only one of them tells what its source writes. One that fits both is read as its source writes, if
that is known; else by likelihood, and the frame says so (Flag.ENCODING_ASSUMED).
"""

import base64
import binascii
import json
import os
import re
from collections import Counter
from pathlib import Path

from django.conf import settings

from mitoyen.connect.uplinks.messages import Unreadable

HEX, BASE64 = "hex", "base64"
NAME = "encodings.json"
_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_EUI = re.compile(r"[0-9a-fA-F]{16}")
# 16 digits: one base64 text in 4^16 looks like hexadecimal by chance.
_TELLING = 16


class Encodings:
    """What is known of each source: how many texts fitted one encoding only, and how many both."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.seen: dict[str, Counter[str]] = {}
        if file is not None:
            self.seen = {source: Counter({encoding: 1}) for source, encoding in _written(file).items()}

    def note(self, source: str, text: str) -> str:
        """Take a text as evidence; returns the encoding that alone fits it, "both" or ""."""
        fits = fitting(text)
        seen = self.seen.setdefault(source, Counter())
        new = bool(fits) and fits != "both" and not seen[fits]
        seen[fits] += 1
        if new and self._file is not None:
            self._keep(self._file)
        return fits

    def of(self, source: str) -> str:
        """What a source writes; "" when nothing it sent tells, or when it writes both."""
        seen = self.seen.get(source, Counter())
        told = [one for one in (HEX, BASE64) if seen[one]]
        return told[0] if len(told) == 1 else ""

    def _keep(self, file: Path) -> None:
        known = _written(file) | {source: one for source in self.seen if (one := self.of(source))}
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(known, sort_keys=True), encoding="utf-8")
        written.replace(file)


def _written(file: Path) -> dict[str, str]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(source): one for source, one in kept.items() if one in (HEX, BASE64)} if isinstance(kept, dict) else {}


_kept: dict[Path, Encodings] = {}


def kept() -> Encodings:
    """What this installation knows of its sources."""
    file = Path(settings.MITOYEN_HOME) / "frames" / NAME
    if file not in _kept:
        _kept.clear()
        _kept[file] = Encodings(file)
    return _kept[file]


def forget() -> None:
    """Read what is known again when it is next needed."""
    _kept.clear()


def fitting(text: str) -> str:
    """hex, base64, "both", or "" when it is neither."""
    as_hex, as_base64 = _HEX.fullmatch(text) is not None, _base64(text) is not None
    if as_hex and as_base64:
        return "both"
    return HEX if as_hex else BASE64 if as_base64 else ""


def decoded(text: str, encodings: tuple[str, ...], known: Encodings, source: str) -> tuple[bytes, bool]:
    """The payload, and whether its encoding was assumed. `encodings`: those possible, the usual first.

    Raises Unreadable when it is none of them.
    """
    if len(encodings) == 1:
        return _as(text, encodings[0]), False
    told = known.of(source)
    if told == HEX and _HEX.fullmatch(text):
        return bytes.fromhex(text), False
    fits = known.note(source, text)
    if fits != "both":
        return _as(text, fits or encodings[0]), False
    if told:
        return _as(text, told), False
    return _as(text, HEX if len(text) >= _TELLING else encodings[0]), True


def _as(text: str, encoding: str) -> bytes:
    if encoding == HEX:
        try:
            return bytes.fromhex(text)
        except ValueError as error:
            raise Unreadable("payload", f"not hexadecimal: {text[:40]}") from error
    found = _base64(text)
    if found is None:
        raise Unreadable("payload", f"not base64: {text[:40]}")
    return found


def _base64(text: str) -> bytes | None:
    """Standard or URL-safe; what pads it may be left out, but no bit may be lost."""
    plain = text.translate(_SAFE)
    if len(plain) % 4 and "=" not in plain:
        return None
    try:
        found = base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == plain else None


_SAFE = str.maketrans("-_", "+/")


def eui(value: object) -> str | None:
    """An EUI in lower-case hexadecimal, from hexadecimal (with - or : between) or base64; None when it is none."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    bare = text.replace("-", "").replace(":", "")
    if _EUI.fullmatch(bare):
        return bare.lower()
    if len(text) == 12 and text.endswith("="):
        found = _base64(text)
        return found.hex() if found is not None and len(found) == 8 else None
    return None
