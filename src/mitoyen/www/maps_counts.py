"""The territory with how many things wait in each commune, and where: drawn on the server, each a link.

The list beside it says the same; the drawing's links are for the pointer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from mitoyen.territory.models import Commune
from mitoyen.www.maps import WIDTH, Frame, corners, middle_of, short_name

MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Point:
    """One thing on the map: where (degrees), what a click opens, how grave (a class), what it is."""

    longitude: float
    latitude: float
    href: str
    level: str
    label: str


def counts_map(
    communes: Sequence[Commune],
    drawing: tuple[Mapping[str, str], Frame | None],
    counts: Mapping[str, int],
    hrefs: Mapping[str, str],
    points: Sequence[Point] = (),
) -> SafeString:
    """SVG: shapes with counts and points where polygons are known (`drawing` of `maps`), else tiles with counts."""
    if not communes:
        return mark_safe("")
    drawn, frame = drawing
    if drawn and frame is not None:
        body, height = _shaped(communes, drawn, counts, hrefs)
        body += "".join(_point(one, frame, height) for one in points[:MOST_POINTS])
    else:
        body, height = _tiled(communes, counts, hrefs)
    label = escape(_("Map of the communes; the list beside it says the same."), quote=True)
    svg = f'<svg viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{label}">{body}</svg>'
    return mark_safe(f'<div class="map map--counts">{svg}</div>')  # noqa: S308 - every text in it is escaped


def _link(commune: Commune, count: int, href: str, inside: str) -> str:
    label = escape(f"{commune.name}, {count}", quote=True)
    kind = ' class="m-some"' if count else ""
    return (
        f'<a href="{escape(href, quote=True)}"{kind} tabindex="-1" aria-label="{label}"><title>{label}</title>'
        f"{inside}</a>"
    )


def _shaped(
    communes: Sequence[Commune], drawn: Mapping[str, str], counts: Mapping[str, int], hrefs: Mapping[str, str]
) -> tuple[str, int]:
    areas, labels, height = [], [], 0
    for one in communes:
        path = drawn.get(one.insee, "")
        xs, ys = corners(path)
        height = max([height, *ys])
        count = counts.get(one.insee, 0)
        areas.append(_link(one, count, hrefs.get(one.insee, ""), f'<path d="{path}"/>'))
        if xs and count:
            x, y = middle_of(path)
            labels.append(f'<text x="{x}" y="{y + 6}" aria-hidden="true">{count}</text>')
    return "".join(areas + labels), height + 2


def _point(one: Point, frame: Frame, height: int) -> str:
    x, y = frame.at(one.longitude, one.latitude)
    if not (0 <= x <= WIDTH and 0 <= y <= height):
        return ""
    label = escape(one.label, quote=True)
    # Grave ones are square: colour never says it alone.
    mark = (
        f'<rect x="{x - 6:.0f}" y="{y - 6:.0f}" width="12" height="12"/>'
        if one.level == "danger"
        else f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6"/>'
    )
    return (
        f'<a href="{escape(one.href, quote=True)}" class="m-point m-{escape(one.level)}" tabindex="-1"'
        f' aria-label="{label}"><title>{label}</title>{mark}</a>'
    )


def _tiled(communes: Sequence[Commune], counts: Mapping[str, int], hrefs: Mapping[str, str]) -> tuple[str, int]:
    columns, rows = [one.tile_column for one in communes], [one.tile_row for one in communes]
    side = WIDTH / (max(columns) - min(columns) + 1)
    parts = []
    for one in communes:
        x, y = (one.tile_column - min(columns)) * side + 2, (one.tile_row - min(rows)) * side + 2
        middle, count = round(x + side / 2 - 2), counts.get(one.insee, 0)
        inside = (
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{side - 4:.0f}" height="{side - 4:.0f}" rx="3"/>'
            f'<text class="m-name" x="{middle}" y="{y + side * 0.36:.0f}">{escape(short_name(one.name))}</text>'
            f'<text x="{middle}" y="{y + side * 0.64:.0f}">{count or "–"}</text>'
        )
        parts.append(_link(one, count, hrefs.get(one.insee, ""), inside))
    return "".join(parts), round(side * (max(rows) - min(rows) + 1))
