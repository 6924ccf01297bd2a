"""Watering not done, or done in the rain or on wet soil; soil too dry for what grows in it; probes that stand still.

A site is a green space with its probes and valves (parts of it); rain is read on the site itself or on a gauge of it.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.history.times import PARIS, Times, utc64
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.detect import Group, Sighting, Subject
from mitoyen.operate.windows import HOUR, Bools, Floats, amounts, hours, local, means, moment, number, trailing

SITE, PROBE, VALVE = "green_space", "soil_probe", "valve"
MOISTURE, WATERING, RAIN = "soil_moisture", "watering", "rain"
# Volumetric soil moisture (%) below which a plant suffers, and above which water runs through: loam, root depth.
# Orders of magnitude; a site's own `dry_below` and `wet_above` take their place.
LIMITS = {
    "lawn": (14.0, 32.0),
    "sports_turf": (17.0, 32.0),
    "flower_bed": (18.0, 34.0),
    "shrubs": (12.0, 32.0),
    "young_trees": (15.0, 34.0),
}
OTHER = (13.0, 33.0)
_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_SCHEDULE = re.compile(
    r"^((?:Mo|Tu|We|Th|Fr|Sa|Su)(?:,(?:Mo|Tu|We|Th|Fr|Sa|Su))*) (\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$"
)
# Litres an hour below which a valve only drips.
LEAST_FLOW_M3 = 0.02
MEANINGFUL_RAIN_MM = 3.0
GROWING = (4, 10)


@dataclass(frozen=True, slots=True)
class Site:
    """A site's hours: rain (mm; nan where not read), each probe's soil moisture (%), what its valves let through."""

    group: Group
    thing: Subject
    bounds: Times
    hour: NDArray[np.int64]
    rain: Floats
    probes: tuple[Subject, ...]
    moisture: Floats
    valves: tuple[Subject, ...]
    flow: Floats

    @property
    def limits(self) -> tuple[float, float]:
        dry, wet = LIMITS.get(str(self.thing.attributes.get("plant", "")), OTHER)
        told = self.thing.attributes
        return number(told, "dry_below") or dry, number(told, "wet_above") or wet


def not_watered(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Valves that let nothing through at the last `times` they should have, though it was dry and did not rain."""
    site = site_of(group)
    if site is None:
        return
    dry, wet = site.limits
    for row, valve in enumerate(site.valves):
        missed: list[tuple[np.datetime64, np.datetime64]] = []
        for start, end in _programme(site, valve):
            within = (site.bounds[1:] > start) & (site.bounds[:-1] < end)
            flow = site.flow[row, within]
            if not len(flow) or np.isfinite(flow).mean() < 0.8:
                continue
            if np.nansum(flow) >= LEAST_FLOW_M3:
                missed.clear()
            elif _rained(site, start, 48) < MEANINGFUL_RAIN_MM and not _soil(site, start) > (dry + wet) / 2 - 2:
                missed.append((start, end))
        if len(missed) >= rule.thresholds["times"]:
            facts = {"times": len(missed), "moisture": _soil(site, missed[-1][0])}
            yield Sighting(valve.thing, moment(missed[0][0]), moment(missed[-1][1]), 0.85, "", WATERING, facts)


