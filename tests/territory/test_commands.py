"""The commands of the territory, as someone types them."""

import json

import pytest
from typer.testing import CliRunner

from mitoyen.cli import communes, people, things  # noqa: F401 - they register their commands
from mitoyen.cli.main import app
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Commune, Person, Thing

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_communes_are_loaded_with_their_polygons_and_listed(real_data):
    file = str(real_data / "geo" / "communes-49-maine-et-loire.geojson")
    report = json.loads(run("communes", "load", "--polygons", file, "--source", "france-geojson", "--json"))
    assert report["communes"] == 29
    assert (len(report["polygons"]["matched"]), report["polygons"]["missing"]) == (29, [])
    assert report["polygons"]["merged"]["49377"] == ["49377", "49337"]
    assert Commune.objects.filter(geometry_source="france-geojson").count() == 29
    listed = json.loads(run("communes", "list", "--json"))
    assert {"insee": "49028", "name": "Béhuard", "population": 119}.items() <= listed[3].items()
    assert "Béhuard" in run("communes", "list")
    assert "49298, 49289" in run("communes", "load", "--polygons", file)


def test_people_are_added_listed_and_taken_their_role():
    run("communes", "load")
    assert "lea@example.org" in run("people", "add", "lea@example.org", "--name", "Léa", "--role", "energy_officer")
    run("people", "add", "LEA@example.org", "--role", "reader", "--commune", "Angers")
    expected = [{"role": "energy_officer", "commune": None}, {"role": "reader", "commune": "49007"}]
    assert json.loads(run("people", "list", "--json"))[0]["roles"] == expected
    run("people", "remove-role", "lea@example.org", "--role", "reader", "--commune", "49007")
    assert Person.objects.get().roles.count() == 1
    assert "Léa" in run("people", "list")
    run("people", "close", "lea@example.org")
    assert not Person.objects.get().is_active


def test_a_one_time_password_is_printed_and_another_one_on_demand():
    first = run("people", "add", "lea@example.org").split()[-1]
    assert Person.objects.get().check_password(first)
    second = run("people", "reset-password", "lea@example.org", "--second-factor").split()[-1]
    assert Person.objects.get().check_password(second)
    assert first != second


def test_a_password_can_be_asked_for():
    typed = "un-cheval-bleu-sur-la-Loire\n"
    result = CliRunner().invoke(app, ["people", "add", "lea@example.org", "--ask-password"], input=typed * 2)
    assert result.exit_code == 0
    assert "cheval" not in result.output
    assert Person.objects.get().check_password(typed.strip())


def test_things_are_imported_and_the_answers_kept_for_the_next_file(tmp_path):
    file, mapping = tmp_path / "batiments.csv", tmp_path / "batiments.toml"
    file.write_text("code;libelle;surf\nEC-1;École;1250,5\n", encoding="utf-8")
    options = ["--attribute", "floor_area_m2=surf", "--map", str(mapping), "--json", "--rows"]
    trial = json.loads(run("things", "import", str(file), *options, "--dry-run"))
    assert (trial["new"], trial["dry_run"], Thing.objects.count(), mapping.exists()) == (1, True, 0, False)
    report = json.loads(run("things", "import", str(file), *options))
    assert report["results"] == [{"line": 2, "key": "EC-1", "thing": "ec-1", "result": "new"}]
    assert report["mapping"]["attributes"] == {"floor_area_m2": "surf"}
    later = tmp_path / "batiments-2.csv"
    later.write_text("code;libelle;surf\nEC-1;École;1300\nEC-2;Mairie;800\n", encoding="utf-8")
    report = json.loads(run("things", "import", str(later), "--map", str(mapping), "--json"))
    assert (report["new"], report["changed"]) == (1, 1)
    assert Thing.objects.get(slug="ec-1").attributes == {"floor_area_m2": 1300}


def test_an_import_says_what_the_file_was_taken_for(tmp_path):
    file = tmp_path / "batiments.csv"
    file.write_text("code;libelle\nEC-1;École\nEC-1;École\n;Mairie\n", encoding="cp1252")
    said = run("things", "import", str(file), "--dry-run")
    assert "cp1252" in said
    assert "--id code" in said
    assert "ligne 3" in said
    assert "ligne 4" in said


@pytest.mark.parametrize("content", ['kind = ["x"]', "unknown = 1", "=", "kind = 3"])
def test_a_mapping_that_is_none_is_refused(tmp_path, content):
    file, mapping = tmp_path / "batiments.csv", tmp_path / "batiments.toml"
    file.write_text("code\n", encoding="utf-8")
    mapping.write_text(content, encoding="utf-8")
    with pytest.raises(Refused) as refusal:
        run("things", "import", str(file), "--map", str(mapping))
    assert refusal.value.code == "bad_mapping"


def test_an_attribute_needs_a_name_and_a_column(tmp_path):
    file = tmp_path / "batiments.csv"
    file.write_text("code;libelle\nEC-1;École\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["things", "import", str(file), "--attribute", "surf"]).exit_code == 2
