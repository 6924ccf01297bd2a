"""Green spaces as they are read: weather, soils that dry and fill, controllers that skip rain, coarse probes."""

import datetime as dt
from typing import Any

import numpy as np

from bench.usages.study import Rng, Sort, Trial, clock, gauge, heard, span
from mitoyen.history.times import PARIS, utc64
from mitoyen.operate.detect import Group, Subject, Window
from mitoyen.usages.green_spaces.watering import LIMITS

LOOKBACK = 15
SITE, VALVE = 500, 1
HOUR = dt.timedelta(hours=1)
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
ROOT_MM, FULL = 300.0, 30.0
DAILY = dt.timedelta(hours=9)


def _trial(rng: Rng, day: dt.date, fault: str) -> Trial:
    if fault in ("not_watered", "watered_wet", "too_dry"):
        day = dt.date(2025, 6, 1) + dt.timedelta(days=int(rng.integers(85)))
    time = clock(day, LOOKBACK, 60)
    moments = [at.replace(tzinfo=dt.UTC).astimezone(PARIS) - HOUR for at in time.astype("M8[us]").astype(object)]
    onset = dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(
        hours=float(rng.uniform(0, 24 if fault == "too_dry" else 60))
    )
    since = time > utc64(onset)
    plant = str(rng.choice(list(LIMITS)))
    dry = LIMITS[plant][0]
    rain = _rain(rng, len(time))
    if fault in ("not_watered", "too_dry"):
        rain[time > utc64(onset - dt.timedelta(days=3))] = 0.0
    has_valve = fault in ("not_watered", "watered_wet") or (fault != "too_dry" and rng.random() < 0.7)
    chosen = sorted(rng.permutation(7)[: int(rng.integers(4, 8))])
    start_h, long = int(rng.choice([21, 22, 23, 4, 5])), int(rng.integers(1, 5))
    due = np.array([_due(at, chosen, start_h, long) for at in moments]) if has_valve else np.zeros(len(time), bool)
    if fault == "watered_wet":
        begins = np.flatnonzero(due & since & ~np.roll(due, 1))
        at = int(begins[0]) if len(begins) else int(np.flatnonzero(since)[0])
        wet_at = max(0, at - int(rng.integers(1, 6)))
        rain[wet_at - 2 : wet_at + 1] += float(rng.uniform(5, 9))
    area = float(rng.uniform(100, 3000))
    soil, litres = _soil(rng, (moments, rain, due), since, (area, dry), fault)
    if fault == "too_dry":
        under = np.flatnonzero((soil < dry) & since)
        onset = time[under[0]].astype("M8[us]").astype(dt.datetime).replace(tzinfo=dt.UTC)
    probes, where = _probes(rng, time, soil, since, fault)
    attributes = {"plant": plant, "area_m2": area}
    windows = {
        "rain": heard(rng, Window(time, np.full(len(time), 3600, np.int32), np.round(rain / 0.2) * 0.2, "mm", "delta"))
    }
    site = Subject(SITE, "S", "green_space", None, "49007", -0.56, 47.47, attributes, windows)
    members = list(probes)
    if has_valve:
        told = {"schedule": f"{','.join(DAYS[n] for n in chosen)} {start_h:02d}:00-{(start_h + long) % 24:02d}:00"}
        members.append(
            Subject(VALVE, "V", "valve", SITE, "49007", None, None, told, {"watering": _valve(rng, time, litres)})
        )
    start, end = span(day, LOOKBACK)
    planted = {"not_watered": VALVE, "watered_wet": VALVE, "too_dry": SITE, "probe_stuck": where}.get(fault)
    # Soil that is not watered dries out: that may be told too.
    excused = {"not_watered": ("too_dry", SITE), "too_dry": ("too_dry", SITE)}.get(fault, ("too_dry", -1))
    return Trial(Group(tuple(members), start, end, site), planted, onset if fault else None, frozenset({excused}))


def _rain(rng: Rng, size: int) -> Any:
    """Millimetres an hour: a day in three, a few hours long."""
    rain = np.zeros(size)
    for first in range(0, size, 24):
        if rng.random() < 0.33:
            at, long = first + int(rng.integers(24)), int(rng.integers(1, 9))
            rain[at : at + long] += rng.gamma(1.0, 5.0) / long
    return rain


def _due(at: dt.datetime, chosen: list[int], start_h: int, long: int) -> bool:
    """Whether the controller's programme runs in this hour, from May to September."""
    evening = at if at.hour >= start_h else at - dt.timedelta(days=1)
    hours = (at.hour - start_h) % 24
    return 5 <= evening.month <= 9 and evening.weekday() in chosen and hours < long


