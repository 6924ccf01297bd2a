"""Where a request is about: sure, asked, or refused; never guessed."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from mitoyen.services.placing import as_answer, chosen, place, place_at, place_of_thing
from mitoyen.territory import shapes, spelling
from mitoyen.territory.finding import Spot
from mitoyen.territory.locate import locator
from mitoyen.territory.models import Address, Street, Thing
from tests.services.conftest import asked

WHERE = asked("place", things=["lamp"])


@pytest.fixture
def polygons(communes, real_data):
    shapes.load_polygons(real_data / "geo" / "communes-49-maine-et-loire.geojson", "france-geojson")
    return locator()


def street(commune, name, number=""):
    made = Street.objects.create(
        commune=commune, name=name, key=spelling.key(name), postcode="49000", longitude=-0.55, latitude=47.47
    )
    if number:
        Address.objects.create(street=made, number=number, longitude=-0.56, latitude=47.48)


def test_an_address_that_is_one_place_is_sure(angers):
    street(angers, "Rue des Ponts", "3")
    placed = place(WHERE, " 3 rue des ponts ")
    assert placed.spot is not None
    assert (placed.spot.label, placed.spot.commune, placed.which, placed.fault) == (
        "3 Rue des Ponts, 49000 Angers", "49007", (), "",
    )  # fmt: skip


def test_a_hamlet_in_three_communes_is_asked(communes):
    for insee in ("49007", "49015", "49353"):
        street(communes[insee], "La Croix")
    placed = place(WHERE, "la croix")
    assert placed.spot is None
    assert {spot.commune for spot in placed.which} == {"49007", "49015", "49353"}
    assert place(WHERE, "la croix", "49015").spot is not None


def test_a_number_that_is_missing_and_half_a_name_are_asked(angers):
    street(angers, "Rue de la Garenne", "3")
    for words in ("5 rue de la garenne", "rue de la gare", "rue gar"):
        placed = place(WHERE, words)
        assert placed.spot is None
        assert [spot.commune for spot in placed.which] == ["49007"]


def test_a_commune_chosen_that_the_words_contradict_is_asked(communes):
    street(communes["49353"], "Rue de la Gare", "3")
    placed = place(WHERE, "3 rue de la gare, Trélazé", "49007")
    assert placed.spot is None
    assert [spot.commune for spot in placed.which] == ["49353"]


def test_words_that_nobody_knows_need_a_commune_and_stay_as_written(communes):
    assert place(WHERE, "derrière le vieux moulin").fault
    placed = place(WHERE, "derrière le vieux moulin", "49007")
    assert placed.spot == Spot("derrière le vieux moulin, Angers", "49007", exact=False)
    assert place(WHERE, "derrière le vieux moulin", "99999").fault
    assert place(WHERE, " \u200b ") == place(WHERE, "")


def test_a_point_inside_is_sure_and_outside_is_refused(polygons):
    placed = place_at(-0.5562, 47.4766)
    assert placed.spot is not None
    assert placed.spot.commune == "49007"
    assert place_at(2.35, 48.85).fault
    assert place_at(47.4766, -0.5562).fault, "the two numbers the wrong way round"


@pytest.mark.parametrize("point", [(float("nan"), 47.4), (-0.5, float("nan")), (float("inf"), 0), (-0.5, 90), (0, -90),
                                   (1e308, 1e308), (181, 0)])  # fmt: skip
def test_a_point_that_is_none_is_refused(polygons, point):
    assert place_at(*point).fault


def test_a_point_on_a_border_is_asked_with_the_commune_around_it_first(polygons):
    one, other = (next(c for c in polygons.communes if c.insee == insee) for insee in ("49007", "49353"))
    border = shapely_shape(one).intersection(shapely_shape(other))
    at = border.representative_point()
    placed = place_at(at.x, at.y, "Le fossé")
    assert placed.spot is None
    assert {spot.commune for spot in placed.which} >= {"49007", "49353"}
    here = int(polygons.communes_at(np.array([at.x]), np.array([at.y]))[0])
    assert placed.which[0].commune == polygons.communes[here].insee
    assert chosen(placed.which[1], "49353").commune == "49353"


def shapely_shape(commune):
    from shapely.geometry import shape

    return shape(commune.geometry)


def test_a_thing_keeps_its_commune_and_one_without_takes_the_one_around_it(polygons, angers):
    lamp = Thing.objects.create(slug="lampe", name="L-204", kind="lamp", longitude=-0.5562, latitude=47.4766)
    placed = place_of_thing(lamp)
    assert placed.spot is not None
    assert (placed.spot.commune, placed.spot.thing) == ("49007", "lampe")
    lamp.commune, lamp.longitude = angers, None
    assert place_of_thing(lamp).spot == Spot("L-204, Angers", "49007", None, 47.4766, "lampe")


def test_what_is_kept_of_a_place_says_nothing_empty():
    answer = as_answer(Spot("Angers", "49007", exact=False))
    assert answer == {"label": "Angers", "commune": "49007"}
    assert as_answer(Spot("zéro", "49007", 0.0, 0.0))["longitude"] == 0.0
    assert json.loads(json.dumps(asdict(Spot("x", "49007")))) == asdict(Spot("x", "49007"))
