"""What the machines' door takes in: strict, with every fault named by its place in the list."""

from datetime import UTC, datetime, timedelta
from itertools import repeat
from math import isfinite

import msgspec

LARGEST_LENGTH_S = 366 * 86_400
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Observation(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One result. `time` ends the interval and bears an offset; `length` is the interval's, in seconds."""

    datastream: str
    time: datetime
    value: float
    length: int = 0


class Fault(Exception):
    """Why a message is refused, in words for whoever wrote the sender."""


class Columns:
    """Observations of one request, checked: names of datastreams, and what the journal wants besides their numbers."""

    __slots__ = ("lengths", "names", "times", "values")

    def __init__(self, observations: list[Observation]) -> None:
        self.names = [one.datastream for one in observations]
        self.times = [(one.time - EPOCH) // MICROSECOND for one in observations]
        self.lengths = [one.length for one in observations]
        self.values = [one.value for one in observations]

    def rows(self, numbers: dict[str, int]) -> list[tuple[int, int, int, float, int]]:
        """The journal's rows. Raises KeyError with the name of a datastream that isn't among `numbers`."""
        return list(
            zip(map(numbers.__getitem__, self.names), self.times, self.lengths, self.values, repeat(0), strict=False)
        )


_decoder = msgspec.json.Decoder(list[Observation])


def decode(body: bytes) -> Columns:
    """Observations of a JSON list. Raises Fault with the place and the reason."""
    try:
        observations = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(f"The body must be a JSON list of observations: {error}.") from error
    latest = datetime.now(UTC) + AHEAD
    if observations and not _sound(observations, latest):
        for place, observation in enumerate(observations):
            reason = _fault(observation, latest)
            if reason:
                raise Fault(f"Observation {place}: {reason}")
    return Columns(observations)


def microseconds(time: datetime) -> int:
    """Whole microseconds since 1970, UTC: exact, where a float of seconds is not."""
    return (time - EPOCH) // MICROSECOND


def _sound(observations: list[Observation], latest: datetime) -> bool:
    """Whether the extremes are in bounds; if they aren't, the observations are looked at one by one."""
    times = [one.time for one in observations]
    lengths = [one.length for one in observations]
    try:
        timely = min(times) >= EARLIEST and max(times) <= latest
    except TypeError:
        # Some have no offset.
        return False
    return (
        timely
        and min(lengths) >= 0
        and max(lengths) <= LARGEST_LENGTH_S
        and isfinite(sum([o.value for o in observations]))
    )


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
