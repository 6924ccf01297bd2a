"""What the machines' door takes in: strict, with every fault named by its place in the list."""

from datetime import UTC, datetime, timedelta
from math import isfinite

import msgspec

LARGEST_LENGTH_S = 366 * 86_400
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Observation(msgspec.Struct, forbid_unknown_fields=True):
    """One result. `time` ends the interval and bears an offset; `length` is the interval's, in seconds."""

    datastream: str
    time: datetime
    value: float
    length: int = 0


class Fault(Exception):
    """Why a message is refused, in words for whoever wrote the sender."""


_decoder = msgspec.json.Decoder(list[Observation])


def decode(body: bytes) -> list[Observation]:
    """Observations of a JSON list. Raises Fault with the place and the reason."""
    try:
        observations = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(f"The body must be a JSON list of observations: {error}.") from error
    latest = datetime.now(UTC) + AHEAD
    for place, observation in enumerate(observations):
        reason = _fault(observation, latest)
        if reason:
            raise Fault(f"Observation {place}: {reason}")
    return observations


def microseconds(time: datetime) -> int:
    """Whole microseconds since 1970, UTC: exact, where a float of seconds is not."""
    return (time - EPOCH) // MICROSECOND


def _fault(observation: Observation, latest: datetime) -> str:
    if observation.time.tzinfo is None:
        return "its time has no offset; write 2026-01-31T10:00:00Z or +01:00."
    if not EARLIEST <= observation.time <= latest:
        return f"its time {observation.time.isoformat()} lies before 2000 or more than a day ahead."
    if not isfinite(observation.value):
        return "its value is not a number."
    if not 0 <= observation.length <= LARGEST_LENGTH_S:
        return "its length is in seconds, from 0 to a year."
    return ""
