"""Rows of datastreams from archive and journal together, as numpy columns."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history import archive, engine, journal

Columns = dict[str, NDArray[Any]]
_NAMES = ("length", "value", "quality", "batch")


def gathered(datastream: int, first: int, last: int) -> Columns:
    """Rows of one datastream with first <= time <= last (µs), sorted by time (datetime64[us])."""
    return gathered_of([datastream], first, last)


def gathered_of(datastreams: list[int], first: int, last: int) -> Columns:
    """Rows of several datastreams, sorted by datastream and time. A row in both (being sealed) counts once."""
    datastreams = sorted(datastreams)
    bounds = (datastreams[0], datastreams[-1])
    now = archive.snapshot()
    files = now.meeting(bounds, (first, last))
    sealed = _from_archive(now.rows_of(files), datastreams, first, last) if files else None
    waiting = journal.rows_between(first, last, bounds)
    waiting["time"] = waiting["time"].astype("datetime64[us]")
    if len(bounds_wanted := datastreams) < bounds[1] - bounds[0] + 1 and len(waiting["time"]):
        chosen = np.isin(waiting["datastream"], bounds_wanted)
        waiting = {name: column[chosen] for name, column in waiting.items()}
    if sealed is None or len(sealed["time"]) == 0:
        return _sorted(waiting)
    if len(waiting["time"]) == 0:
        return sealed
    return _merged(sealed, waiting)


def _from_archive(rows: str, datastreams: list[int], first: int, last: int) -> Columns:
    if len(datastreams) == datastreams[-1] - datastreams[0] + 1:
        wanted = f"datastream BETWEEN {datastreams[0]} AND {datastreams[-1]}"
    else:
        wanted = f"datastream IN ({', '.join(map(str, datastreams))})"
    query = (
        f"SELECT datastream, time::TIMESTAMP AS time, length, value, quality, batch FROM ({rows}) WHERE {wanted}"
        f" AND time BETWEEN make_timestamptz({first}) AND make_timestamptz({last}) ORDER BY datastream, time"
    )
    return engine.fetch(engine.reader(), query)


def _sorted(columns: Columns) -> Columns:
    order = np.lexsort((columns["time"], columns["datastream"]))
    return {name: column[order] for name, column in columns.items()}


def _merged(sealed: Columns, waiting: Columns) -> Columns:
    joined = {name: np.concatenate([sealed[name], waiting[name]]) for name in sealed}
    # The sort is stable, so that of two equal keys the archive's comes first and stays.
    joined = _sorted(joined)
    again = (joined["datastream"][1:] == joined["datastream"][:-1]) & (joined["time"][1:] == joined["time"][:-1])
    keep = np.concatenate([[True], ~again])
    return {name: column[keep] for name, column in joined.items()}
