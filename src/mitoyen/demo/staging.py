"""The generated readings, all in one batch, into the archive."""

from dataclasses import dataclass

import numpy as np

from mitoyen.demo.climate import Clock, Floats
from mitoyen.history import batches, staging
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.engine import connected
from mitoyen.history.enums import BatchOrigin, BatchState, Kind
from mitoyen.history.models import Batch, Datastream
from mitoyen.territory.models import Thing

HOUR_S = 3600


def source_of(seed: int, *, small: bool) -> str:
    """How the demo's batch names where it comes from: one demo an installation."""
    return f"mitoyen demo, seed {seed}{', small' if small else ''}"


def live_demo() -> Batch | None:
    """The batch of the demo that this installation holds."""
    return Batch.objects.filter(
        origin=BatchOrigin.GENERATED, state=BatchState.LIVE, source__startswith="mitoyen demo, seed "
    ).first()


@dataclass(frozen=True, slots=True)
class Told:
    """One datastream's values, one an hour of the clock, nan where there is none."""

    thing: Thing
    observed_property: str
    unit: str
    kind: str
    values: Floats


def store(source: str, hours: Clock, told: list[Told]) -> int:
    """Stage and commit every series in one batch; returns how many observations are new."""
    streams = [
        (
            datastream_for(one.thing, one.observed_property, one.unit, one.kind),
            HOUR_S if one.kind in (Kind.DELTA, Kind.POWER) else 0,
            one.values,
        )
        for one in told
    ]
    # Whoever sees one of these meters at the desk finds where its readings came from.
    summary = {"datastreams": [stream.name for stream, _length, _values in streams]}
    batch = batches.open_batch(BatchOrigin.GENERATED, source, "mitoyen demo", summary=summary)
    with connected() as con:
        con.register("generated", _columns(streams, hours))
        staged = staging.stage(con, "SELECT datastream, time, length, value, 0 AS quality FROM generated", batch)
    batches.commit(staged)
    return staged.rows


def _columns(streams: list[tuple[Datastream, int, Floats]], hours: Clock) -> dict[str, np.ndarray]:
    """One row a reading; hours without one are left out."""
    kept = [np.isfinite(values) for _, _, values in streams]
    counts = [int(mask.sum()) for mask in kept]
    return {
        "datastream": np.repeat(np.array([stream.pk for stream, _, _ in streams], dtype=np.int32), counts),
        "time": np.concatenate([hours.end[mask] for mask in kept]),
        "length": np.repeat(np.array([length for _, length, _ in streams], dtype=np.int32), counts),
        "value": np.concatenate([values[mask] for (_, _, values), mask in zip(streams, kept, strict=True)]),
    }
