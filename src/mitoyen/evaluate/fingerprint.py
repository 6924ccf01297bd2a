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


def rounded(value: float) -> float | None:
    """`value` at 9 significant digits; None where it is not a finite number."""
    if not math.isfinite(value):
        return None
    number = float(f"{value:.{SIGNIFICANT_DIGITS - 1}e}")
    return 0.0 if number == 0 else number


def canonical(content: Any) -> Any:
    """`content` as JSON can hold it, numbers at 9 significant digits, days as ISO texts, tuples as lists."""
    if isinstance(content, dict):
        return {str(key): canonical(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [canonical(value) for value in content]
    if isinstance(content, bool) or content is None or isinstance(content, str | int):
        return content
    if isinstance(content, date):
        return content.isoformat()
    if hasattr(content, "tolist"):
        return canonical(content.tolist())
    return rounded(float(content))


def fingerprint(content: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of `content` (keys sorted, no blanks, UTF-8).

    Whole floats are written as integers, so that a round trip through JSON changes nothing.
    """
    text = json.dumps(_whole(canonical(content)), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def name_from(fingerprint_hex: str) -> str:
    """Ten letters and digits (50 bits), e.g. `7k2mq-x04zt`, from the start of a fingerprint."""
    number = int(fingerprint_hex[:13], 16) >> 2
    letters = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(45, -1, -5))
    return f"{letters[:5]}-{letters[5:]}"


def _whole(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _whole(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_whole(value) for value in content]
    if isinstance(content, float) and content.is_integer() and abs(content) < 2**53:
        return int(content)
    return content
