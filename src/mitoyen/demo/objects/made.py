"""What a generated object is, and the hours it is generated for."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.demo.climate import Clock, Floats


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of one local day, and how long ago (in days, negative before) the demo's faults began."""

    end: NDArray[np.datetime64]
    day: dt.date
    weekday: int
    hour: NDArray[np.int64]
    age: Floats

    def since(self, days: float) -> NDArray[np.bool_]:
        """True in the hours that ended after a fault which was `days` old when the demo was first made."""
        return np.asarray(self.age > -days, bool)


Values = Callable[[Hours, np.random.Generator], Floats]


@dataclass(frozen=True, slots=True)
class Series:
    """A property of an object: unit, kind, and its value in each hour of a day (nan: none)."""

    name: str
    unit: str
    kind: str
    values: Values


@dataclass(frozen=True, slots=True)
class Made:
    """An object to be: what it is part of by slug, how far from its commune's centre (degrees), its series."""

    slug: str
    name: str
    kind: str
    insee: str
    part_of: str = ""
    east: float = 0.0
    north: float = 0.0
    attributes: dict[str, Any] = field(default_factory=dict)
    series: tuple[Series, ...] = ()


def days_of(hours: Clock, first_made: np.datetime64) -> list[Hours]:
    """A clock's hours, local day by local day."""
    age = (hours.end - first_made).astype(np.float64) / 86_400e6
    made = []
    for day in np.unique(hours.day):
        at = hours.day == day
        made.append(Hours(hours.end[at], day.astype(dt.date), int(hours.weekday[at][0]), hours.hour[at], age[at]))
    return made
