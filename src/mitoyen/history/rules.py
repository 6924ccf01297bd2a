"""How a datastream's stored values become amounts: its kind, unit, deployments and wrap."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mitoyen.history.models import Datastream
from mitoyen.history.times import utc64
from mitoyen.history.units import amount_unit, is_power
from mitoyen.territory.models import Deployment


@dataclass(frozen=True, slots=True)
class Served:
    """One deployment: true value = reading x factor + offset; first and last index of a counter, where known."""

    starts: np.datetime64
    ends: np.datetime64 | None
    factor: float
    offset: float
    first_index: float | None
    last_index: float | None
    # Amounts don't depend on which device it is: left out of the digest.
    device: int = field(default=0, repr=False)


@dataclass(frozen=True)
class Rule:
    """All that turns stored values of one datastream into amounts."""

    datastream: int
    kind: str
    unit: str
    wraps_at: float | None
    served: tuple[Served, ...]

    @property
    def factor(self) -> float:
        """kWh or m3 in one stored unit (in one hour of it, for a power); 1 for other units."""
        return amount_unit(self.unit)[0] if self.kind != "gauge" else 1.0

    @property
    def amount_unit(self) -> str:
        return amount_unit(self.unit)[1] if self.kind != "gauge" else self.unit

    @property
    def is_rate(self) -> bool:
        """Whether amounts are value x hours: a power or a flow."""
        return self.kind == "power" or (self.kind == "delta" and is_power(self.unit))

    @property
    def sort(self) -> str:
        """Datastreams of one sort become amounts in the same way, and so all at once."""
        return "power" if self.is_rate else self.kind

    @cached_property
    def digest(self) -> int:
        """A signed 63-bit number that changes when the rule does; kept beside rollups made by it."""
        text = repr((1, self.kind, self.unit, self.wraps_at, [repr(one) for one in self.served]))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def rules_for(datastreams: Iterable[Datastream]) -> dict[int, Rule]:
    """The rules of these datastreams by their number, in one query."""
    streams = list(datastreams)
    things = {stream.thing_id for stream in streams}
    found: dict[tuple[int, str], list[Served]] = {}
    deployments = Deployment.objects.order_by("starts")
    if len(things) <= 500:
        deployments = deployments.filter(thing_id__in=things)
    for one in deployments:
        served = Served(
            utc64(one.starts), utc64(one.ends) if one.ends else None, one.factor, one.offset, one.first_index,
            one.last_index, one.device_id,
        )  # fmt: skip
        found.setdefault((one.thing_id, one.observed_property), []).append(served)
    return {
        stream.pk: Rule(
            stream.pk, stream.kind, stream.unit, stream.wraps_at,
            tuple(found.get((stream.thing_id, stream.observed_property), ())),
        )
        for stream in streams
    }  # fmt: skip
