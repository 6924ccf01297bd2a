"""The journal's account of itself: how many readings each five minutes of each batch took in, and their fingerprint.

Written in the transaction that writes or removes the readings, so that the two always agree: readings that don't give
their tally were altered behind the journal's back.
"""

from collections.abc import Iterable, Sequence
from itertools import starmap
from struct import Struct
from typing import Any

import numpy as np

from mitoyen.history import fingerprint
from mitoyen.history.fingerprint import Fingerprint

# As fine as what sealing lets go at once, as coarse as keeps it small beside the readings.
SLOT_US = 300_000_000
Tally = dict[tuple[int, int], Fingerprint]
_GIVEN = [
    ("datastream", np.int64), ("time", np.int64), ("length", np.int64), ("value", np.float64), ("quality", np.int64),
]  # fmt: skip
_ROW, _STORED = np.dtype(_GIVEN), np.dtype([*_GIVEN, ("batch", np.int64)])
_PACK_ROW, _PACK_STORED = Struct("=qqqdq").pack, Struct("=qqqdqq").pack


def of_given(rows: Sequence[Any], batch: int) -> Tally:
    """Tally of rows (datastream, time µs, length, value, quality) of one batch: (slot, batch) -> count and print."""
    return of_columns(packed(rows), batch)


def packed(rows: Sequence[Any]) -> Any:
    """Rows (datastream, time µs, length, value, quality) as one array."""
    # Twice as fast as numpy's own way from tuples: this is on the path of every reading that comes live.
    return np.frombuffer(b"".join(starmap(_PACK_ROW, rows)), _ROW)


def of_columns(columns: Any, batch: int) -> Tally:
    """Tally of packed rows of one batch: (slot, batch) -> count and print."""
    return {(slot, batch): one for (slot,), one in _grouped(columns, columns["time"] // SLOT_US).items()}


def packed_stored(rows: Sequence[Any]) -> Any:
    """Rows as the journal gives them, each with its batch at the end, as one array."""
    return np.frombuffer(b"".join(starmap(_PACK_STORED, rows)), _STORED)


def of_stored(rows: Sequence[Any]) -> Tally:
    """Tally of rows as the journal gives them, each with its batch at the end."""
    columns = packed_stored(rows)
    return _grouped(columns, columns["time"] // SLOT_US, columns["batch"])


def _grouped(columns: Any, *keys: Any) -> dict[Any, Fingerprint]:
    return fingerprint.grouped({name: columns[name] for name in _ROW.names or ()}, *keys)


def slots(first: int, last: int) -> tuple[int, int]:
    """Numbers of the slots that hold the times `first` and `last` (µs)."""
    return first // SLOT_US, last // SLOT_US


def by_batch(tally: Tally) -> dict[int, Fingerprint]:
    found: dict[int, Fingerprint] = {}
    for (_slot, batch), one in tally.items():
        found[batch] = found.get(batch, Fingerprint()) + one
    return found


def less(tally: Tally) -> Tally:
    """What, added, takes this tally away."""
    return {key: Fingerprint() - one for key, one in tally.items()}


def steps(tally: Tally, most: int) -> list[tuple[int, int, Tally]]:
    """Runs of slots, in order, of `most` readings each where one slot alone doesn't hold more: first and last time
    (µs, included), and the tally of what is between."""
    found: list[tuple[int, int, Tally]] = []
    filled = 0
    for slot, inside in _by_slot(tally):
        held = sum(one.rows for one in inside.values())
        last = (slot + 1) * SLOT_US - 1
        if not found or filled + held > most:
            found.append((slot * SLOT_US, last, inside))
            filled = held
        else:
            first, _last, had = found[-1]
            found[-1] = (first, last, had | inside)
            filled += held
    return found


def _by_slot(tally: Tally) -> Iterable[tuple[int, Tally]]:
    slot_tallies: dict[int, Tally] = {}
    for key, one in tally.items():
        slot_tallies.setdefault(key[0], {})[key] = one
    return sorted(slot_tallies.items())
