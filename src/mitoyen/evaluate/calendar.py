"""Which days are closed (public holidays and a building's closures), and which local day an hour belongs to."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DEFAULT_SUBDIVISION = {"GB": "ENG"}
"""Where the country's own list holds only what all its parts share."""


def closed_days(
    first: date, last: date, country: str = "FR", closures: Iterable[tuple[date, date]] = ()
) -> NDArray[np.bool_]:
    """Closed days from first to last, both included: public holidays of the country, and closures (first, last).

    `country` is an ISO 3166 code, with a subdivision where needed ("FR-57", "GB-SCT"); "" counts no public holiday.
    Raises ValueError when the country or subdivision is unknown.
    """
    start = np.datetime64(first, "D")
    count = int((np.datetime64(last, "D") - start).astype(np.int64)) + 1
    closed = np.zeros(max(count, 0), dtype=bool)
    if country:
        for year in range(first.year, last.year + 1):
            mark(closed, start, np.array(public_holidays(country, year), "datetime64[D]"))
    for since, until in closures:
        mark(closed, start, np.arange(np.datetime64(since, "D"), np.datetime64(until, "D") + 1))
    return closed


def mark(closed: NDArray[np.bool_], start: np.datetime64, days: NDArray[np.datetime64]) -> None:
    """Set the days that fall within."""
    place = (days - start).astype(np.int64)
    closed[place[(place >= 0) & (place < len(closed))]] = True


@lru_cache(maxsize=256)
def public_holidays(country: str, year: int) -> tuple[date, ...]:
    """Public holidays of a year. Raises ValueError when the country is unknown."""
    import holidays  # here, since it is slow to import

    code, _, subdivision = country.partition("-")
    try:
        found = holidays.country_holidays(code, subdiv=subdivision or DEFAULT_SUBDIVISION.get(code), years=year)
    except NotImplementedError as error:
        raise ValueError(f"no public holidays are known for {country!r}") from error
    return tuple(sorted(found))


def local_days(start: NDArray[np.datetime64], timezone: str) -> NDArray[np.datetime64]:
    """Local day (datetime64[D]) in which each UTC time falls."""
    if not len(start):
        return np.zeros(0, "datetime64[D]")
    first = start.min().astype("datetime64[D]") - 1
    bounds = day_bounds(first, start.max().astype("datetime64[D]") + 2, timezone)
    days: NDArray[np.datetime64] = first + (np.searchsorted(bounds, start.astype("datetime64[s]"), side="right") - 1)
    return days


def local_hours(start: NDArray[np.datetime64], timezone: str) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Local day and hour on the clock (0 to 23) of each UTC time."""
    day = local_days(start, timezone)
    if not len(day):
        return day, np.zeros(0, np.int64)
    zone = ZoneInfo(timezone)
    hours, inverse = np.unique(
        start.astype("datetime64[h]").astype("datetime64[s]").astype(np.int64), return_inverse=True
    )
    # The offset changes at most a few times a year: asked once a day, and for each hour of the days when it does.
    days, of_hour = np.unique(hours // 86400, return_inverse=True)
    offsets = np.array([_offset(int(d) * 86400, zone) for d in [*days, days[-1] + 1]])
    after = np.array([_offset(int(d + 1) * 86400, zone) for d in days])
    offset = offsets[:-1][of_hour]
    for place in np.flatnonzero((offsets[:-1] != after)[of_hour]):
        offset[place] = _offset(int(hours[place]), zone)
    clock = ((hours + offset) // 3600 % 24).astype(np.int64)
    return day, clock[inverse]


@lru_cache(maxsize=16)
def _bounds(first: int, last: int, timezone: str) -> NDArray[np.datetime64]:
    zone = ZoneInfo(timezone)
    epoch = date(1970, 1, 1).toordinal()
    midnights = [datetime.fromordinal(epoch + d).replace(tzinfo=zone).timestamp() for d in range(first, last + 1)]
    return np.array(np.array(midnights, dtype=np.int64), dtype="datetime64[s]")


def day_bounds(first: np.datetime64, last: np.datetime64, timezone: str) -> NDArray[np.datetime64]:
    """UTC time (datetime64[s]) at which each local day from first to last begins."""
    return _bounds(
        int(first.astype("datetime64[D]").astype(int)), int(last.astype("datetime64[D]").astype(int)), timezone
    )


@lru_cache(maxsize=65536)
def _offset(second: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
