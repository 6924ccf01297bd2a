"""The territory drawn as its communes' shapes, or as a grid of tiles while no shapes are loaded.

Pure but for `shapes`, which reads the polygons once for each state of the communes' table. The list that stands beside
says everything that the map says; the map's own links are for the pointer.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import shapely
from django.db.models import TextField
from django.db.models.functions import Cast, Length
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from mitoyen.evaluate.published import CommuneLine
from mitoyen.territory.models import Commune
from mitoyen.www.numbers import used

WIDTH = 720
# About 60 m: what a phone can show.
_TOLERANCE = 0.0008


def shapes() -> dict[str, str]:
    """INSEE code -> SVG path in a frame `WIDTH` wide; {} unless every commune has its polygon. One query, and one
    more when the polygons are not those that were drawn last."""
    return drawing()[0]


def drawing() -> "tuple[dict[str, str], Frame | None]":
    """The shapes, and where a point falls among them; nothing unless every commune has its polygon."""
    found = Commune.objects.annotate(size=Length(Cast("geometry", TextField()))).order_by("insee")
    state = tuple(found.values_list("insee", "geometry_source", "size"))
    return ({}, None) if any(size is None for _insee, _source, size in state) else _drawn_at(state)


@lru_cache(maxsize=2)
def _drawn_at(state: tuple[tuple[str, str, int], ...]) -> "tuple[dict[str, str], Frame | None]":
    """The paths of the polygons as they stand; `state` only says whether they may have changed."""
    del state
    return _drawn({c.insee: json.dumps(c.geometry) for c in Commune.objects.only("insee", "geometry")})


@dataclass(frozen=True, slots=True)
class Frame:
    """From degrees (WGS 84) to the drawing: its north-west corner, and how many of its units a degree takes."""

    west: float
    north: float
    across: float
    scale: float

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        return 2 + (longitude - self.west) * self.across * self.scale, 2 + (self.north - latitude) * self.scale

    def text(self, longitude: float, latitude: float) -> str:
        x, y = self.at(longitude, latitude)
        return f"{x:.0f} {y:.0f}"


def paths(geojson: Mapping[str, str]) -> dict[str, str]:
    """Polygons (GeoJSON texts, WGS 84) -> SVG paths, simplified together so that neighbours still share a border."""
    return _drawn(geojson)[0]


def _drawn(geojson: Mapping[str, str]) -> tuple[dict[str, str], Frame | None]:
    if not geojson:
        return {}, None
    codes = sorted(geojson)
    polygons = shapely.from_geojson([geojson[code] for code in codes])
    simple = shapely.coverage_simplify(polygons, _TOLERANCE)
    west, south, east, north = shapely.total_bounds(simple)
    across = math.cos(math.radians((south + north) / 2))
    made = Frame(west, north, across, (WIDTH - 4) / ((east - west) * across))
    return {code: _path(shape, made.text) for code, shape in zip(codes, simple, strict=True)}, made


def _path(shape: Any, point: Any) -> str:
    rings = []
    for part in shapely.get_parts(shape):
        drawn: list[str] = []
        for lon, lat in shapely.get_coordinates(shapely.get_exterior_ring(part)):
            spot = point(lon, lat)
            if not drawn or drawn[-1] != spot:
                drawn.append(spot)
        rings.append("M" + "L".join(drawn[:-1]) + "Z")
    return "".join(rings)


def territory_map(lines: Sequence[CommuneLine], drawn: Mapping[str, str]) -> SafeString:
    """The map as SVG: each commune a link that bears its name and what it saved, in percent where it is counted."""
    if not lines:
        return mark_safe("")
    if drawn:
        body, height = _shaped(lines, drawn)
    else:
        body, height = _tiled(lines)
    label = escape(_("Map of the communes; the list beside it says the same."), quote=True)
    svg = f'<svg viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{label}">{body}</svg>'
    return mark_safe(f'<div class="map">{svg}</div>')  # noqa: S308 - every text in it is escaped


def verdict_of(line: CommuneLine) -> str:
    """The verdict shown for a commune: not proven while none of its meters is counted, "" without any meter."""
    if line.energy is not None:
        return line.energy.verdict.value
    return "not_proven" if line.counts.meters else ""


def short_value(line: CommuneLine) -> str:
    """`−8 %`: what was used against what was expected; `?` where nothing is proven, a dash without meters."""
    if line.energy is None or line.energy.percent is None:
        return "?" if line.counts.meters else "–"
    return used(line.energy.percent / 100)


def _link(line: CommuneLine, inside: str) -> str:
    href = escape(reverse("portal:commune", args=(line.slug,)), quote=True)
    label = escape(f"{line.name}, {short_value(line)}", quote=True)
    verdict = verdict_of(line)
    kind = f' class="m-{verdict}"' if verdict else ""
    return f'<a href="{href}"{kind} tabindex="-1" aria-label="{label}"><title>{label}</title>{inside}</a>'


def _shaped(lines: Sequence[CommuneLine], drawn: Mapping[str, str]) -> tuple[str, int]:
    areas, labels, height = [], [], 0
    for line in lines:
        path = drawn.get(line.insee, "")
        xs, ys = corners(path)
        height = max([height, *ys])
        areas.append(_link(line, f'<path d="{path}"/>'))
        if xs:
            x, y = middle_of(path)
            labels.append(f'<text x="{x}" y="{y + 5}" aria-hidden="true">{escape(short_value(line))}</text>')
    return "".join(areas + labels), height + 2


def corners(path: str) -> tuple[list[int], list[int]]:
    """The x and the y of a path's points."""
    numbers = [int(n) for n in path.replace("M", " ").replace("L", " ").replace("Z", " ").split()]
    return numbers[::2], numbers[1::2]


def middle_of(path: str) -> tuple[int, int]:
    """A point well inside the largest ring."""
    rings = [corners(ring) for ring in path.split("Z") if ring]
    polygons = [shapely.Polygon(list(zip(xs, ys, strict=True))) for xs, ys in rings if len(xs) > 2]
    inside = shapely.maximum_inscribed_circle(max(polygons, key=lambda polygon: polygon.area), tolerance=2)
    x, y = shapely.get_coordinates(inside)[0]
    return round(x), round(y)


def _tiled(lines: Sequence[CommuneLine]) -> tuple[str, int]:
    columns = [line.tile_column for line in lines]
    rows = [line.tile_row for line in lines]
    side = WIDTH / (max(columns) - min(columns) + 1)
    parts = []
    for line in lines:
        x = (line.tile_column - min(columns)) * side + 2
        y = (line.tile_row - min(rows)) * side + 2
        middle = round(x + side / 2 - 2)
        inside = (
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{side - 4:.0f}" height="{side - 4:.0f}" rx="3"/>'
            f'<text class="m-name" x="{middle}" y="{y + side * 0.36:.0f}">{escape(short_name(line.name))}</text>'
            f'<text x="{middle}" y="{y + side * 0.64:.0f}">{escape(short_value(line))}</text>'
        )
        parts.append(_link(line, inside))
    return "".join(parts), round(side * (max(rows) - min(rows) + 1))


def short_name(name: str) -> str:
    """A commune's name in at most eleven letters: articles and second halves go."""
    words = name.replace("Sainte-", "Ste ").replace("Saint-", "St ").removeprefix("Les ").removeprefix("Le ")
    first = words if len(words) <= 11 else words.split("-")[0]
    return first if len(first) <= 11 else first[:10] + "."
