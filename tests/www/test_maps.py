"""The map: tiles while no shapes are loaded, then shapes that share their borders; values written, links labelled."""

import json
from xml.etree import ElementTree

import pytest
from django.utils.translation import override

from mitoyen.evaluate.enums import Verdict
from mitoyen.evaluate.published import Amount, CommuneLine, Counts
from mitoyen.territory.models import Commune
from mitoyen.territory.register import load_communes
from mitoyen.www import maps


def _line(number, saved=None, meters=1, name="Trélazé"):
    amount = None
    if saved is not None:
        verdict = Verdict.PROVEN if saved > 0 else Verdict.INCREASE
        amount = Amount(saved, saved - 1, saved + 1, "kWh", 100.0, 100.0 - saved, verdict, "x")
    counts = Counts(proven=meters)
    code = f"4900{number}"
    return CommuneLine(code, name, f"c{number}", 100, 0, 0, number, 1, amount, counts, 2024, False)


def _square(x):
    ring = [[x, 47.0], [x + 0.1, 47.0], [x + 0.1, 47.1], [x, 47.1], [x, 47.0]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


@pytest.mark.parametrize(
    ("line", "value", "verdict"),
    [
        (_line(1, 8.2), "−8 %", "proven"),
        (_line(1, -5.0), "+5 %", "increase"),
        (_line(1, None), "?", "not_proven"),
        (_line(1, None, meters=0), "–", ""),
        (_line(1, 0.2), "0 %", "proven"),
    ],
)
def test_each_commune_writes_what_it_used_against_what_was_expected(line, value, verdict):
    with override("fr"):
        assert maps.short_value(line).replace("\u00a0", " ") == value
    assert maps.verdict_of(line) == verdict


def test_tiles_stand_in_while_there_are_no_shapes():
    drawing = ElementTree.fromstring(maps.territory_map([_line(1, 8.0), _line(2)], {}))
    assert len(drawing.findall(".//a/rect")) == 2
    assert [link.get("href") for link in drawing.findall(".//a")] == ["/communes/c1/", "/communes/c2/"]
    assert all(link.get("aria-label") for link in drawing.findall(".//a"))


def test_neighbours_share_their_border_once_simplified():
    drawn = maps.paths({"1": _square(0.0), "2": _square(0.1)})
    first, second = (set(path.strip("MZ").split("L")) for path in drawn.values())
    assert len(first & second) == 2


def test_a_name_can_t_break_the_drawing():
    drawing = maps.territory_map([_line(1, 8.0, name='<b>"x" & co</b>')], maps.paths({"49001": _square(0.0)}))
    assert "<b>" not in drawing
    assert ElementTree.fromstring(drawing).findtext(".//title", "").startswith('<b>"x" & co</b>')


@pytest.mark.django_db
def test_shapes_are_drawn_once_all_communes_have_theirs_and_again_when_they_change(django_assert_num_queries):
    load_communes()
    assert maps.shapes() == {}
    for number, commune in enumerate(Commune.objects.all()):
        commune.geometry = json.loads(_square(number / 10))
        commune.save()
    with django_assert_num_queries(2):
        drawn = maps.shapes()
    assert len(drawn) == 29
    with django_assert_num_queries(1):
        assert maps.shapes() == drawn
    commune.geometry_source = "another file"
    commune.geometry["coordinates"][0][2] = [3.0, 47.2]  # type: ignore[index]
    commune.save()
    assert maps.shapes() != drawn
