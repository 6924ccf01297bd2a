"""When a frame was: its own time where it can be right, else that of its receipt, and why."""

from datetime import UTC, datetime, timedelta

from mitoyen.connect.uplinks.messages import Flag

# LoRaWAN was published in 2015; clocks that lost their time begin in 1970, 1980 or 2000.
EARLIEST = 1_420_070_400_000_000
AHEAD_US = 300 * 1_000_000
_MISSING, _MALFORMED, _ABSURD = int(Flag.TIME_MISSING), int(Flag.TIME_MALFORMED), int(Flag.TIME_ABSURD)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# What a number since 1970 counts is told by its size: seconds up to the year 5138.
_UNITS = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))


def chosen(values: list[object], received: int) -> tuple[int, int]:
    """(µs UTC, flags): the first of the values that is a time which can be right, else the receipt's."""
    flags = 0
    for value in values:
        time = micros(value)
        if time is None:
            flags |= _MALFORMED
        elif EARLIEST <= time <= received + AHEAD_US:
            return time, 0
        else:
            flags |= _ABSURD
    return received, flags or _MISSING


def micros(value: object) -> int | None:
    """µs since 1970 of a text with an offset, or of a number of seconds, ms or µs; None when it is neither."""
    if isinstance(value, str):
        text = value.strip()
        number = _number(text)
        return _of_text(text) if number is None else _of_number(number)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _of_number(value)
    return None


def _number(text: str) -> float | int | None:
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 20 else None
    try:
        return float(text) if text.replace(".", "", 1).isdigit() and len(text) <= 20 else None
    except ValueError:
        return None


def _of_number(value: float) -> int | None:
    if not 0 < value < 1e20:
        return None
    for limit, factor in _UNITS:
        if value < limit:
            return int(value * factor)
    return int(value) // 1000


def _of_text(text: str) -> int | None:
    try:
        time = datetime.fromisoformat(text)
        return (time - _EPOCH) // _MICROSECOND if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
