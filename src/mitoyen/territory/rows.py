"""From a table and its settled mapping to rows of things: key, name, place, commune, attributes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyproj
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.locate import locator
from mitoyen.territory.mapping import Mapping
from mitoyen.territory.models import Commune
from mitoyen.territory.register import commune_named
from mitoyen.territory.spelling import plain
from mitoyen.territory.tables import Table

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})([.,]\d+)?")
_THOUSANDS = re.compile(r"\d{1,3},\d{3}")
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing as told. `commune`: INSEE code, None outside of the territory, "" when the file does not say."""

    line: int
    key: str
    name: str
    lon: float | None
    lat: float | None
    commune: str | None
    part_of: str
    attributes: dict[str, Any]


@dataclass
class Rows:
    """The rows that can be taken, those refused, and what was noticed on the way (counts of it)."""

    rows: list[Row] = field(default_factory=list)
    refused: list[Ground] = field(default_factory=list)
    duplicates: list[Ground] = field(default_factory=list)
    unknown_communes: Counter[str] = field(default_factory=Counter)
    located: bool = False


def rows_of(table: Table, mapping: Mapping) -> Rows:
    """Every row of the table under a settled mapping. Raises Refused when nothing identifies a thing."""
    made = Rows(refused=list(table.refused))
    columns = _typed_columns(table, mapping)
    points, lonlat = _places(table, mapping, made.refused)
    if not mapping.id and points is None:
        raise Refused(
            _("Nothing tells one thing of this file from another."),
            _("Say which column does: --id COLUMN. The file has: %(columns)s.")
            % {"columns": ", ".join(table.columns[:60])},
            code="no_id",
        )
    communes = _communes(table, mapping, lonlat, made)
    names = _texts(table, mapping.name)
    parents = _texts(table, mapping.part_of)
    keys = _texts(table, mapping.id) if mapping.id else _keys_by_place(points)
    bad = {ground.line for ground in made.refused}
    for i, line in enumerate(table.lines):
        if line in bad:
            continue
        if not keys[i]:
            made.refused.append(Ground("no_id", _("no identifier"), line))
            continue
        lon, lat = (None, None) if lonlat is None or np.isnan(lonlat[i]).any() else map(float, lonlat[i].round(7))
        attributes = {name: values[i] for name, values in columns.items() if values[i] not in ("", None)}
        key = keys[i][:200]
        made.rows.append(Row(line, key, names[i][:160], lon, lat, communes[i], parents[i], attributes))
    return made


def _typed_columns(table: Table, mapping: Mapping) -> dict[str, list[Any]]:
    """The attributes: every column that has no other role, under the name that the mapping gives it."""
    roles = {mapping.name, mapping.part_of, mapping.lon, mapping.lat, mapping.id}
    if mapping.commune in table.columns:
        roles.add(mapping.commune)
    renamed = {column: name for name, column in mapping.attributes.items()}
    typed = {}
    for position, column in enumerate(table.columns):
        if column in renamed or column not in roles:
            values = [row[position] for row in table.rows]
            cells = _numbers(values, table.facts.get("separator", "")) if table.format == "csv" else values
            typed[_clean(renamed.get(column, column))[:60]] = [_clean(v) if isinstance(v, str) else v for v in cells]
    return typed


def _numbers(cells: list[str], separator: str) -> list[Any]:
    """A column of CSV texts as numbers when all of them are numbers written one way, else as they are.

    Leading zeros make a code, not a number. In a file cut by commas, 1,234 may be a thousand: it stays a text.
    """
    filled = [cell for cell in cells if cell]
    if not filled or not all(_NUMBER.fullmatch(cell) for cell in filled):
        return cells
    commas = [cell for cell in filled if "," in cell]
    if commas and any("." in cell for cell in filled):
        return cells
    if separator == "," and commas and all(_THOUSANDS.fullmatch(cell) for cell in commas):
        return cells
    if any(mark in cell for cell in filled for mark in ",."):
        return [float(cell.replace(",", ".")) if cell else None for cell in cells]
    return [int(cell) if cell else None for cell in cells]


