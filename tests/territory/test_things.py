"""Registers of things from files: each format people have, safe to repeat, and nothing that is hostile gets through."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory import register, unzip
from mitoyen.territory.mapping import Mapping
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.things import Report, import_things

pytestmark = pytest.mark.django_db

BUILDINGS = """id;name;commune;surface;ouvert
EC-1;École Jean-Zay;Angers;1 250,5;07:30
EC-2;Mairie;49015;830,0;08:00
"""


def write(folder: Path, text: str, name: str = "batiments.csv", encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def take(file: Path, **options: Any) -> Report:
    dry_run = options.pop("dry_run", False)
    return import_things(file, Mapping(**options), "agent@example.org", dry_run=dry_run)


def counts(report: Report) -> tuple[int, int, int]:
    return report.new, report.changed, report.unchanged


def refusal_of(file: Path, **options: Any) -> Refused:
    before = Thing.objects.count()
    with pytest.raises(Refused) as refusal:
        take(file, **options)
    assert Thing.objects.count() == before
    return refusal.value


class TestCsv:
    def test_buildings_get_their_name_commune_and_attributes(self, communes, tmp_path):
        report = take(write(tmp_path, BUILDINGS))
        assert counts(report) == (2, 0, 0)
        school = Thing.objects.get(slug="ec-1")
        assert (school.name, school.commune_id, school.kind) == ("École Jean-Zay", "49007", "building")
        assert (school.source, school.source_key) == ("batiments.csv", "EC-1")
        assert Thing.objects.get(slug="ec-2").commune_id == "49015"

    def test_taking_it_again_changes_nothing(self, communes, tmp_path):
        file = write(tmp_path, BUILDINGS)
        take(file)
        before = list(Thing.objects.values())
        assert counts(take(file)) == (0, 0, 2)
        assert list(Thing.objects.values()) == before

    def test_a_changed_row_is_updated_a_new_one_made_and_one_that_is_gone_is_kept_and_said(self, communes, tmp_path):
        take(write(tmp_path, BUILDINGS))
        later = BUILDINGS.replace("Mairie", "Hôtel de ville").replace("EC-1", "EC-3")
        report = take(write(tmp_path, later))
        assert (*counts(report), report.gone) == (1, 1, 0, 1)
        assert Thing.objects.get(slug="ec-2").name == "Hôtel de ville"
        assert Thing.objects.count() == 3

    def test_what_an_agent_added_is_kept(self, communes, tmp_path):
        take(write(tmp_path, BUILDINGS))
        school = Thing.objects.get(slug="ec-1")
        school.attributes["users"] = 212
        school.save()
        take(write(tmp_path, BUILDINGS.replace("1 250,5", "1 300,0")))
        assert Thing.objects.get(slug="ec-1").attributes == {"users": 212, "surface": "1 300,0", "ouvert": "07:30"}

    def test_a_dry_run_says_the_same_and_writes_nothing(self, communes, tmp_path):
        report = take(write(tmp_path, BUILDINGS), dry_run=True)
        assert counts(report) == (2, 0, 0)
        assert not Thing.objects.exists()
        assert not AuditEntry.objects.filter(action="things.imported").exists()

    def test_an_import_is_audited(self, communes, tmp_path):
        take(write(tmp_path, BUILDINGS))
        entry = AuditEntry.objects.get(action="things.imported")
        assert (entry.action, entry.subject, entry.actor) == ("things.imported", "batiments.csv", "agent@example.org")
        assert json.loads(entry.detail)["new"] == 2

    @pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    def test_any_separator_and_encoding(self, communes, tmp_path, separator, encoding):
        text = f"id{separator}name\nEC-1{separator}École « Zay »\nEC-2{separator}Œuvre\n"
        take(write(tmp_path, text, encoding=encoding))
        assert list(Thing.objects.values_list("name", flat=True)) == ["École « Zay »", "Œuvre"]

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("id;x\na;1,5\nb;\nc;-0,25\n", [1.5, None, -0.25]),
            ("id;x\na;1.5\nb;2\nc;3\n", [1.5, 2.0, 3.0]),
            ("id;x\na;12\nb;7\nc;0\n", [12, 7, 0]),
            ("id;x\na;007\nb;12\nc;1\n", ["007", "12", "1"]),
            ("id;x\na;1,5\nb;1.5\nc;2\n", ["1,5", "1.5", "2"]),
            ('id,x\na,"1,234"\nb,"5,678"\nc,"9,012"\n', ["1,234", "5,678", "9,012"]),
            ("id;x\na;1e308\nb;2\nc;NaN\n", ["1e308", "2", "NaN"]),
            ("id;x\na;=1+1\nb;2\nc;3\n", ["=1+1", "2", "3"]),
        ],
    )
    def test_a_column_is_of_numbers_only_when_each_cell_surely_is(self, db, tmp_path, text, values):
        take(write(tmp_path, text))
        assert [thing.attributes.get("x") for thing in Thing.objects.order_by("slug")] == values

    def test_lines_above_the_header_and_blank_ones_are_passed(self, db, tmp_path):
        take(write(tmp_path, "Patrimoine bâti\n\nid;name\nEC-1;École\n\nEC-2;Mairie\n;\n"))
        assert Thing.objects.count() == 2

    def test_a_row_that_can_t_be_taken_is_left_out_with_its_line(self, db, tmp_path):
        report = take(write(tmp_path, 'id;name\nEC-1;"École\nJean Zay"\nEC-2\n;Mairie\nEC-3;Stade\n'))
        assert [(ground.line, ground.code) for ground in report.refused] == [(4, "wrong_width"), (5, "no_id")]
        assert (report.rows, report.new) == (4, 2)

    def test_an_identifier_twice_in_the_file_is_taken_once_and_said(self, db, tmp_path):
        report = take(write(tmp_path, "id;name\nEC-1;École\nEC-1;École\nEC-1;Mairie\n"))
        assert (report.new, report.duplicates) == (1, 2)
        assert [(n.line, n.code) for n in report.notes if n.line] == [(3, "duplicate"), (4, "duplicate_differs")]
        assert Thing.objects.get().name == "École"

    def test_the_real_buildings_of_montpellier(self, communes, real_data):
        report = take(real_data / "equipment" / "montpellier-batiments.csv", name="PATRLIB")
        assert counts(report) == (3356, 0, 0)
        assert report.facts["encoding"] == "cp1252"
        assert report.columns[:3] == ["OBJECTID", "TARGET_FID", "CODCOMM"]
        first = Thing.objects.get(source_key="497")
        assert first.name == "Musée Agropolis"
        assert first.attributes["AREA"] == pytest.approx(3891.48903438)
        assert first.attributes["LIBQUART"] == "HOPITAUX-FACULTES"
        assert first.commune is None
        assert counts(take(real_data / "equipment" / "montpellier-batiments.csv", name="PATRLIB")) == (0, 0, 3356)

    def test_attributes_get_the_name_that_a_usage_declares(self, db, tmp_path):
        take(write(tmp_path, "id;SURF\nEC-1;1250,5\n"), attributes={"floor_area_m2": "surf"})
        assert Thing.objects.get().attributes == {"floor_area_m2": 1250.5}


class TestColumns:
    def test_a_column_is_named_without_minding_case_and_accents(self, db, tmp_path):
        take(write(tmp_path, "Clé;Désignation\nEC-1;École\n"), id="cle", name="DESIGNATION")
        assert Thing.objects.get().name == "École"

    def test_a_column_that_is_not_there_is_refused_with_those_that_are(self, db, tmp_path):
        refused = refusal_of(write(tmp_path, BUILDINGS), id="matricule")
        assert refused.code == "no_column"
        assert "surface" in refused.next_step

    def test_without_identifier_or_place_the_columns_are_listed(self, db, tmp_path):
        refused = refusal_of(write(tmp_path, "a;b\n1;2\n"))
        assert refused.code == "no_id"
        assert "a, b" in refused.next_step

    def test_two_columns_of_one_name_are_refused(self, db, tmp_path):
        assert refusal_of(write(tmp_path, "id;Nom;nom\n1;2;3\n")).code == "duplicate_header"

    @pytest.mark.parametrize("kind", ["<b>", "Street Lamp", "x" * 61])
    def test_a_kind_is_a_plain_word(self, db, tmp_path, kind):
        assert refusal_of(write(tmp_path, BUILDINGS), kind=kind).code == "bad_kind"


class TestCommunes:
    def test_one_commune_for_the_whole_file(self, communes, tmp_path):
        take(write(tmp_path, "id;name\nEC-1;École\n"), commune="Écuillé")
        assert Thing.objects.get().commune_id == "49130"

    def test_a_commune_that_is_not_one_is_refused(self, communes, tmp_path):
        assert refusal_of(write(tmp_path, "id;name\nEC-1;École\n"), commune="Nantes").code == "unknown_commune"

    def test_a_cell_that_names_no_commune_leaves_the_thing_outside_and_is_said(self, communes, tmp_path):
        report = take(write(tmp_path, "id;commune\nEC-1;Nantes\nEC-2;ANGERS\n"))
        assert (report.without_commune, report.communes) == (1, {"49007": 1})
        assert any(note.code == "unknown_commune" and "Nantes" in note.message for note in report.notes)

    def test_by_polygon_and_outside_of_the_territory(self, polygons, tmp_path):
        text = "id;lon;lat\nin;-0,5562;47,4766\nout;2,35;48,85\nnone;;\n"
        report = take(write(tmp_path, text))
        found = {thing.slug: thing.commune_id for thing in Thing.objects.all()}
        assert found == {"in": "49007", "out": None, "none": None}
        assert report.without_commune == 2

    def test_by_polygon_from_lambert_93(self, polygons, tmp_path):
        x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True).transform(-0.5562, 47.4766)
        file = write(tmp_path, f"id;X;Y\nEC-1;{x:.2f};{y:.2f}\n".replace(".", ","))
        take(file, lon="x", lat="y", crs="EPSG:2154")
        thing = Thing.objects.get()
        assert [thing.longitude, thing.latitude] == pytest.approx([-0.5562, 47.4766], abs=1e-6)
        assert thing.commune_id == "49007"

    @pytest.mark.parametrize(
        ("cells", "code"),
        [
            ("500;47", "not_on_earth"),
            ("1e308;47", "not_on_earth"),
            ("abc;47", "bad_point"),
            ("NaN;47", "bad_point"),
            ("1;", "bad_point"),
        ],
    )
    def test_a_point_that_is_none_is_left_out_with_its_line(self, db, tmp_path, cells, code):
        report = take(write(tmp_path, f"id;lon;lat\nEC-1;{cells}\nEC-2;1;47\n"))
        assert [(g.line, g.code) for g in report.refused] == [(2, code)]
        assert report.new == 1

    def test_a_thing_that_moved_out_of_the_territory_leaves_its_commune(self, polygons, tmp_path):
        take(write(tmp_path, "id;lon;lat\na;-0,5562;47,4766\n"))
        assert take(write(tmp_path, "id;lon;lat\na;2,35;48,85\n")).changed == 1
        assert Thing.objects.get().commune is None


class TestMeters:
    def test_a_meter_is_part_of_a_building_and_stands_in_its_commune(self, communes, tmp_path):
        take(write(tmp_path, BUILDINGS))
        meters = "id;name;batiment\nPDL-1;Électricité;EC-1\nPDL-2;Gaz;ec-2\n"
        take(write(tmp_path, meters, "compteurs.csv"), kind="meter", part_of="batiment")
        meter = Thing.objects.get(slug="pdl-1")
        assert (meter.part_of, meter.commune_id) == (Thing.objects.get(slug="ec-1"), "49007")
        assert Thing.objects.get(slug="pdl-2").part_of == Thing.objects.get(slug="ec-2")

    def test_a_meter_of_an_unknown_building_is_left_out(self, communes, tmp_path):
        take(write(tmp_path, BUILDINGS))
        meters = "id;batiment\nPDL-1;EC-1\nPDL-2;EC-9\n"
        report = take(write(tmp_path, meters, "compteurs.csv"), kind="meter", part_of="batiment")
        assert [(g.line, g.code) for g in report.refused] == [(3, "no_parent")]


class TestNames:
    def test_a_thing_made_by_its_readings_is_adopted_by_the_register(self, communes, tmp_path):
        made = register.thing_for("ec-1")
        report = take(write(tmp_path, BUILDINGS))
        assert (report.adopted, report.new) == (1, 1)
        made.refresh_from_db()
        assert (made.name, made.source_key, made.commune_id) == ("École Jean-Zay", "EC-1", "49007")

    def test_numbers_get_the_register_s_name_before_them(self, db, tmp_path):
        take(write(tmp_path, "id;name\n1;École\n2;Mairie\n"))
        assert list(Thing.objects.values_list("slug", flat=True)) == ["batiments-1", "batiments-2"]

    def test_a_name_that_is_taken_gets_another(self, db, tmp_path):
        Thing.objects.create(slug="ec-1", name="x", kind="weather_station")
        take(write(tmp_path, "id;name\nEC-1;École\nEC 1;École\n"))
        assert set(Thing.objects.values_list("slug", flat=True)) == {"ec-1", "batiments-ec-1", "batiments-ec-1-3"}

    def test_the_same_register_under_another_file_name_is_refused_rather_than_doubled(self, communes, tmp_path):
        take(write(tmp_path, BUILDINGS, "batiments-2024.csv"))
        refused = refusal_of(write(tmp_path, BUILDINGS, "batiments-2025.csv"))
        assert refused.code == "other_source"
        report = take(write(tmp_path, BUILDINGS, "batiments-2025.csv"), source="batiments-2024.csv")
        assert counts(report) == (0, 0, 2)

    def test_another_register_with_the_same_identifiers_is_taken_when_it_is_named(self, communes, tmp_path):
        take(write(tmp_path, BUILDINGS))
        assert take(write(tmp_path, BUILDINGS, "autre.csv"), source="Avrillé").new == 2


HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE territory_thing; --",
    "../../etc/passwd",
    "=cmd|'/C calc'!A0",
    "a\x00b\x07",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_data(db, tmp_path, text):
    feature = {"type": "Feature", "properties": {"id": text, "name": text, text: text}, "geometry": None}
    file = write(tmp_path, json.dumps({"type": "FeatureCollection", "features": [feature]}), "x.geojson")
    take(file)
    thing = Thing.objects.get()
    assert thing.name == text.replace("\x00", " ").replace("\x07", "")
    register.check_slug(thing.slug)


class TestGeoJson:
    def feature(self, number, geometry, **properties):
        return {
            "type": "Feature",
            "id": number,
            "properties": {"nom": f"n° {number}", **properties},
            "geometry": geometry,
        }

    def collection(self, folder, *features, **more):
        content = {"type": "FeatureCollection", "features": features, **more}
        return write(folder, json.dumps(content), "x.geojson")

    def test_points_and_shapes(self, polygons, tmp_path):
        square = [[[-0.56, 47.47], [-0.55, 47.47], [-0.55, 47.48], [-0.56, 47.48], [-0.56, 47.47]]]
        file = self.collection(
            tmp_path,
            self.feature(1, {"type": "Point", "coordinates": [-0.5562, 47.4766]}),
            self.feature(2, {"type": "Polygon", "coordinates": square}, etages=3),
            self.feature(3, None),
        )
        report = take(file, kind="building")
        assert (report.new, report.communes, report.mapping.id) == (3, {"49007": 2}, "id")
        assert Thing.objects.get(source_key="2").attributes == {"etages": 3}

    def test_one_that_is_broken_is_left_out(self, db, tmp_path):
        good = self.feature(1, {"type": "Point", "coordinates": [-0.5, 47.4]})
        bad = [
            self.feature(n, geometry) for n, geometry in enumerate(({"type": "Point", "coordinates": "x"}, "x", {}), 2)
        ]
        report = take(self.collection(tmp_path, good, *bad))
        assert (report.new, [g.line for g in report.refused]) == (1, [2, 3, 4])

    def test_metres_passed_off_as_degrees_are_refused(self, db, tmp_path):
        file = self.collection(tmp_path, self.feature(1, {"type": "Point", "coordinates": [432_000.0, 6_700_000.0]}))
        refused = refusal_of(file)
        assert [ground.code for ground in refused.grounds] == ["not_on_earth"]
        assert take(file, crs="EPSG:2154").new == 1

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "[]",
            '{"type": "FeatureCollection"}',
            '{"type": "FeatureCollection", "features": [1]}',
            '{"type": 1, "features": 2}',
            '{"type": [], "features": 2}',
            '{"a": NaN}',
            "[" * 100_000,
        ],
    )
    def test_what_is_none_is_refused(self, db, tmp_path, text):
        assert refusal_of(write(tmp_path, text, "x.geojson")).code == "bad_geojson"


class TestGeoPackage:
    def test_the_real_bins_of_zurich_from_the_swiss_projection(self, communes, real_data):
        report = take(real_data / "equipment" / "zuerich-abfallgefaesse.gpkg", kind="bin")
        assert counts(report) == (4063, 0, 0)
        assert (report.facts["crs"], report.mapping.id) == ("EPSG:2056", "objectid")
        lon, lat = zip(*Thing.objects.values_list("longitude", "latitude"), strict=True)
        # Zürich lies between these degrees.
        assert 8.4 < min(lon) < max(lon) < 8.65
        assert 47.3 < min(lat) < max(lat) < 47.45
        assert counts(take(real_data / "equipment" / "zuerich-abfallgefaesse.gpkg", kind="bin")) == (0, 0, 4063)

    def test_a_file_that_only_begins_like_one_is_refused(self, db, tmp_path):
        file = tmp_path / "x.gpkg"
        file.write_bytes(b"SQLite format 3\x00" + b"\x01" * 5000)
        assert refusal_of(file).code == "bad_geopackage"


def shapefile(folder: Path, points: list[tuple[float, float]], crs: str | None = "EPSG:2154") -> Path:
    """A zipped shapefile with a column `genre`."""
    folder.mkdir(exist_ok=True)
    geometry = shapely.to_wkb(shapely.points(points))
    values = np.array([f"lampe {n}" for n in range(len(points))], dtype=object)
    pyogrio.raw.write(
        folder / "lampes.shp", geometry, [values], ["genre"], geometry_type="Point", crs=crs or "EPSG:2154"
    )
    if crs is None:
        (folder / "lampes.prj").unlink()
    archive = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in folder.iterdir():
            opened.write(file, f"données/{file.name}")
    return archive


class TestShapefile:
    def test_the_real_street_lights_of_montpellier(self, polygons, real_data):
        file = real_data / "equipment" / "montpellier-eclairage-public-shp-lambert93.zip"
        report = take(file, kind="street_lamp")
        assert (report.rows, report.new, report.duplicates) == (29_969, 29_845, 124)
        assert report.without_commune == 29_845
        lon, lat = zip(*Thing.objects.values_list("longitude", "latitude"), strict=True)
        assert 3.79 < min(lon) < max(lon) < 3.96
        assert 43.56 < min(lat) < max(lat) < 43.66
        assert sum("type_lante" not in thing.attributes for thing in Thing.objects.all()) == 27
        again = take(file, kind="street_lamp")
        assert (*counts(again), again.duplicates) == (0, 0, 29_845, 124)

    def test_in_a_folder_of_the_archive(self, polygons, tmp_path):
        to_lambert = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True).transform
        report = take(shapefile(tmp_path / "a", [to_lambert(-0.5562, 47.4766)]), kind="street_lamp")
        assert report.communes == {"49007": 1}

    def test_without_projection_it_is_asked_for(self, db, tmp_path):
        archive = shapefile(tmp_path / "a", [(432_000.0, 6_700_000.0)], crs=None)
        assert refusal_of(archive).code == "no_crs"
        assert take(archive, crs="EPSG:2154").new == 1

    def test_an_unknown_projection_is_refused(self, db, tmp_path):
        assert refusal_of(shapefile(tmp_path / "a", [(1.0, 2.0)]), crs="EPSG:99999999").code == "bad_crs"

    def test_several_layers_are_asked_about(self, db, tmp_path):
        archive = shapefile(tmp_path / "a", [(432_000.0, 6_700_000.0)])
        with zipfile.ZipFile(archive, "a") as opened:
            opened.write(tmp_path / "a" / "lampes.shp", "autre.shp")
        refused = refusal_of(archive)
        assert refused.code == "several_layers"
        assert "autre" in refused.message
        assert take(archive, layer="lampes").new == 1


class TestHostileFiles:
    def archive(self, folder: Path, *entries: tuple[str, bytes]) -> Path:
        file = folder / "x.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in entries:
                opened.writestr(name, content)
        return file

    def test_a_zip_bomb_is_refused_by_what_it_says(self, db, tmp_path, monkeypatch):
        monkeypatch.setattr(unzip, "MOST_BYTES", 10_000)
        assert refusal_of(self.archive(tmp_path, ("a.shp", b"0" * 10_001))).code == "zip_bomb"

    def test_a_zip_bomb_that_lies_about_its_size_is_refused_by_what_it_unpacks(self, db, tmp_path, monkeypatch):
        file = self.archive(tmp_path, ("a.shp", b"0" * 3_000_000))
        content = file.read_bytes()
        size = (3_000_000).to_bytes(4, "little")
        file.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
        monkeypatch.setattr(unzip, "MOST_BYTES", 1_000_000)
        assert refusal_of(file).code in ("zip_bomb", "bad_zip")

    @pytest.mark.parametrize("name", ["../a.shp", "/etc/a.shp", "a/../../b.shp", "..\\a.shp", "C:\\a.shp"])
    def test_a_path_that_leads_out_is_refused(self, db, tmp_path, name):
        assert refusal_of(self.archive(tmp_path, (name, b"x"))).code == "zip_path"
        assert [file.name for file in tmp_path.iterdir()] == ["x.zip"]

    def test_a_link_is_refused(self, db, tmp_path):
        info = zipfile.ZipInfo("a.shp")
        info.external_attr = 0o120777 << 16
        file = tmp_path / "x.zip"
        with zipfile.ZipFile(file, "w") as opened:
            opened.writestr(info, "/etc/passwd")
        assert refusal_of(file).code == "zip_path"

    def test_an_archive_of_something_else_is_refused(self, db, tmp_path):
        assert refusal_of(self.archive(tmp_path, ("a.txt", b"x"))).code == "no_shapefile"
        assert refusal_of(self.archive(tmp_path, ("a.shp", b"<OGRVRTDataSource/>"))).code == "bad_shapefile"
        assert refusal_of(self.archive(tmp_path, ("a.shp", b"\x00\x00\x27\x0a" + b"x" * 200))).code == "bad_shapefile"

    def test_a_truncated_archive_is_refused(self, db, tmp_path, real_data):
        whole = (real_data / "equipment" / "montpellier-eclairage-public-shp-lambert93.zip").read_bytes()
        file = tmp_path / "x.zip"
        file.write_bytes(whole[: len(whole) // 2])
        assert refusal_of(file).code == "bad_zip"

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty"),
            (b"\x00" * 100, "binary"),
            (b"id;name\n\x81;\x8d\n", "encoding"),
            (b"just words\nand more\n", "no_columns"),
            (b"id;name\n", "no_rows"),
            (b'id;name\n1;"' + b"x" * 200_000 + b'"\n', "csv"),
        ],
    )
    def test_what_is_no_table_is_refused(self, db, tmp_path, content, code):
        file = tmp_path / "x.csv"
        file.write_bytes(content)
        assert refusal_of(file).code == code

    def test_a_file_far_too_large_is_refused_unread(self, db, tmp_path):
        file = tmp_path / "x.csv"
        with file.open("wb") as stream:
            stream.truncate(5 * 1024**3)
        assert refusal_of(file).code == "too_large"

    def test_what_is_not_there_is_refused(self, db, tmp_path):
        assert refusal_of(tmp_path / "x.csv").code == "no_file"
        assert refusal_of(tmp_path).code == "no_file"


def test_communes_are_never_made_by_an_import(db, tmp_path):
    take(write(tmp_path, "id;commune\nEC-1;Nantes\n"))
    assert not Commune.objects.exists()


def test_unpacked_files_are_not_left_behind(db, home, tmp_path):
    take(shapefile(tmp_path / "a", [(432_000.0, 6_700_000.0)]))
    assert list((home / "staging").iterdir()) == []