def watered_wet(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Valves that ran in the last day though `rain_mm` fell meanwhile or in the 12 hours before, or on wet soil."""
    site = site_of(group)
    if site is None:
        return
    _dry, wet = site.limits
    for row, valve in enumerate(site.valves):
        running = np.nan_to_num(site.flow[row]) > 0
        starts = np.flatnonzero(running & ~np.concatenate([[False], running[:-1]]))
        wasted: list[int] = []
        for start in starts:
            stop = start + int(np.argmin(np.append(running[start:], False)))
            litres = float(np.nansum(site.flow[row, start:stop]))
            rain = float(np.nansum(site.rain[max(0, start - 12) : stop]))
            soil = _soil(site, site.bounds[start])
            if litres >= LEAST_FLOW_M3 and (rain >= rule.thresholds["rain_mm"] or soil > wet):
                wasted += range(start, stop)
        recent = [at for at in wasted if at >= len(running) - 24]
        if not recent:
            continue
        facts = {
            "m3": float(np.nansum(site.flow[row, recent])),
            "rain_mm": float(np.nansum(site.rain[max(0, recent[0] - 12) : recent[-1] + 1])),
            "moisture": _soil(site, site.bounds[recent[0]]),
        }
        first, last = moment(site.bounds[recent[0]]), moment(site.bounds[recent[-1] + 1])
        yield Sighting(valve.thing, first, last, 0.9, "", WATERING, facts)


def too_dry(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Sites whose soil (median of the probes that work) stayed below what their plants bear for the last `hours`."""
    site = site_of(group)
    if site is None or not len(site.probes):
        return
    month = group.now.astimezone(PARIS).month
    if not GROWING[0] <= month <= GROWING[1]:
        return
    dry, _wet = site.limits
    soil = working(site)
    known = np.isfinite(soil)
    run = trailing(soil < dry, known)
    if len(run) == 0 or (site.bounds[run[-1] + 1] - site.bounds[run[0]]) / HOUR < rule.thresholds["hours"]:
        return
    if len(run) < 0.3 * rule.thresholds["hours"] or run[-1] < len(soil) - 24:
        return
    facts = {"moisture": float(np.median(soil[run])), "limit": dry, "dry_hours": int(run[-1] - run[0] + 1)}
    yield Sighting(
        site.thing.thing, moment(site.bounds[run[0]]), moment(site.bounds[run[-1] + 1]), 0.85, "", MOISTURE, facts
    )


def probe_stuck(rule: AlertRule, group: Group) -> Iterator[Sighting]:
    """Probes that tell the very same for `hours`, while others moved, it rained or the site was watered; or no soil."""
    site = site_of(group)
    if site is None:
        return
    for row, probe in enumerate(site.probes):
        values = site.moisture[row]
        known = np.flatnonzero(np.isfinite(values))
        if len(known) < 12:
            continue
        run = trailing(np.abs(values - values[known[-1]]) < 1e-9, np.isfinite(values))
        lasted = (site.bounds[run[-1] + 1] - site.bounds[run[0]]) / HOUR
        impossible = bool(_no_soil(values[known[-1:]]).all())
        if lasted < rule.thresholds["hours"] / (3 if impossible else 1):
            continue
        if not impossible and not _should_have_moved(site, row, run):
            continue
        facts = {"moisture": float(values[run[-1]]), "stood_hours": int(lasted)}
        first, last = moment(site.bounds[run[0]]), moment(site.bounds[run[-1] + 1])
        yield Sighting(probe.thing, first, last, 0.9 if impossible else 0.8, "", MOISTURE, facts)


def site_of(group: Group) -> Site | None:
    """The group's site on the hours of its window; None where the group is no site."""
    thing = group.parent or next((one for one in group.subjects if one.kind == SITE), None)
    if thing is None or thing.kind != SITE:
        return None
    bounds = hours(group.start, group.now)
    probes = tuple(one for one in group.subjects if one.kind == PROBE and MOISTURE in one.windows)
    valves = tuple(one for one in group.subjects if one.kind == VALVE and WATERING in one.windows)
    gauges = [one.windows[RAIN] for one in (thing, *group.subjects) if RAIN in one.windows]
    size = len(bounds) - 1
    return Site(
        group=group,
        thing=thing,
        bounds=bounds,
        hour=local(bounds)[1],
        rain=amounts(gauges[0] if gauges else None, bounds, least_covered=0.5),
        probes=probes,
        moisture=np.array([means(one.windows[MOISTURE], bounds) for one in probes]).reshape(len(probes), size),
        valves=valves,
        flow=np.array([amounts(one.windows[WATERING], bounds) for one in valves]).reshape(len(valves), size),
    )


def _programme(site: Site, valve: Subject) -> list[tuple[np.datetime64, np.datetime64]]:
    """When a valve should have run within the window, from its `schedule` (Mo,We,Fr 22:00-02:00) in its season."""
    match = _SCHEDULE.match(str(valve.attributes.get("schedule", "")).strip())
    if match is None:
        return []
    days, first_h, first_m, last_h, last_m = match.groups()
    begin, stop = dt.time(int(first_h) % 24, int(first_m)), dt.time(int(last_h) % 24, int(last_m))
    months = [int(number(valve.attributes, name) or usual) for name, usual in (("from_month", 5), ("to_month", 9))]
    found = []
    day = site.group.start.date() - dt.timedelta(days=1)
    while day <= site.group.now.date():
        if _DAYS[day.weekday()] in days and months[0] <= day.month <= months[1]:
            start = dt.datetime.combine(day, begin, PARIS)
            end = dt.datetime.combine(day if stop > begin else day + dt.timedelta(days=1), stop, PARIS)
            if utc64(start) >= site.bounds[0] and utc64(end) + HOUR <= site.bounds[-1]:
                found.append((utc64(start), utc64(end)))
        day += dt.timedelta(days=1)
    return found


def _rained(site: Site, before: np.datetime64, span: int) -> float:
    """Millimetres in the hours before an instant; without a gauge that was read, none."""
    within = (site.bounds[1:] <= before) & (site.bounds[:-1] >= before - span * HOUR)
    return float(np.nansum(site.rain[within]))


def _soil(site: Site, at: np.datetime64) -> float:
    """Soil moisture in the six hours before an instant; nan where it is not known."""
    within = (site.bounds[1:] <= at) & (site.bounds[:-1] >= at - 6 * HOUR)
    soil = working(site)[within]
    known = soil[np.isfinite(soil)]
    return float(np.median(known)) if len(known) else float("nan")


def working(site: Site) -> Floats:
    """Each hour's median over the probes that tell a soil at all and are not still."""
    if not len(site.probes):
        return np.full(len(site.bounds) - 1, np.nan)
    table = site.moisture.copy()
    table[_no_soil(table)] = np.nan
    for row in range(len(table)):
        known = table[row, np.isfinite(table[row])]
        if len(known) >= 48 and np.ptp(known[-48:]) == 0 and len(table) > 1:
            table[row] = np.nan
    held = np.isfinite(table).any(axis=0)
    soil = np.full(table.shape[1], np.nan)
    soil[held] = np.nanmedian(table[:, held], axis=0)
    return soil


def _no_soil(values: Floats) -> Bools:
    """What no soil holds: a cable, air, or a short circuit."""
    return np.asarray((values <= 0.5) | (values > 70), bool)


def _moved(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.ptp(known)) if len(known) else 0.0


def _should_have_moved(site: Site, row: int, run: NDArray[np.intp]) -> bool:
    """Whether rain, watering or the neighbours say that the soil changed while a probe stood still."""
    within = slice(int(run[0]), int(run[-1]) + 1)
    others: Bools = np.arange(len(site.probes)) != row
    moved = [_moved(one) for one in site.moisture[others][:, within] if not _no_soil(one).any()]
    # Soil that is full stays full: rain tells nothing there.
    full = float(site.moisture[row, run[-1]]) >= site.limits[1] - 1
    rain = float(np.nansum(site.rain[within]))
    watered = float(np.nansum(site.flow[:, within]))
    return (bool(moved) and max(moved) >= 3.0) or (not full and (rain >= 12.0 or watered >= 1.0))
