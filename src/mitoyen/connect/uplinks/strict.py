"""JSON read strictly: what two readers could take differently is refused with its reason."""

import json
import re
from typing import Any

import msgspec

from mitoyen.connect.uplinks.messages import Unreadable

LARGEST = 1 << 20
_TOKENS = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)\b|-?\d+(?:\.\d+)?[eE][+-]?\d+|-?\d{300,}\.\d+|-?\d{300,}', re.S
)
_SURROGATE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
_LONG = re.compile(rb"\d{300}")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def read(content: bytes) -> tuple[Any, int]:
    """The value, and how many numbers in it were none (NaN, Infinity, 1e999): they are None. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable("too_large", f"{len(content)} bytes, {LARGEST} at most")
    try:
        return _once_each(content, _decode(content)), 0
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        mended, count = _without_wrong_numbers(content)
        if not count:
            raise _fault(content, error) from error
    try:
        return _once_each(mended, _decode(mended)), count
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _fault(mended, error) from error


def _without_wrong_numbers(content: bytes) -> tuple[bytes, int]:
    count = 0

    def mended(match: re.Match[bytes]) -> bytes:
        nonlocal count
        token = match.group()
        if token.startswith(b'"') or token.lstrip(b"-").isdigit():
            return token
        if token.endswith((b"NaN", b"Infinity")) or float(token) in (float("inf"), float("-inf")):
            count += 1
            return b"null"
        return token

    return _TOKENS.sub(mended, content), count


def _once_each(content: bytes, value: Any) -> Any:
    """The value, if no key of an object stands twice in it.

    Readers take the first or the last of the two. Written again, an object has each key once: without escaped colons,
    the text has as many colons as before just when none was lost.
    """
    if b"\\u0000" in content:
        _refuse_nul(value)
    if b"\\u003" in content or content.count(b":") != _encode(value).count(b":"):
        json.loads(content, object_pairs_hook=_pairs)
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        raise Unreadable("duplicate_key", next(name for name in names if names.count(name) > 1)[:100])
    return made


def _refuse_nul(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and "\0" in one:
            raise Unreadable("nul", "a text holds the character U+0000")
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one


def _fault(content: bytes, error: Exception) -> Unreadable:
    """The reason that a person understands, from what is wrong."""
    if isinstance(error, RecursionError):
        return Unreadable("too_deep", "brackets within brackets")
    if not content.strip():
        return Unreadable("empty")
    return _of_characters(content) or _of_values(content, error)


def _of_characters(content: bytes) -> Unreadable | None:
    if b"\0" in content:
        return Unreadable("nul", f"at byte {content.index(0)}")
    try:
        content.decode()
    except UnicodeDecodeError as wrong:
        return Unreadable("not_utf8", f"at byte {wrong.start}: 0x{content[wrong.start]:02x}")
    return None


def _of_values(content: bytes, error: Exception) -> Unreadable:
    if _LONG.search(content) and "out of range" in str(error):
        return Unreadable("number_too_long", str(error))
    if _SURROGATE.search(content):
        return Unreadable("surrogate", "half a character (a lone surrogate)")
    return Unreadable("not_json", str(error))
