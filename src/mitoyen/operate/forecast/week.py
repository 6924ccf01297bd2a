"""The same hour of the weeks before, by the clock on the wall: an hour of UTC more or less when the clocks changed."""

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import Times

WEEK = 168
WEEKS = 4
Floats = NDArray[np.float64]


def local_offsets(starts: Times, midnights: Times) -> NDArray[np.int64]:
    """Hours that Paris is ahead of UTC at each start of an hour; `midnights` are those of Paris (UTC), around all."""
    day = np.searchsorted(midnights, starts, side="right") - 1
    # A day's offset at its start and at its end: the clocks change in between, at 1 o'clock UTC.
    noon = midnights.astype("datetime64[D]") + np.timedelta64(1, "D")
    at_start = ((noon.astype("datetime64[h]") - midnights) / np.timedelta64(1, "h")).astype(np.int64)
    changed = (starts - starts.astype("datetime64[D]")) >= np.timedelta64(1, "h")
    after = np.append(at_start[1:], at_start[-1])
    same_utc_day = starts.astype("datetime64[D]") == noon[day]
    return np.where(changed & same_utc_day, after[day], at_start[day])


def weeks_before(values: Floats, offsets: NDArray[np.int64]) -> Floats:
    """(WEEKS, n): the value 1, 2, … weeks before each hour at the same local time; nan where there is none."""
    n = len(values)
    place = np.arange(n)
    found = np.full((WEEKS, n), np.nan)
    for k in range(1, WEEKS + 1):
        back = place - WEEK * k
        inside = back >= 0
        shifted = back[inside] + offsets[inside] - offsets[back[inside]]
        good = (shifted >= 0) & (shifted < n)
        found[k - 1, np.flatnonzero(inside)[good]] = values[shifted[good]]
    return found
