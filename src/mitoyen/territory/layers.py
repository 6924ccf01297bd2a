"""Files with a geometry as a table: GeoJSON, GeoPackage, shapefile (zipped or not). A point stands for each shape."""

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.tables import MOST_ROWS, Table, check_columns, check_file, read_csv
from mitoyen.territory.unzip import extract_shapefile

_WGS84 = "EPSG:4326"
_SQLITE = b"SQLite format 3\x00"
_SHAPEFILE = b"\x00\x00\x27\x0a"


def read(path: Path, layer: str = "") -> Table:
    """The table of a CSV, GeoJSON, GeoPackage or shapefile (.zip, .shp), told by its content. Raises Refused."""
    check_file(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_SQLITE):
        return _read_layer(path, "geopackage", layer)
    if head.startswith(_SHAPEFILE):
        return _read_layer(path, "shapefile", "")
    if head.startswith(b"PK"):
        return _read_zip(path, layer)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return _read_geojson(path)
    return read_csv(path)


def _read_zip(path: Path, layer: str) -> Table:
    staging = Path(settings.MITOYEN_HOME) / "staging"
    with tempfile.TemporaryDirectory(dir=staging if staging.is_dir() else None) as folder:
        shapefile, name = extract_shapefile(path, Path(folder), layer)
        with shapefile.open("rb") as file:
            if file.read(4) != _SHAPEFILE:
                raise Refused(_("%(name)s.shp is no shapefile.") % {"name": name}, code="bad_shapefile")
        table = _read_layer(shapefile, "shapefile", "")
    table.facts["layer"] = name
    return table


def _read_layer(path: Path, kind: str, layer: str) -> Table:
    """Through GDAL, which only ever gets a file whose first bytes are those of a GeoPackage or a shapefile."""
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            name = _layer_name(path, layer) if kind == "geopackage" else None
            info = pyogrio.read_info(path, layer=name)
            if info["features"] > MOST_ROWS:
                raise Refused(_("The file holds more than %(n)s rows.") % {"n": MOST_ROWS}, code="too_many_rows")
            meta, numbers, shapes, values = pyogrio.raw.read(
                path, layer=name, return_fids=True, datetime_as_string=True
            )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, RuntimeError, ValueError) as error:
        raise Refused(
            _("This %(kind)s can't be read: %(error)s") % {"kind": kind, "error": error}, code=f"bad_{kind}"
        ) from error
    columns = [str(column) for column in meta["fields"]]
    check_columns(columns)
    cells = [[_cell(value) for value in column] for column in values]
    rows = [list(row) for row in zip(*cells, strict=True)] if cells else [[] for _n in numbers]
    first = 1 if kind == "shapefile" else 0  # A shapefile's features are numbered from 0.
    table = Table(kind, columns, rows, [int(number) + first for number in numbers], crs=str(meta.get("crs") or ""))
    table.points = _points(shapely.from_wkb(shapes, on_invalid="ignore")) if shapes is not None else None
    table.facts = {"encoding": str(meta.get("encoding") or ""), "layer": name or ""}
    if said:
        table.facts["warning"] = str(said[0].message)
    return table


def _layer_name(path: Path, layer: str) -> str:
    names = [str(name) for name, _geometry in pyogrio.list_layers(path)]
    if layer in names:
        return layer
    if layer or len(names) != 1:
        raise Refused(
            _("The file holds these layers: %(names)s.") % {"names": ", ".join(names[:20])},
            _("Say which one with --layer."),
            code="several_layers",
        )
    return names[0]


def _cell(value: Any) -> Any:
    """A plain Python value that JSON can hold; None for nan."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, bool | int) else str(value)


def _read_geojson(path: Path) -> Table:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_constant)
        features = {"FeatureCollection": content.get("features"), "Feature": [content]}[content["type"]]
        properties = [dict(feature.get("properties") or {}) for feature in features]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(
            _("This is not a GeoJSON file."), _("Give a FeatureCollection in UTF-8."), code="bad_geojson"
        ) from error
    for feature, values in zip(features, properties, strict=True):
        if feature.get("id") is not None:
            values.setdefault("id", feature["id"])
    columns = list(dict.fromkeys(str(name) for values in properties for name in values))
    check_columns(columns)
    if len(features) > MOST_ROWS:
        raise Refused(_("The file holds more than %(n)s rows.") % {"n": MOST_ROWS}, code="too_many_rows")
    rows = [[values.get(column) for column in columns] for values in properties]
    table = Table("geojson", columns, rows, list(range(1, len(rows) + 1)), crs=_named_crs(content))
    shapes = [_shape(feature.get("geometry"), number, table) for number, feature in enumerate(features, 1)]
    table.points = _points(np.array(shapes, dtype=object))
    bad = {ground.line for ground in table.refused}
    kept = [i for i, line in enumerate(table.lines) if line not in bad]
    if bad:
        table.rows, table.lines = [table.rows[i] for i in kept], [table.lines[i] for i in kept]
        table.points = table.points[kept]
    return table


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _named_crs(content: dict[str, Any]) -> str:
    named = content.get("crs")
    name = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    return str(name) if name else _WGS84


def _shape(geometry: Any, number: int, table: Table) -> Any:
    if geometry is None:
        return None
    try:
        return shapely.geometry.shape(geometry)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        table.refused.append(Ground("bad_geometry", str(error)[:200], number))
        return None


def _points(shapes: NDArray[Any]) -> NDArray[np.float64]:
    """A point on each shape: itself, or one that is surely on it; nan for none."""
    points = np.full((len(shapes), 2), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if there.any():
        points[there] = shapely.get_coordinates(shapely.point_on_surface(shapes[there]))
    return points