def _places(
    table: Table, mapping: Mapping, refused: list[Ground]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """The points as the file has them, and in degrees (lon, lat, WGS 84); None and None without any."""
    points, crs = table.points, mapping.crs or table.crs
    if points is None:
        if bool(mapping.lon) != bool(mapping.lat):
            raise Refused(_("A point needs both --lon and --lat."), code="half_a_point")
        if not mapping.lon:
            return None, None
        points, crs = _points_of_columns(table, mapping, refused), mapping.crs or "EPSG:4326"
    if not crs:
        raise Refused(
            _("The file does not say in which projection its coordinates are."),
            _("Say it with --crs, for instance --crs EPSG:2154 for Lambert-93."),
            code="no_crs",
        )
    return points, _degrees(points, crs, table.lines, refused)


def _points_of_columns(table: Table, mapping: Mapping, refused: list[Ground]) -> NDArray[np.float64]:
    at = table.columns.index(mapping.lon), table.columns.index(mapping.lat)
    points = np.full((len(table.rows), 2), np.nan)
    for i, row in enumerate(table.rows):
        texts = [str(row[position] if row[position] is not None else "").replace(",", ".").strip() for position in at]
        if not any(texts):
            continue
        try:
            points[i] = [float(text) for text in texts]
            if not np.isfinite(points[i]).all():
                raise ValueError
        except ValueError:
            points[i] = np.nan
            says = _("%(x)s, %(y)s is not a point") % {"x": texts[0][:30], "y": texts[1][:30]}
            refused.append(Ground("bad_point", says, table.lines[i]))
    return points


def _degrees(points: NDArray[np.float64], crs: str, lines: Sequence[int], refused: list[Ground]) -> NDArray[np.float64]:
    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise Refused(
            _("The projection %(name)r is not known.") % {"name": crs[:80]},
            _("Give a code such as EPSG:2154 (Lambert-93) or EPSG:4326 (degrees)."),
            code="bad_crs",
        ) from error
    turned = pyproj.Transformer.from_crs(known, "EPSG:4326", always_xy=True).transform(points[:, 0], points[:, 1])
    lonlat = np.column_stack(turned)
    given = ~np.isnan(points).any(axis=1)
    with np.errstate(invalid="ignore"):
        sound = (np.abs(lonlat[:, 0]) <= 180) & (np.abs(lonlat[:, 1]) <= 90)
    for i in map(int, np.flatnonzero(given & ~sound)):
        where = {"x": f"{points[i, 0]:g}", "y": f"{points[i, 1]:g}", "crs": known.name}
        refused.append(Ground("not_on_earth", _("%(x)s, %(y)s is nowhere on Earth in %(crs)s") % where, lines[i]))
    lonlat[~(given & sound)] = np.nan
    return lonlat


def _communes(table: Table, mapping: Mapping, lonlat: NDArray[np.float64] | None, made: Rows) -> list[str | None]:
    """Each row's commune: from the column or the constant given, else by the polygon around its point."""
    if mapping.commune in table.columns:
        return _communes_of_column(table, mapping.commune, made)
    if mapping.commune:
        return [commune_named(mapping.commune).insee] * len(table.rows)
    known = locator()
    if lonlat is None or not known.communes:
        return [""] * len(table.rows)
    made.located = True
    found = known.communes_at(lonlat[:, 0], lonlat[:, 1])
    there = ~np.isnan(lonlat.sum(axis=1))
    codes = [commune.insee for commune in known.communes]
    return [codes[at] if at >= 0 else None if there[i] else "" for i, at in enumerate(found.tolist())]


def _communes_of_column(table: Table, column: str, made: Rows) -> list[str | None]:
    by_text: dict[str, str] = {}
    for commune in Commune.objects.defer("geometry"):
        for text in (commune.insee, plain(commune.name), commune.slug, *commune.former_codes):
            by_text[text] = commune.insee
    found: list[str | None] = []
    for text in _texts(table, column):
        code = by_text.get(plain(text)) if text else ""
        if text and code is None:
            made.unknown_communes[text] += 1
        found.append(code)
    return found


def _texts(table: Table, column: str) -> list[str]:
    """A column as texts: whole numbers without a decimal point; "" throughout for no column."""
    if not column:
        return [""] * len(table.rows)
    at = table.columns.index(column)
    return [_text(row[at]) for row in table.rows]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _clean(str(value))


def _clean(text: str) -> str:
    """Without the characters that no database or page takes: controls and lone surrogates."""
    return _NOT_PRINTED.sub(" ", text).strip()


def _keys_by_place(points: NDArray[np.float64] | None) -> list[str]:
    """Where a thing stands identifies it, to a tenth of a millimetre (1e-9 degree), when nothing else does."""
    assert points is not None
    metres = np.nanmax(np.abs(points), initial=0.0) > 360
    digits = 4 if metres else 9
    return ["" if np.isnan(point).any() else f"@{point[0]:.{digits}f},{point[1]:.{digits}f}" for point in points]
