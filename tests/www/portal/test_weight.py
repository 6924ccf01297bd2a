"""Every public page with all that it loads: at most 60 kB sent, and EcoIndex A, by the benchmark's own scales."""

import gzip
import re

import pytest
from bench.ecoindex import ELEMENTS, grade, place, score
from bench.portal import REFERENCE, count_elements

from tests.www.portal.pages import FIGURES, PLAIN


def _sent(visitor, address):
    answer = visitor.get(address, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return len(answer.content), gzip.decompress(answer.content) if packed else answer.content


def test_each_page_is_light_and_of_ecoindex_a(figures, visitor):
    for path in [*PLAIN.values(), *(f"/chiffres/{figures[key]}/" for key in FIGURES.values())]:
        size, body = _sent(visitor, path)
        text = body.decode()
        loaded = {first or second for first, second in REFERENCE.findall(text)}
        assert len(loaded) == 2, path
        kilobytes = (size + sum(_sent(visitor, address)[0] for address in loaded)) / 1024
        elements, outside_svg = count_elements(text)
        assert kilobytes <= 60, path
        assert grade(score(outside_svg, 1 + len(loaded), kilobytes)) == "A", path
        assert grade(score(elements, 1 + len(loaded), kilobytes)) in "AB", path


def test_everything_a_page_loads_is_counted(figures, visitor):
    """Nothing hides from the weighing: no address of another kind is loaded."""
    text = visitor.get("/batiments/angers-ecole-des-ponts/").content.decode()
    loads = re.findall(r"<(?:link|script|img|iframe|video|source|object)\b[^>]*", text)
    kinds = [tag for tag in loads if 'rel="alternate"' not in tag]
    assert len(kinds) == 2
    (address,) = re.findall(r'rel="stylesheet" href="([^"]+)"', text)
    style = _sent(visitor, address)[1].decode()
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize(
    ("elements", "requests", "kilobytes", "points", "letter"),
    [(0, 0, 0, 100, "A"), (47, 2, 1.37, 95, "A"), (594601, 3920, 223212.26, 0, "G"), (603, 78, 1448.32, 50, "D")],
)
def test_ecoindex_follows_its_published_formula(elements, requests, kilobytes, points, letter):
    assert score(elements, requests, kilobytes) == pytest.approx(points, abs=0.01)
    assert grade(score(elements, requests, kilobytes)) == letter


def test_a_value_between_two_quantiles_lies_between_their_places():
    assert place(61, ELEMENTS) == pytest.approx(1.5)
    assert place(10**9, ELEMENTS) == 20


def test_elements_inside_a_drawing_are_told_apart():
    assert count_elements("<p><br><svg><path d=''/><g><path d=''></path></g></svg><img src=''></p>") == (7, 4)
