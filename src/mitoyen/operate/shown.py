"""What a usage shows of a commune: numbers with their interval, a table, and what they rest on.

A manifest's `shows` name a function of the package; it is a plain function of its arguments, as detectors are:

    def saved(show: Show, groups: Iterable[Group]) -> Shown | None: ...

`groups` come one after the other, each with the readings of the last `days`: thousands of lamps need no more memory.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group

Cell = str | float | None


@dataclass(frozen=True, slots=True)
class Number:
    """A figure by its name in the manifest, in `unit` (UCUM), from `low` to `high` (90 %); None: it can't be told."""

    name: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Figures of the days `first` to `last`. `facts` feed the sentence; `rows` have a cell for each of the columns.

    `heard` is the share (0 to 1) of what should have been read that was; `datastreams` are those it rests on.
    """

    numbers: tuple[Number, ...]
    first: date
    last: date
    heard: float | None = None
    rows: tuple[tuple[Cell, ...], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    datastreams: tuple[int, ...] = ()


Maker = Callable[[Show, Iterable[Group]], Shown | None]
