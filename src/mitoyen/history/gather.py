"""Rows of datastreams from archive and journal together, as numpy columns."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.history import archive, engine, journal

Columns = dict[str, NDArray[Any]]
Bounds = tuple[int, int]


def gathered(datastream: int, first: int, last: int) -> Columns:
    """Rows of one datastream with first <= time <= last (µs), sorted by time (datetime64[us])."""
    return gathered_of([datastream], first, last)


def gathered_of(datastreams: list[int], first: int, last: int, *, waiting: bool = True) -> Columns:
    """Rows of several datastreams, sorted by datastream and time. A row in both (being sealed) counts once.

    Without `waiting`, from the archive alone.
    """
    datastreams = sorted(datastreams)
    bounds = (datastreams[0], datastreams[-1])
    now = archive.snapshot()
    files = now.meeting(bounds, (first, last))
    sealed = _from_archive(now, files, datastreams, (first, last)) if files else None
    live = _from_journal(datastreams, first, last) if waiting else journal.columns_of(())
    if sealed is None or len(sealed["time"]) == 0:
        return _sorted(live)
    if len(live["time"]) == 0:
        return sealed
    return _merged(sealed, live)


def _from_journal(datastreams: list[int], first: int, last: int) -> Columns:
    bounds = (datastreams[0], datastreams[-1])
    live = journal.rows_between(first, last, bounds)
    live["time"] = live["time"].astype("datetime64[us]")
    if len(datastreams) < bounds[1] - bounds[0] + 1 and len(live["time"]):
        chosen = np.isin(live["datastream"], datastreams)
        live = {name: column[chosen] for name, column in live.items()}
    return live


def _from_archive(now: archive.Snapshot, files: list[archive.Part], datastreams: list[int], bounds: Bounds) -> Columns:
    """Files are sorted each: given by their time, their rows only need a stable sort by datastream, if any."""
    rows = now.rows_of(sorted(files, key=lambda part: part.times))
    columns = engine.fetch(
        engine.reader(),
        f"SELECT datastream, time::TIMESTAMP AS time, length, value, quality, batch FROM ({rows})"
        f" WHERE {engine.among(datastreams)}"
        f" AND time BETWEEN make_timestamptz({bounds[0]}) AND make_timestamptz({bounds[1]})",
    )
    if _in_order(columns):
        return columns
    order = np.argsort(columns["datastream"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    return columns if _in_order(columns) else _sorted(columns)


def _in_order(columns: Columns) -> bool:
    datastream, time = columns["datastream"], columns["time"]
    rising = (time[1:] > time[:-1]) & (datastream[1:] == datastream[:-1])
    return bool((rising | (datastream[1:] > datastream[:-1])).all())


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
