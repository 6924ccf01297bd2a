"""What makes a Figure the same Figure: canonical content, its SHA-256, and a short name taken from it.

The content holds nothing that only one installation knows (row numbers, batch numbers, dates of computing), so that
an empty installation fed with an export arrives at the same fingerprints.
"""

import hashlib
import json
import math
from datetime import date
from typing import Any

SIGNIFICANT_DIGITS = 9
# Crockford's alphabet: no i, l, o, u, so that a name can be read out over the telephone.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def plain(content: Any) -> Any:
    """`content` as JSON can hold it: days as ISO texts, tuples and arrays as lists, what is not finite as None."""
    if isinstance(content, dict):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    if content is None or isinstance(content, bool | str | int):
        return content
    if isinstance(content, date):
        return content.isoformat()
    if hasattr(content, "tolist"):
        return plain(content.tolist())
    number = float(content)
    return number if math.isfinite(number) else None


def fingerprint(content: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of `content`: keys sorted, no blanks, UTF-8, numbers at
    9 significant digits, whole ones without a point (so that a round trip through JSON changes nothing)."""
    text = json.dumps(_rounded(plain(content)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def name_from(fingerprint_hex: str) -> str:
    """Ten letters and digits (50 bits), e.g. `7k2mq-x04zt`, from the start of a fingerprint."""
    number = int(fingerprint_hex[:13], 16) >> 2
    letters = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(45, -1, -5))
    return f"{letters[:5]}-{letters[5:]}"


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    if not isinstance(content, float):
        return content
    number = float(f"{content:.{SIGNIFICANT_DIGITS - 1}e}")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
