"""What goes into a decode and what comes out."""

from enum import StrEnum
from typing import Any, NamedTuple


class Reason(StrEnum):
    """Why a frame was not decoded."""

    TOO_SLOW = "too_slow"
    SET_ASIDE = "set_aside"
    CRASHED = "crashed"
    BROKEN = "broken"
    THREW = "threw"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    UNUSABLE = "unusable"


class Frame(NamedTuple):
    """A frame as the codec gets it; `received` in microseconds since 1970, UTC."""

    payload: bytes
    port: int
    received: int


class Decoded(NamedTuple):
    """What the codec says of a frame. `left_out` names fields that were no finite number (NaN, Infinity)."""

    data: dict[str, Any]
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class Fault(NamedTuple):
    """Why a frame was not decoded; `message` is the codec's own word or the engine's, `errors` those it returned."""

    reason: Reason
    message: str = ""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


Answer = Decoded | Fault