def _soil(
    rng: Rng, weather: tuple[Any, Any, Any], since: Any, plot: tuple[float, float], fault: str
) -> tuple[Any, Any]:
    """Soil moisture (% of the volume) and cubic metres watered, hour by hour. `weather`: times, rain, programme."""
    (moments, rain, due), (area, dry) = weather, plot
    day = np.array([at.timetuple().tm_yday for at in moments])
    hour = np.array([at.hour for at in moments])
    thirst = (2.4 - 2.1 * np.cos(2 * np.pi * (day - 15) / 365)) * rng.uniform(0.7, 1.2) / 24
    thirst = thirst * np.clip(1.6 * np.sin(np.pi * (hour - 5) / 16), 0.1, None) * 1.3
    soil, litres = np.zeros(len(day)), np.zeros(len(day))
    now, skipping = float(rng.uniform(dry + 4, FULL)), False
    for at in range(len(day)):
        failed = bool(since[at])
        if due[at] and not (at and due[at - 1]):
            # Controllers look at rain and soil before they begin.
            skipping = bool(rain[max(0, at - 24) : at].sum() >= 3.0 or now > (dry + 34.0) / 2 - 1.0)
        runs = due[at] and (not skipping or (fault == "watered_wet" and failed))
        if fault == "not_watered" and failed:
            runs = False
        litres[at] = area * 0.003 * rng.uniform(0.95, 1.05) if runs else 0.0
        # Someone tries a valve by hand for a minute.
        if rng.random() < 0.001:
            litres[at] += 0.01
        drunk = thirst[at] * (2.5 if fault == "too_dry" and failed else 1.0)
        now = min(now + (rain[at] + litres[at] / area * 1000 - drunk) / ROOT_MM * 100, FULL + 6.0)
        if now > FULL:
            now -= (now - FULL) * 0.15
        if fault == "too_dry":
            # A dry spell: the water cart keeps it up until it stays away.
            now = max(now, 5.0) if failed else min(max(now, dry + 1.5), dry + 4.0)
        elif fault == "not_watered" and failed:
            # Planted when it is dry enough for a controller not to skip.
            now = min(now, (dry + 34.0) / 2 - 2.5)
        else:
            # What grows there is looked after: hoses, carts, a shower.
            now = max(now, dry + 2.5)
        soil[at] = now = max(now, 5.0)
    return soil, litres


def _probes(rng: Rng, time: Any, soil: Any, since: Any, fault: str) -> tuple[list[Subject], int | None]:
    count = int(rng.integers(2, 4)) if fault == "probe_stuck" else int(rng.integers(1, 4))
    step, every = float(rng.choice([0.1, 0.1, 0.5, 1.0])), int(rng.choice([1, 1, 2]))
    made, where = [], None
    for number in range(count):
        read = soil * rng.normal(1, 0.02) + rng.normal(0, 0.4) + rng.normal(0, 0.12, len(soil))
        read = np.round(read / step) * step
        if fault == "probe_stuck" and number == 0:
            where = 10
            # Still where it was, if anything moves that would show it; or a cable that tells no soil.
            shows = float(np.ptp(soil[since])) >= 5.0
            read[since] = read[since][0] if shows and rng.random() < 0.7 else float(rng.choice([0.0, 100.0]))
        window = gauge(time[::every], np.round(read[::every], 2), "%")
        made.append(
            Subject(
                10 + number,
                f"P{number}",
                "soil_probe",
                SITE,
                "49007",
                None,
                None,
                {},
                {"soil_moisture": heard(rng, window)},
            )
        )
    return made, where


def _valve(rng: Rng, time: Any, litres: Any) -> Window:
    if rng.random() < 0.5:
        return heard(
            rng, Window(time, np.full(len(time), 3600, np.int32), np.round(litres, 3), "m3", "delta"), lost=0.02
        )
    index = np.floor((rng.uniform(10, 5000) + np.cumsum(litres)) / 0.001) * 0.001
    return heard(rng, Window(time, np.zeros(len(time), np.int32), np.round(index, 3), "m3", "counter"), lost=0.02)


SORTS = (
    Sort("nothing wrong", "", lambda rng, day: _trial(rng, day, ""), DAILY),
    Sort("not watered", "not_watered", lambda rng, day: _trial(rng, day, "not_watered"), DAILY),
    Sort("watered in the rain", "watered_wet", lambda rng, day: _trial(rng, day, "watered_wet"), DAILY),
    Sort("soil too dry", "too_dry", lambda rng, day: _trial(rng, day, "too_dry"), DAILY),
    Sort("probe stuck", "probe_stuck", lambda rng, day: _trial(rng, day, "probe_stuck"), DAILY),
)
