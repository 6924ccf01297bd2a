"""The demo's series: every meter's hours, as its device would have told them, and the truth behind."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mitoyen.demo.climate import Clock, Floats, random
from mitoyen.demo.consumption import Building, electricity, heat, water
from mitoyen.demo.faults import apply
from mitoyen.demo.plan import COUNTERS, DECLARED_SWAPS, DEEDS, FAULTS, POWERS, SHORT_GAPS, Deed, habits

DECIMALS = {"electricity": 1, "gas": 1, "heat": 1, "water": 3}


@dataclass(frozen=True, slots=True)
class Swap:
    """A meter changed: the old one's last index, the new one's first; `declared` when someone recorded it."""

    at: np.datetime64
    last_index: float
    first_index: float
    declared: bool


@dataclass(frozen=True, slots=True)
class Series:
    """One meter. `values` in `unit`, one an hour of the clock, nan where there is no reading.

    `saved`: {year: kWh or m3 really saved by the planted action}, None without one.
    """

    building: Building
    observed_property: str
    unit: str
    kind: str
    values: Floats
    swap: Swap | None = None
    saved: dict[int, float] | None = None

    @property
    def meter_slug(self) -> str:
        return f"{self.building.slug}-{METER_SUFFIX[self.observed_property]}"


METER_SUFFIX = {"electricity": "electricite", "gas": "gaz", "heat": "chaleur", "water": "eau"}


def series(building: Building, hours: Clock, outside: Floats, seed: int) -> Iterator[Series]:
    """Every meter of one building."""
    for observed_property in building.energies:
        clean = _clean(building, observed_property, hours, outside, seed)
        yield _told(building, observed_property, hours, seed, clean)


def _clean(building: Building, observed_property: str, hours: Clock, outside: Floats, seed: int) -> Floats:
    """What is used before anyone acted on it or anything went wrong."""
    if observed_property == "electricity":
        return electricity(building, hours, seed, habits(building.slug))
    if observed_property == "water":
        return water(building, hours, seed)
    return heat(building, hours, outside, seed, habits(building.slug))


def _told(building: Building, observed_property: str, hours: Clock, seed: int, clean: Floats) -> Series:
    decimals = DECIMALS[observed_property]
    used, saved = _after_deeds(building, observed_property, hours, clean)
    amounts = np.round(used, decimals)
    for planted in FAULTS:
        if (planted.slug, planted.observed_property) == (building.slug, observed_property):
            amounts = apply(planted, amounts, hours, seed)
    amounts = _with_short_gap(building, observed_property, hours, amounts)
    unit = "m3" if observed_property == "water" else "kWh"
    if observed_property == "electricity" and building.slug in COUNTERS:
        values, swap = _index(building, hours, amounts, seed)
        return Series(building, observed_property, unit, "counter", values, swap, saved)
    if observed_property == "electricity" and building.slug in POWERS:
        return Series(building, observed_property, "W", "power", np.round(amounts * 1000), None, saved)
    return Series(building, observed_property, unit, "delta", amounts, None, saved)


def _after_deeds(
    building: Building, observed_property: str, hours: Clock, clean: Floats
) -> tuple[Floats, dict[int, float] | None]:
    deed = deed_on(building.slug, observed_property)
    if deed is None:
        return clean, None
    used = np.where(hours.from_day(deed.ends + dt.timedelta(days=1)), clean * (1 - deed.share), clean)
    years = hours.day.astype("M8[Y]").astype(np.int64) + 1970
    saved = {int(year): float((clean - used)[years == year].sum()) for year in np.unique(years)}
    return used, saved


def deed_on(slug: str, observed_property: str) -> Deed | None:
    """The action planted on a meter."""
    return next((deed for deed in DEEDS if (deed.slug, deed.observed_property) == (slug, observed_property)), None)


def _with_short_gap(building: Building, observed_property: str, hours: Clock, amounts: Floats) -> Floats:
    gap = SHORT_GAPS.get((building.slug, observed_property))
    if gap is None:
        return amounts
    first, count = gap
    start = int(np.argmax(hours.from_day(first)))
    amounts = amounts.copy()
    amounts[start : start + count] = np.nan
    return amounts


def _index(building: Building, hours: Clock, amounts: Floats, seed: int) -> tuple[Floats, Swap | None]:
    """The index shown at the end of each hour; a swapped meter starts again near 0."""
    start = float(random(seed, f"{building.slug}/index").integers(10_000, 90_000))
    index = start + np.cumsum(amounts)
    day, declared = _swap_day(building)
    if day is None:
        return np.round(index, 1), None
    at = int(np.argmax(hours.from_day(day))) + 9
    first_index = 12.0
    last_index = float(np.round(index[at - 1], 1))
    index[at:] += first_index - index[at - 1]
    # The reading at the hour of the swap is the new meter's.
    return np.round(index, 1), Swap(hours.end[at - 1], last_index, first_index, declared)


def _swap_day(building: Building) -> tuple[dt.date | None, bool]:
    declared = DECLARED_SWAPS.get((building.slug, "electricity"))
    if declared:
        return declared, True
    for planted in FAULTS:
        if planted.slug == building.slug and planted.fault == "swap":
            return planted.first, False
    return None, False
