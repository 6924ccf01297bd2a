"""Labels: the same words on the page and on paper, and a code that leads from one to the other."""

import io

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from django.urls import reverse

from mitoyen.www.portal import label_pdf, label_pictograms, labels

pytestmark = pytest.mark.django_db


def text_of(pdf: bytes) -> str:
    page = pypdfium2.PdfDocument(io.BytesIO(pdf))[0]
    return " ".join(page.get_textpage().get_text_bounded().split())


def test_every_usage_of_ours_labels_what_stands_in_the_street(client) -> None:
    known = labels.labels()
    assert {"street_lamp", "bin", "traffic_counter", "air_sensor", "river_gauge", "water_meter", "soil_probe"} <= set(
        known
    )
    page = client.get(reverse("portal:labels")).content.decode()
    assert all(reverse("portal:label", args=[kind]) in page for kind in known)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_answers_the_six_questions_without_script(client, language) -> None:
    prefix = "/en" if language == "en" else ""
    content = client.get(f"{prefix}/labels/street_lamp/").content.decode()
    assert content.count('class="label__part"') == 6
    assert content.count("<h1") == 1
    assert ("Sait-il qui je suis" in content) == (language == "fr")
    assert ("12 ans." in content) == (language == "fr")
    assert "Digital Trust for Places and Routines" in content


def test_personal_data_are_said(client) -> None:
    content = client.get(reverse("portal:label", args=["water_meter"])).content.decode()
    assert "ils sont protégés" in content
    assert "Il n’enregistre rien" not in content


def test_an_unknown_kind_is_not_found(client) -> None:
    assert client.get("/labels/unicorn/").status_code == 404
    assert client.get("/labels/street_lamp/a3.pdf").status_code == 404


@pytest.mark.parametrize(("size", "width"), [("a6", 105), ("a5", 148)])
def test_the_print_says_the_same_on_one_tagged_page_and_its_code_opens_the_page(client, settings, size, width) -> None:
    settings.MITOYEN = {**settings.MITOYEN, "public_url": "https://exemple.fr"}
    pdf = client.get(reverse("portal:label-print", args=["street_lamp", size])).content
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    assert len(document) == 1
    assert round(document[0].get_width() / 72 * 25.4) == width
    assert b"/MarkInfo" in pdf
    said = text_of(pdf)
    for words in ("Lampadaire", "Sait-il qui je suis", "12 ans", "avant qu’on nous appelle", "À qui demander"):
        assert words in said, words
    picture = np.asarray(document[0].render(scale=4).to_pil().convert("L"))
    found = zxingcpp.read_barcodes(picture)
    assert [one.text for one in found] == ["https://exemple.fr/labels/street_lamp/"]


def test_every_label_of_ours_fits_its_smallest_print(client) -> None:
    for kind in labels.labels():
        pdf = client.get(reverse("portal:label-print", args=[kind, "a6"])).content
        assert len(pypdfium2.PdfDocument(io.BytesIO(pdf))) == 1, kind


def test_each_category_has_its_drawing() -> None:
    drawings = {
        label_pictograms.svg(part.category) for found in labels.labels().values() for part in labels.parts(*found)
    }
    assert len(drawings) >= 12
    assert "aria-hidden" in label_pictograms.inline("kept")
    assert label_pdf.code("https://exemple.fr").startswith("<svg")
