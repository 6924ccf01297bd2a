"""How much green spaces were watered, how much of it in the rain or on wet soil, and how dry their soil was."""

import datetime as dt
from collections.abc import Iterable

import numpy as np

from mitoyen.history.times import paris_day_of
from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group
from mitoyen.operate.shown import Cell, Number, Shown
from mitoyen.usages.green_spaces.watering import MOISTURE, RAIN, WATERING, Site, site_of, working

METER, PROBE = 0.05, 0.2
RAIN_MM, RAIN_HOURS = 8.0, 12
ROWS = 15


def watering(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Cubic metres watered and those wasted (meters within 5 %), and the share of hours too dry (within a fifth)."""
    rows: list[tuple[str, float, float, float]] = []
    streams: list[int] = []
    first: dt.date | None = None
    last: dt.date | None = None
    dry_h = known_h = read_h = due_h = 0.0
    for group in groups:
        site = site_of(group)
        if site is None:
            continue
        soil = working(site)
        known = np.isfinite(soil)
        used, wasted = float(np.nansum(site.flow)), _wasted(site)
        rows.append((site.thing.name, used, wasted, float(np.median(soil[known])) if known.any() else float("nan")))
        dry_h += float((soil[known] < site.limits[0]).sum())
        known_h += float(known.sum())
        read_h += float(np.isfinite(site.flow).sum())
        due_h += float(site.flow.size)
        for one in (site.thing, *group.subjects):
            streams += [one.windows[name].datastream for name in (WATERING, MOISTURE, RAIN) if name in one.windows]
        first, last = (day.astype(dt.date) for day in paris_day_of(site.bounds[[0, -1]]))
    if first is None or last is None:
        return None
    used, lost = sum(row[1] for row in rows), sum(row[2] for row in rows)
    dry = 100 * dry_h / known_h if known_h else None
    return Shown(
        numbers=(
            Number("watered", used, "m3", used * (1 - METER), used * (1 + METER)),
            Number("wasted", lost, "m3", lost * (1 - METER), lost * (1 + METER)),
            Number(
                "dry", dry, "%", None if dry is None else dry * (1 - PROBE), None if dry is None else dry * (1 + PROBE)
            ),
        ),
        first=first,
        last=last,
        heard=read_h / due_h if due_h else None,
        rows=tuple(_row(row) for row in sorted(rows, key=lambda row: -row[2])[:ROWS]),
        facts={"sites": len(rows)},
        datastreams=tuple(streams),
    )


def _row(row: tuple[str, float, float, float]) -> tuple[Cell, ...]:
    name, used, wasted, soil = row
    return name, used, wasted, soil if np.isfinite(soil) else None


def _wasted(site: Site) -> float:
    """Cubic metres let through in or after rain, or on wet soil."""
    rain = np.convolve(np.nan_to_num(site.rain), np.ones(RAIN_HOURS + 1), "full")[: len(site.rain)]
    wet = np.nan_to_num(working(site)) > site.limits[1]
    # An hour's own watering wets the soil: what counts is how it was the hour before.
    before = np.concatenate([[False], wet[:-1]])
    return float(np.nansum(site.flow[:, (rain >= RAIN_MM) | before]))
