"""What a method of code is given to see faults in: the readings of things that belong together; and what it answers.

A usage's manifest names it (`method = "code"`, `code = "module:function"`):

    def lamps_out(rule: AlertRule, group: Group) -> Iterator[Sighting]: ...

It is a plain function of its arguments: no database, no clock of its own, so that planted faults prove it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.manifests.schema import AlertRule, Level


@dataclass(frozen=True, slots=True)
class Window:
    """Readings of one datastream, sorted: `time` (datetime64[us], UTC) ends the interval of `length_s` (0: an instant).

    `value` is the true one (deployment's factor and offset applied), in `unit`; `kind` as the datastream's.
    """

    time: NDArray[np.datetime64]
    length_s: NDArray[np.int32]
    value: NDArray[np.float64]
    unit: str
    kind: str
    datastream: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing with the windows of its properties; where it stands (degrees, WGS 84) where that is known.

    `open_since`: when the fault began that an open alert of this rule tells of (where the rule `remembers`): what was
    read since then is not what is usual.
    """

    thing: int
    name: str
    kind: str
    parent: int | None = None
    commune: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    open_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Subjects seen at once (`together` of the rule), with `parent` (the cabinet of the lamps) where they share one.

    `start` < readings <= `now`; thresholds are `rule.thresholds` as the commune tuned them.
    """

    subjects: tuple[Subject, ...]
    start: datetime
    now: datetime
    parent: Subject | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fault that lasts at `last`: of `thing`, since `since`, `sure` from 0 to 1; `facts` feed the sentence.

    `covers` are things that this one explains: theirs are not told apart. `mark` tells two faults of one rule apart.
    `level`: where this one is more or less grave than the rule says.
    """

    thing: int
    since: datetime
    last: datetime
    sure: float = 1.0
    mark: str = ""
    observed_property: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    covers: tuple[int, ...] = ()
    level: Level | None = None


Detector = Callable[[AlertRule, Group], Iterator[Sighting]]
