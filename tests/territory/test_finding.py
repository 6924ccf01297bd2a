"""From the words that people use to the places that they may mean. What isn't sure is asked, never guessed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.territory import spelling
from mitoyen.territory.finding import spots
from mitoyen.territory.models import Address, Place, Street, Thing


@pytest.fixture
def street(communes):
    """`street(insee, name, postcode, *numbers)`"""

    def make(insee, name, postcode="49000", *numbers, key=""):
        made = Street.objects.create(
            commune=communes[insee], name=name, key=key or spelling.key(name), postcode=postcode,
            longitude=-0.55, latitude=47.47,
        )  # fmt: skip
        for number in numbers:
            Address.objects.create(street=made, number=number, longitude=-0.56, latitude=47.48)
        return made

    return make


def labels(text, commune="", kinds=()):
    return [spot.label for spot in spots(text, commune, kinds)]


def only(text, commune=""):
    (found,) = spots(text, commune)
    return found


@pytest.mark.parametrize(
    ("written", "number", "rest"),
    [
        ("12 rue X", "12", "rue X"),
        ("12bis, rue X", "12 bis", "rue X"),
        ("12 Bis rue X", "12 bis", "rue X"),
        ("12 ter rue X", "12 ter", "rue X"),
        ("12 B rue X", "12 b", "rue X"),
        ("12a rue X", "12 a", "rue X"),
        ("n° 12 rue X", "12", "rue X"),
        ("007 rue X", "7", "rue X"),
        ("12-14 rue X", "12", "rue X"),
        ("12/14 rue X", "12", "rue X"),
        ("12 avenue X", "12", "avenue X"),
        ("12 terrasse X", "12", "terrasse X"),
        ("12 d’Alsace", "12", "d’Alsace"),
        ("12 école", "12", "école"),
        ("12 aîné", "12", "aîné"),
        ("49000 Angers", "", "49000 Angers"),
        ("rue du 8 mai 1945", "", "rue du 8 mai 1945"),
        ("", "", ""),
    ],
)
def test_the_number_is_told_from_the_rest(written, number, rest):
    assert spelling.number_and_rest(written) == (number, rest)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("Bd du Mal Foch", "boulevard maréchal FOCH"),
        ("r. de l'Église", "rue Eglise"),
        ("Pl. St-Éloi", "place Saint Eloi"),
        ("Av. Cœur de Loire", "avenue coeur-de-Loire"),
        ("Imp. Ste Anne", "impasse sainte ANNE"),
    ],
)
def test_accents_case_small_words_and_abbreviations_say_nothing(written, same):
    assert spelling.key(written) == spelling.key(same)


def test_an_address_is_found_however_it_is_written(street):
    street("49007", "Boulevard du Maréchal Foch", "49100", "12", "12 bis")
    for written in ("12 boulevard du Maréchal Foch", "12, bd du mal foch 49100 Angers",
                    "12 Bd Maréchal Foch, Angers Cedex 01", "n° 12 boulevard maréchal foch angers"):  # fmt: skip
        found = only(written)
        assert (found.label, found.exact) == ("12 Boulevard du Maréchal Foch, 49100 Angers", True)
        assert found.longitude == -0.56
    assert only("12 bis bd du maréchal foch").label.startswith("12 bis ")


def test_a_number_that_the_street_lacks_is_no_exact_find(street):
    street("49007", "Rue des Ponts", "49000", "12")
    found = only("13 rue des ponts, angers")
    assert (found.label, found.exact) == ("Rue des Ponts, 49000 Angers", False)
    assert only("rue des ponts, angers").exact


def test_a_street_of_which_only_a_part_was_said_is_no_exact_find(street):
    """ "Rue de la Gare" isn't "rue de la Garenne", "rue Jean" isn't "rue Jean Moulin"."""
    street("49007", "Rue de la Garenne")
    street("49007", "Rue Jean Moulin")
    assert [spot.exact for spot in spots("rue de la gare")] == [False]
    assert [spot.exact for spot in spots("rue jean")] == [False]
    street("49007", "Rue de la Gare")
    assert [(spot.label, spot.exact) for spot in spots("rue de la gare")] == [("Rue de la Gare, 49000 Angers", True)]


def test_a_hamlet_in_three_communes_is_three_answers(street):
    for insee, postcode in (("49015", "49240"), ("49055", "49460"), ("49353", "49800")):
        street(insee, "La Croix", postcode)
    assert labels("La Croix") == [
        "La Croix, 49240 Avrillé",
        "La Croix, 49460 Cantenay-Épinard",
        "La Croix, 49800 Trélazé",
    ]
    assert labels("la croix, trélazé") == labels("La Croix 49800") == ["La Croix, 49800 Trélazé"]


def test_the_commune_is_known_by_its_name_at_the_end_however_written(street):
    street("49267", "Rue de la Gare", "49124")
    street("49246", "Rue de la Gare", "49130")
    street("49353", "Rue de la Gare", "49800")
    assert only("rue de la gare st barthelemy d'anjou").commune == "49267"
    assert only("rue de la gare ponts de cé").commune == "49246"
    assert only("rue de la gare trélazé").commune == "49353"
    assert only("rue de la gare, 49800 TRELAZE").commune == "49353"


def test_a_postcode_narrows_to_the_communes_that_it_serves(street):
    street("49007", "Rue des Lilas", "49000")
    street("49353", "Rue des Lilas", "49800")
    assert only("rue des lilas 49800").commune == "49353"
    assert only("rue des lilas 49000").commune == "49007"
    assert spots("rue des lilas 75001") == []
    assert spots("rue des lilas 49124") == []


def test_a_commune_in_a_streets_name_is_no_commune_to_look_in(street):
    street("49015", "Route d'Angers", "49240", "12")
    street("49007", "Route de Paris", "49000", "12")
    assert labels("12 route d'Angers") == ["12 Route d'Angers, 49240 Avrillé"]
    assert only("12 route d'angers", "49015").exact
    assert only("12 route d'angers, avrillé").exact
    assert spots("12 route d'angers", "49007") == []


def test_a_commune_named_and_another_chosen_are_both_looked_in(street):
    street("49353", "Rue de la Gare", "49800")
    assert labels("rue de la gare trélazé", "49007") == ["Rue de la Gare, 49800 Trélazé"]
    street("49007", "Rue de la Gare", "49000")
    assert len(labels("rue de la gare trélazé", "49007")) == 2


def test_a_commune_alone_is_a_place_without_a_point(communes):
    found = only("Trélazé")
    assert (found.label, found.commune, found.longitude, found.exact) == ("Trélazé", "49353", None, True)
    assert only("49240").commune == "49015"
    assert not only("12 Trélazé").exact
    assert spots("49460") == []


def test_streets_of_one_name_in_a_merged_commune_are_told_apart(street):
    for old in ("Andard", "Brain-sur-l'Authion"):
        street("49307", f"Rue de la Mairie ({old})", "49800", "3", key=f"rue mairie | {spelling.key(old)}")
    assert len(spots("3 rue de la mairie loire-authion")) == 2
    assert only("3 rue de la mairie, Andard, 49800 Loire-Authion").exact
    assert only("3 rue de la mairie andard").label == "3 Rue de la Mairie (Andard), 49800 Loire-Authion"


def test_a_place_is_known_by_its_whole_name_and_without_a_number(communes):
    Place.objects.create(commune=communes["49007"], slug="parc", name="Parc de la Roseraie")
    assert only("parc de la roseraie").exact
    assert not only("la roseraie").exact
    assert not only("12 parc de la roseraie").exact


def test_the_number_written_on_a_lamp_is_the_lamp_and_two_are_asked(communes):
    for insee in ("49007", "49353"):
        Thing.objects.create(slug=f"lampe-{insee}", name="Lampadaire", kind="lamp", commune=communes[insee],
                             source=insee, source_key="L-204", longitude=-0.5, latitude=47.4)  # fmt: skip
    assert {spot.commune for spot in spots("l-204", kinds=("lamp",))} == {"49007", "49353"}
    assert [spot.thing for spot in spots("L-204", "49353", ("lamp",))] == ["lampe-49353"]
    assert spots("L-204", kinds=("bin",)) == []
    assert spots("L-204") == []


def test_of_hundreds_that_contain_the_words_the_one_called_so_comes_first(street, communes):
    Street.objects.bulk_create(
        Street(commune=communes["49007"], name=f"Rue du Port {n}", key=f"rue port{n} x", longitude=0, latitude=0)
        for n in range(300)
    )
    street("49007", "Rue du Port")
    assert labels("rue du port") == ["Rue du Port, 49000 Angers"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.sampled_from(["", "49007", "nowhere"]))
def test_whatever_is_typed_there_are_few_answers_and_no_fault(communes, text, commune):
    assert len(spots(text, commune, ("lamp",))) <= 8
