"""What a sender may ask: what a datastream is, and until when it is known, so that it can go on from there."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mitoyen.gate.connection import looked_after
from mitoyen.gate.limits import Forbidden, Limits
from mitoyen.gate.together import Together
from mitoyen.gate.within import elsewhere
from mitoyen.history import read
from mitoyen.history.models import Datastream


class Unknown(Exception):
    """There is no such datastream."""


class Asked(NamedTuple):
    name: str
    limits: Limits


async def tell(name: str, limits: Limits) -> dict[str, str | None]:
    """Unit, kind, times of the first and last reading. Raises Forbidden, Unknown, Busy."""
    return await _reading.do(Asked(name, limits))


def _read(asked: Sequence[Asked]) -> Sequence[dict[str, str | None] | Exception]:
    with looked_after():
        return [_told(one) for one in asked]


def _told(asked: Asked) -> dict[str, str | None] | Forbidden | Unknown:
    forbidden = elsewhere([asked.name], asked.limits)
    if forbidden is not None:
        return forbidden
    thing, _slash, observed = asked.name.rpartition("/")
    stream = Datastream.objects.filter(thing__slug=thing, observed_property=observed).select_related("thing").first()
    if stream is None:
        return Unknown(asked.name)
    first, last = read.extent(stream) or (None, None)
    return {"datastream": stream.name, "unit": stream.unit, "kind": stream.kind, "first": _at(first), "last": _at(last)}


def _at(time: np.datetime64 | None) -> str | None:
    return None if time is None else f"{np.datetime_as_string(time, unit='us')}Z"


_reading: Together[Asked, dict[str, str | None]] = Together("reading", _read, most_waiting=200, most_at_once=20)
