"""The communes' polygons: the real ones of 2018, in which two communes of today are still apart."""

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import mapping, shape

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory import locate, shapes
from mitoyen.territory.models import Commune

SQUARE = {"type": "Polygon", "coordinates": [[[-0.6, 47.4], [-0.5, 47.4], [-0.5, 47.5], [-0.6, 47.5], [-0.6, 47.4]]]}
METRES = {"type": "Polygon", "coordinates": [[[4e5, 6e6], [5e5, 6e6], [5e5, 7e6], [4e5, 6e6]]]}


def write(folder: Path, features: list[dict[str, Any]], **more: Any) -> Path:
    file = folder / "communes.geojson"
    content = {"type": "FeatureCollection", "features": features, **more}
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def feature(code: str, geometry: Any = SQUARE, name: str = "code") -> dict[str, Any]:
    return {"type": "Feature", "properties": {name: code}, "geometry": geometry}


def test_every_commune_gets_its_polygon_and_the_codes_of_2018_are_merged(polygons):
    assert (len(polygons.matched), polygons.missing, polygons.far) == (29, [], [])
    assert polygons.merged == {"49298": ["49298", "49289"], "49377": ["49377", "49337"]}
    assert polygons.features - polygons.outside == 31
    assert AuditEntry.objects.get(action="communes.polygons_loaded").action == "communes.polygons_loaded"


def test_the_facts_typed_in_agree_with_the_polygons(polygons):
    for commune in Commune.objects.all():
        found = locate.commune_at(commune.longitude, commune.latitude)
        assert found == commune, f"the centre point of {commune} lies in {found}"


def test_the_territory_has_its_real_area(polygons):
    areas = [shape(commune.geometry).area for commune in Commune.objects.all()]
    square_km = sum(areas) * 111.32**2 * 0.6763  # cosine of 47.45 degrees
    assert 660 < square_km < 690  # 667 km² after the metropolis


def test_loading_again_gives_the_same(polygons, real_data):
    before = list(Commune.objects.values_list("insee", "geometry"))
    shapes.load_polygons(real_data / "geo" / "communes-49-maine-et-loire.geojson", "france-geojson")
    assert list(Commune.objects.values_list("insee", "geometry")) == before


def test_a_point_outside_the_territory_is_in_no_commune(polygons):
    assert locate.commune_at(2.35, 48.85) is None
    assert locate.commune_at(float("nan"), 47.0) is None


def test_nothing_is_located_before_polygons_are_loaded(communes):
    assert locate.commune_at(-0.5562, 47.4766) is None


def test_what_does_not_match_is_reported(communes, tmp_path):
    report = shapes.load_polygons(write(tmp_path, [feature("49007"), feature("75056")]), "mine")
    assert report.matched == ["49007"]
    assert len(report.missing) == 28
    assert report.outside == 1


def test_a_polygon_far_from_its_commune_is_reported(communes, tmp_path):
    away = {"type": "Polygon", "coordinates": [[[2.3, 48.8], [2.4, 48.8], [2.4, 48.9], [2.3, 48.8]]]}
    assert shapes.load_polygons(write(tmp_path, [feature("49007", away)]), "mine").far == ["49007"]


@pytest.mark.parametrize("name", ["INSEE_COM", "code_insee", "codgeo"])
def test_the_code_is_found_under_the_names_that_producers_use(communes, tmp_path, name):
    assert shapes.load_polygons(write(tmp_path, [feature("49007", name=name)]), "mine").matched == ["49007"]


def test_a_file_in_lambert_93_that_says_so_is_turned_into_degrees(communes, tmp_path):
    import pyproj

    to_lambert = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True).transform
    projected = mapping(shapely.transform(shape(SQUARE), to_lambert, interleaved=False))
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    shapes.load_polygons(write(tmp_path, [feature("49007", projected)], crs=crs), "mine")
    assert locate.commune_at(-0.55, 47.45) == communes["49007"]


@pytest.mark.parametrize(
    ("features", "code"),
    [
        ([feature("49007", {"type": "Point", "coordinates": [0, 0]})], "bad_polygon"),
        ([feature("49007", {"type": "Polygon", "coordinates": "x"})], "bad_polygon"),
        ([feature("49007", METRES)], "bad_polygon"),
        ([feature("75056")], "no_commune_matched"),
        ([], "no_commune_matched"),
    ],
)  # fmt: skip
def test_a_bad_feature_is_refused_and_nothing_is_changed(communes, tmp_path, features, code):
    with pytest.raises(Refused) as refusal:
        shapes.load_polygons(write(tmp_path, features), "mine")
    assert refusal.value.code == code
    assert not Commune.objects.filter(geometry__isnull=False).exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"type": "FeatureCollection"}', b"[" * 100_000, b"\xff\xfe", b'{"a": NaN}']
)
def test_what_is_no_geojson_is_refused(communes, tmp_path, content):
    file = tmp_path / "communes.geojson"
    file.write_bytes(content)
    with pytest.raises(Refused) as refusal:
        shapes.load_polygons(file, "mine")
    assert refusal.value.code == "not_geojson"
