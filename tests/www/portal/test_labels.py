"""Labels: the same words on the page and on paper, and a code that leads from one to the other."""

import io

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from django.urls import reverse

from mitoyen.history.datastreams import datastream_for
from mitoyen.territory.models import Commune, Thing
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


@pytest.fixture
def lamp(db):
    commune = Commune.objects.create(insee="49353", name="Trélazé", slug="trelaze", longitude=-0.5, latitude=47.4)
    cabinet = Thing.objects.create(slug="armoire", name="Armoire du pont", kind="cabinet", commune=commune)
    lamp = Thing.objects.create(slug="lampe-7", name="Lampe 7", kind="street_lamp", part_of=cabinet)
    datastream_for(lamp, "power", "W", "gauge")
    return lamp


def test_one_object_says_which_it_is_where_and_what_it_measures_itself(client, lamp, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        answer = client.get("/labels/street_lamp/lampe-7/")
    content = answer.content.decode()
    assert "Lampe 7, Armoire du pont, Trélazé" in content
    assert "Ici\u00a0: puissance." in content.replace("Ici : ", "Ici\u00a0: ")
    assert content.count('class="label__part"') == 6
    assert "inventés" not in content
    assert answer["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("size", ["a6", "a5"])
def test_its_print_names_it_and_its_code_opens_its_own_page(client, settings, lamp, size) -> None:
    settings.MITOYEN = {**settings.MITOYEN, "public_url": "https://exemple.fr"}
    pdf = client.get(f"/labels/street_lamp/lampe-7/{size}.pdf").content
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    assert len(document) == 1
    assert "Lampe 7, Armoire du pont, Trélazé" in text_of(pdf)
    picture = np.asarray(document[0].render(scale=4).to_pil().convert("L"))
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == "https://exemple.fr/labels/street_lamp/lampe-7/"
    assert client.get("/labels/street_lamp/lampe-7/").status_code == 200


def test_the_longest_names_fit_the_smallest_print(client, lamp) -> None:
    Thing.objects.filter(pk=lamp.pk).update(name="Lampadaire double de la place de la République " * 3)
    for kind in ("street_lamp", "bin", "air_sensor", "river_gauge"):
        Thing.objects.filter(pk=lamp.pk).update(kind=kind)
        pdf = client.get(f"/labels/{kind}/lampe-7/a6.pdf").content
        assert len(pypdfium2.PdfDocument(io.BytesIO(pdf))) == 1, kind


def test_nobody_learns_of_a_home_nor_of_what_is_elsewhere(client, lamp) -> None:
    Thing.objects.filter(pk=lamp.pk).update(kind="water_meter")
    assert client.get("/labels/water_meter/lampe-7/").status_code == 404
    Thing.objects.filter(pk=lamp.pk).update(kind="street_lamp", part_of=None)
    assert client.get("/labels/street_lamp/lampe-7/").status_code == 404
    assert client.get("/labels/bin/lampe-7/a6.pdf").status_code == 404


def test_each_category_has_its_drawing() -> None:
    drawings = {
        label_pictograms.svg(part.category) for found in labels.labels().values() for part in labels.parts(*found)
    }
    assert len(drawings) >= 12
    assert "aria-hidden" in label_pictograms.inline("kept")
    assert label_pdf.code("https://exemple.fr").startswith("<svg")
