"""When it is dark: sunset, sunrise and twilight (astral), and a decree's hours without light.

A lamp need not be lit before civil twilight ends (sun 6 degrees down), nor after it begins. An operator who lights by a
light sensor tells its setting in lux (`lux_rule`): under a clear sky about 400 lx reach the ground at sunset and 3.4 lx
at the end of civil twilight; between both the logarithm falls evenly, near enough for a few minutes.
"""

import datetime as dt
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from astral import Observer, sun
from numpy.typing import NDArray

from mitoyen.history.times import PARIS, Times, utc64
from mitoyen.operate.windows import Bools, number

CIVIL = 6.0
# Angers, where a lamp has no place of its own: ten kilometres are half a minute of sun.
LONGITUDE, LATITUDE = -0.56, 47.47
_LUX_AT_SUNSET, _LUX_AT_CIVIL = 400.0, 3.4
_SPAN = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")
_MINUTE = np.timedelta64(60_000_000, "us")


def depression(attributes: Mapping[str, Any]) -> float:
    """Degrees of the sun below the horizon at which light is due: the operator's lux rule, else civil twilight."""
    lux = number(attributes, "lux_rule")
    if lux is None:
        return CIVIL
    share = math.log(_LUX_AT_SUNSET / lux) / math.log(_LUX_AT_SUNSET / _LUX_AT_CIVIL)
    return CIVIL * min(max(share, 0.0), 1.0)


def nights(
    first: dt.date, last: dt.date, longitude: float | None, latitude: float | None, degrees: float
) -> tuple[Times, Times]:
    """When the nights that begin on the days first..last start and end: the sun `degrees` below the horizon."""
    east = round(LONGITUDE if longitude is None else longitude, 1)
    north = round(LATITUDE if latitude is None else latitude, 1)
    count = (last - first).days + 1
    found = [_night(first + dt.timedelta(days=n), east, north, round(degrees, 2)) for n in range(count)]
    return np.array([one[0] for one in found], "M8[us]"), np.array([one[1] for one in found], "M8[us]")


@lru_cache(maxsize=20_000)
def _night(day: dt.date, east: float, north: float, degrees: float) -> tuple[np.datetime64, np.datetime64]:
    observer = Observer(north, east, 0.0)
    if degrees == 0.0:
        return utc64(sun.sunset(observer, day)), utc64(sun.sunrise(observer, day + dt.timedelta(days=1)))
    return (
        utc64(sun.dusk(observer, day, degrees)),
        utc64(sun.dawn(observer, day + dt.timedelta(days=1), degrees)),
    )


def within(bounds: Times, starts: Times, ends: Times) -> Bools:
    """Hours that lie wholly within one of these spans (sorted, apart)."""
    at = np.searchsorted(starts, bounds[:-1], side="right") - 1
    inside = (at >= 0) & (bounds[1:] <= ends[np.maximum(at, 0)])
    return np.asarray(inside, bool)


def overlap(bounds: Times, starts: Times, ends: Times) -> NDArray[np.float64]:
    """Share (0 to 1) of each hour that lies within one of these spans (sorted, apart)."""
    shares = np.zeros(len(bounds) - 1)
    whole = (bounds[1:] - bounds[:-1]).astype(np.float64)
    for start, end in zip(starts, ends, strict=True):
        common = (np.minimum(bounds[1:], end) - np.maximum(bounds[:-1], start)).astype(np.float64)
        shares += np.maximum(common, 0.0) / whole
    return shares


def minutes(step: int) -> np.timedelta64:
    return step * _MINUTE


def decree(attributes: Mapping[str, Any], first: dt.date, last: dt.date) -> tuple[Times, Times]:
    """The spans without light that a commune decreed for the nights first..last, from the cabinet's attributes.

    `switch_off` is written 23:30-05:00 (local); `switch_off_since` and `switch_off_until` are days (2025-11-01): the
    first and the last evening. What can't be read is no decree: then nothing is excused and nothing is claimed saved.
    """
    span = _SPAN.match(str(attributes.get("switch_off", "")).strip())
    since, until = _day(attributes.get("switch_off_since")), _day(attributes.get("switch_off_until"))
    none = np.empty(0, "M8[us]")
    if span is None or since is None:
        return none, none
    begins, ends = (dt.time(int(span[n]) % 24, int(span[n + 1])) for n in (1, 3))
    starts, stops = [], []
    for n in range((last - first).days + 1):
        evening = first + dt.timedelta(days=n)
        if evening < since or (until is not None and evening > until):
            continue
        starts.append(_after_noon(evening, begins))
        stops.append(_after_noon(evening, ends))
    return np.array(starts, "M8[us]"), np.array(stops, "M8[us]")


def _after_noon(evening: dt.date, clock: dt.time) -> np.datetime64:
    """The instant of a clock time in the night that begins that evening: what is before noon is the next morning's."""
    day = evening if clock.hour >= 12 else evening + dt.timedelta(days=1)
    return utc64(dt.datetime.combine(day, clock, PARIS))


def _day(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        return None
