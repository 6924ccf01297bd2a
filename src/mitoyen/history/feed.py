"""What came in lately, in the order in which it was written: what lets rules follow the journal, late readings too.

The journal is keyed by time, so that a reading of an hour ago which comes in now lies among the old ones. Each append
therefore also leaves its new rows here, packed, in its own transaction; only the last of them are kept. Whoever was
away for longer is told so, and looks into the journal itself.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# A quarter of the journal's own row; 25 MB in all.
KEPT_ROWS = 1_000_000
PRUNED_EVERY = 50_000
MOST_AT_ONCE = 400
RECENT_US = 3 * 86_400_000_000
_ROW = np.dtype([("datastream", "<i4"), ("time", "<i8"), ("length", "<i4"), ("value", "<f8"), ("quality", "i1")])
_NAMES = _ROW.names or ()


@dataclass(frozen=True, slots=True)
class News:
    """Rows that came in after a cursor, as columns, and the cursor to go on from.

    `whole`: nothing that came in between was forgotten. `more`: there is more to be had at once.
    """

    cursor: int
    columns: dict[str, Any]
    whole: bool = True
    more: bool = False


def recent(columns: Any) -> Any:
    """Rows of the last days, of those that the journal's tally packs: old ones brought in bulk are nobody's news."""
    fresh = columns["time"] >= int(time.time() * 1e6) - RECENT_US
    return columns if fresh.all() else columns[fresh]


def pack(columns: Any) -> bytes:
    """Rows as the journal's tally packs them, smaller."""
    kept = np.empty(len(columns), _ROW)
    for name in _NAMES:
        kept[name] = columns[name]
    return kept.tobytes()


def unpack(blobs: Sequence[bytes]) -> dict[str, Any]:
    """Columns of what was packed; `time` in µs."""
    rows = np.frombuffer(b"".join(blobs), _ROW)
    return {name: np.ascontiguousarray(rows[name]) for name in _NAMES}
