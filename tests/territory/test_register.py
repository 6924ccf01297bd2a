"""The register of communes and things."""

import json

import pytest

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory import register
from mitoyen.territory.models import Commune, Thing

pytestmark = pytest.mark.django_db


def test_the_29_communes_have_the_official_codes_names_and_populations(real_data):
    register.load_communes()
    official = json.loads((real_data / "geo" / "epci-244900015.json").read_text(encoding="utf-8"))[0]["membres"]
    expected = {member["code"]: (member["nom"], member["populationMunicipale"]) for member in official}
    assert {c.insee: (c.name, c.population) for c in Commune.objects.all()} == expected
    assert sum(c.population for c in Commune.objects.all()) == 308_806


def test_loading_the_communes_again_changes_nothing_and_keeps_polygons():
    assert register.load_communes() == 29
    Commune.objects.filter(insee="49007").update(geometry={"type": "Polygon", "coordinates": []})
    assert register.load_communes() == 29
    assert Commune.objects.count() == 29
    assert Commune.objects.get(insee="49007").geometry is not None
    Commune.objects.filter(insee="49028").update(name="Behuard")
    register.load_communes("claire@example.org")
    first, second = AuditEntry.objects.filter(action="communes.loaded").order_by("number")
    assert len(json.loads(first.detail)["communes"]) == 29
    assert (second.actor, json.loads(second.detail)) == ("claire@example.org", {"communes": ["49028"]})


def test_no_two_communes_share_a_tile():
    register.load_communes()
    assert len(set(Commune.objects.values_list("tile_column", "tile_row"))) == 29


@pytest.mark.parametrize("text", ["49377", "49337", "Rives-du-Loir-en-Anjou", "RIVES-DU-LOIR-EN-ANJOU"])
def test_a_commune_is_found_by_its_code_a_former_code_or_its_name(text):
    register.load_communes()
    assert register.commune_named(text).insee == "49377"


def test_a_commune_is_found_without_its_accents():
    register.load_communes()
    assert register.commune_named("ecuille").insee == "49130"


def test_an_unknown_commune_is_refused_with_what_to_do():
    register.load_communes()
    with pytest.raises(Refused, match="communes list") as refusal:
        register.commune_named("Nantes")
    assert refusal.value.code == "unknown_commune"


def test_a_missing_thing_is_made_once_outside_the_territory():
    first = register.thing_for("b0")
    assert first.commune is None
    assert register.thing_for("b0") == first
    assert Thing.objects.count() == 1


def test_a_thing_without_commune_gets_the_one_given():
    register.load_communes()
    register.thing_for("b0")
    assert register.thing_for("b0", commune=Commune.objects.get(insee="49007")).commune_id == "49007"
    assert Thing.objects.get(slug="b0").commune_id == "49007"


def test_a_thing_is_not_moved_to_another_commune_silently():
    register.load_communes()
    register.thing_for("b0", commune=Commune.objects.get(insee="49007"))
    with pytest.raises(Refused, match="Angers") as refusal:
        register.thing_for("b0", commune=Commune.objects.get(insee="49015"))
    assert refusal.value.code == "thing_elsewhere"


@pytest.mark.parametrize("name", ["", "../etc", "B 0", "<b>", "a'; DROP TABLE x;--", "é", "x" * 121])
def test_what_cannot_be_a_name_is_refused(name):
    with pytest.raises(Refused):
        register.thing_for(name)
    assert not Thing.objects.exists()


def test_names_for_addresses_are_made_from_french():
    assert register.slug_from("École Jean-Zay (Œuvre 2)") == "ecole-jean-zay-oeuvre-2"
