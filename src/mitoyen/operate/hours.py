"""Opening hours as people write them, a subset of OpenStreetMap's: `Mo-Fr 08:00-18:00; Sa 09:00-12:00`."""

import functools
import re

import numpy as np
from numpy.typing import NDArray

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_PART = re.compile(r"^(?P<days>[A-Za-z, -]+?)\s+(?P<hours>[\d:,\s-]+)$")
_DAYS = re.compile(r"^(Mo|Tu|We|Th|Fr|Sa|Su)(?:-(Mo|Tu|We|Th|Fr|Sa|Su))?$")
_HOURS = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")


class HoursError(ValueError):
    """The text can't be read as opening hours."""


@functools.lru_cache(maxsize=512)
def week(text: str) -> NDArray[np.bool_]:
    """Shape (7, 24), Monday first, local hours: True where open for any part of the hour. Raises HoursError."""
    is_open = np.zeros((7, 24), dtype=bool)
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = _PART.match("Mo-Su 00:00-24:00" if part == "24/7" else part)
        if match is None:
            raise HoursError(f"{part!r}: write for instance Mo-Fr 08:00-18:00")
        for day in _days(match["days"]):
            for first, last in _spans(match["hours"]):
                is_open[day, first:last] = True
    is_open.setflags(write=False)
    return is_open


def _days(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        match = _DAYS.match(part.strip())
        if match is None:
            raise HoursError(f"{part.strip()!r} is not a day: Mo, Tu, We, Th, Fr, Sa, Su")
        first = DAYS.index(match[1])
        last = DAYS.index(match[2]) if match[2] else first
        found += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return found


def _spans(text: str) -> list[tuple[int, int]]:
    spans = []
    for part in text.split(","):
        match = _HOURS.match(part.strip())
        if match is None:
            raise HoursError(f"{part.strip()!r} are not hours: write for instance 08:00-18:00")
        first_hour, first_minute, last_hour, last_minute = (int(group) for group in match.groups())
        if first_minute > 59 or last_minute > 59 or not first_hour < last_hour + (last_minute > 0) <= 24:
            raise HoursError(f"{part.strip()!r} must start before it ends, by 24:00 at the latest")
        spans.append((first_hour, last_hour + (last_minute > 0)))
    return spans
