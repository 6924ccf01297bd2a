"""The communes' polygons, from a GeoJSON file of any year: codes that merged since are put together."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyproj
import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry import mapping, shape

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.models import Commune

LARGEST_FILE = 200 * 1024 * 1024
CODE_NAMES = ("code", "insee", "code_insee", "codgeo", "insee_com", "com", "code_commune", "codeinsee")
_METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a file of polygons gave. Each list holds INSEE codes; `merged` maps a commune to the codes put together."""

    source: str
    features: int
    matched: list[str]
    missing: list[str]
    merged: dict[str, list[str]]
    outside: int
    far: list[str]

    def to_json(self) -> dict[str, Any]:
        """The report as `mitoyen communes load --json` prints it."""
        return {
            "source": self.source,
            "features": self.features,
            "matched": self.matched,
            "missing": self.missing,
            "merged": self.merged,
            "outside": self.outside,
            "far": self.far,
        }


def load_polygons(path: Path, source: str, by: str = "mitoyen communes load") -> Report:
    """Give each commune its polygon from a GeoJSON file (WGS 84, or the `crs` it names), all or nothing.

    A commune made of former ones takes the union of its own code's polygon and theirs, whichever are there. `far`
    lists communes whose centre point lies more than 5 km from the polygon: a sign that the file's codes are others.
    Raises Refused for a file that is no GeoJSON of communes, or that holds none of them.
    """
    features, to_wgs84 = _read(path)
    shapes = _shapes_by_code(features, to_wgs84)
    matched, missing, far = [], [], []
    merged: dict[str, list[str]] = {}
    used: set[str] = set()
    with transaction.atomic():
        for commune in Commune.objects.order_by("insee"):
            codes = [code for code in (commune.insee, *commune.former_codes) if code in shapes]
            if not codes:
                missing.append(commune.insee)
                continue
            polygon = shapely.unary_union([shapes[code] for code in codes])
            used.update(codes)
            if len(codes) > 1:
                merged[commune.insee] = codes
            if polygon.distance(shapely.Point(commune.longitude, commune.latitude)) * _METRES_A_DEGREE > 5000:
                far.append(commune.insee)
            matched.append(commune.insee)
            commune.geometry = mapping(shapely.set_precision(polygon, 1e-6))
            commune.geometry_source = source[:200]
            commune.save(update_fields=["geometry", "geometry_source"])
        if not matched:
            raise Refused(
                _("No commune of the territory is in %(file)s.") % {"file": path.name},
                _("The INSEE code is read from a property named %(names)s.") % {"names": ", ".join(CODE_NAMES)},
                code="no_commune_matched",
            )
        audit.record(by, "communes.polygons_loaded", path.name, source=source, matched=len(matched))
    return Report(source, len(features), matched, missing, merged, len(set(shapes) - used), far)


def _read(path: Path) -> tuple[list[dict[str, Any]], Any]:
    if not path.is_file():
        raise Refused(_("%(file)s is not a file.") % {"file": path}, code="no_file")
    if path.stat().st_size > LARGEST_FILE:
        raise Refused(_("%(file)s is too large for communes' polygons.") % {"file": path.name}, code="too_large")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_constant)
        features = content["features"]
        known = all(isinstance(f["properties"], dict) and isinstance(f["geometry"], dict | None) for f in features)
        if content["type"] != "FeatureCollection" or not known:
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(
            _("%(file)s is not a GeoJSON file of polygons.") % {"file": path.name},
            _("Give a FeatureCollection in UTF-8, one feature a commune."),
            code="not_geojson",
        ) from error
    return features, _projection(content)


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _projection(content: dict[str, Any]) -> Any:
    """What turns the file's coordinates into WGS 84; None when they are so already."""
    named = content.get("crs")
    name = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    if not name:
        return None
    try:
        crs = pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError as error:
        raise Refused(_("The projection %(name)r is not known.") % {"name": str(name)[:80]}, code="bad_crs") from error
    if crs.is_geographic:
        return None
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform


def _shapes_by_code(features: list[dict[str, Any]], to_wgs84: Any) -> dict[str, Any]:
    shapes: dict[str, Any] = {}
    for position, feature in enumerate(features, 1):
        code = _code(feature["properties"])
        if code and feature["geometry"]:
            polygon = _polygon(feature["geometry"], to_wgs84, position)
            shapes[code] = shapely.unary_union([shapes[code], polygon]) if code in shapes else polygon
    return shapes


def _code(properties: dict[str, Any]) -> str | None:
    lowered = {str(name).lower(): value for name, value in properties.items()}
    found = next((lowered[name] for name in CODE_NAMES if lowered.get(name)), None)
    return str(found).strip().zfill(5) if found is not None else None


def _polygon(geometry: dict[str, Any], to_wgs84: Any, position: int) -> Any:
    def refuse(says: str) -> Refused:
        ground = Ground("bad_polygon", says, position)
        return Refused(_("Feature %(n)s is no polygon on the globe.") % {"n": position}, "", [ground], "bad_polygon")

    try:
        polygon = shape(geometry)
        polygon = shapely.transform(polygon, to_wgs84, interleaved=False) if to_wgs84 else polygon
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.ShapelyError) as error:
        raise refuse(str(error)[:200]) from error
    if polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
        raise refuse(polygon.geom_type)
    west, south, east, north = polygon.bounds
    if not (all(map(math.isfinite, polygon.bounds)) and -180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise refuse(_("coordinates are not degrees: give the projection in `crs`"))
    return polygon if polygon.is_valid else shapely.make_valid(polygon)
