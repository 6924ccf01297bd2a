"""How to be served without a connection: each way that is set up is named, none that isn't, and the form prints."""

import re

import pypdfium2
import pytest
from django.test import Client
from django.utils import translation

from mitoyen.channels.paper.models import PrintedLayout
from mitoyen.channels.sms import dialogue, talk
from mitoyen.services import codes, throttle
from mitoyen.services.order import in_order
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Commune
from mitoyen.territory.register import load_communes
from tests.services.conftest import report
from tests.www.desk.conftest import person

FORM = "/services/propose_idea/"
ALL = {
    "contact_phone": "02 41 05 50 00",
    "contact_sms": "06 12 34 56 78",
    "contact_address": "1 place de la Mairie, 49800 Trélazé",
    "sms_host": "smsc.example",
    "mail_from": "Mairie <demande@mairie.example>",
    "mail_listen": "127.0.0.1:2525",
}
TOLD = ("02 41 05 50 00", "06 12 34 56 78", "1 place de la Mairie", "@mairie.example", "Trélazé.")


@pytest.fixture
def visitor(db, home) -> Client:
    load_communes()
    return Client()


@pytest.fixture
def all_set_up(settings):
    settings.MITOYEN = {**settings.MITOYEN, **ALL}


def said(answer):
    """The page's own part in words, its footer apart."""
    return re.sub(r"\s+", " ", answer.content.decode().split("<main")[1].split("</main>")[0])


def clerk(slug, *, here=True):
    one = person(f"clerk.{slug}@example.org", (RoleName.COUNTER_CLERK, Commune.objects.get(slug=slug)))
    one.is_active = here
    one.save()


def test_a_service_names_every_way_that_is_set_up(visitor, all_set_up):
    clerk("trelaze")
    clerk("avrille", here=False)
    page = said(visitor.get(FORM))
    for way in TOLD:
        assert way in page
    assert "PROPOSER" in page
    assert "demande+propose_idea@mairie.example" in page
    assert f'href="{FORM}formulaire.pdf"' in page
    assert f'href="{FORM}formulaire-grand.pdf"' in page
    assert "avec vous : Trélazé." in page
    everything = said(visitor.get("/services/"))
    for service in in_order():
        assert f"/services/{service.manifest.name}/formulaire.pdf" in everything
    assert "demande@mairie.example" in everything


def test_what_is_not_set_up_is_not_named(visitor):
    for address in (FORM, "/services/", "/suivre/"):
        page = said(visitor.get(address))
        for way in ("tel:", "sms:", "mailto:", "formulaire.pdf"):
            assert way not in page, (address, way)
        assert "Votre mairie vous répond" in page


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"mail_listen": ""}, "mailto:"),
        ({"mail_from": ""}, "mailto:"),
        ({"sms_host": ""}, "PROPOSER"),
        ({"contact_address": ""}, "formulaire.pdf"),
        ({"contact_sms": "", "sms_source": "MAIRIE"}, "sms:"),
    ],
)
def test_half_of_a_way_is_none(visitor, all_set_up, settings, options, missing):
    assert missing in said(visitor.get(FORM))
    settings.MITOYEN = {**settings.MITOYEN, **options}
    assert missing not in said(visitor.get(FORM))


def test_the_number_that_the_centre_knows_us_by_serves_where_none_is_announced(visitor, all_set_up, settings):
    settings.MITOYEN = {**settings.MITOYEN, "contact_sms": "", "sms_source": "38000"}
    assert "sms:38000" in said(visitor.get(FORM))


def test_following_names_them_too(visitor, all_set_up):
    clerk("trelaze")
    kept = report()
    for page in (said(visitor.get("/suivre/")), said(visitor.post("/suivre/", {"code": kept.code}))):
        for way in TOLD:
            assert way in page
        assert "Envoyez le code seul" in page


def test_each_service_has_a_word_that_starts_it_by_sms(visitor):
    for prefix, language in (("+336123456", "fr"), ("+336123457", "en")):
        with translation.override(language):
            for number, service in enumerate(in_order(), 60):
                word = dialogue.word_for(service)
                reply = talk.answer(f"{prefix}{number}", word.upper())[0]
                assert reply.text.startswith(service.text("service.title", reply.language))


@pytest.mark.parametrize(("address", "large"), [("formulaire.pdf", False), ("formulaire-grand.pdf", True)])
def test_the_blank_form_has_a_number_of_its_own_and_can_be_read_back(visitor, address, large):
    numbers = set()
    for _copy in range(2):
        answer = visitor.get(f"/en{FORM}{address}")
        assert answer["Content-Type"] == "application/pdf"
        document = pypdfium2.PdfDocument(answer.content)
        text = "".join(page.get_textpage().get_text_bounded() for page in document)
        document.close()
        assert "Propose an idea" in text
        numbers |= {codes.read(one) for one in re.findall(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}", text)} - {None}
    assert len(numbers) == 2
    assert PrintedLayout.objects.get().large is large


def test_forms_are_not_printed_without_end(visitor, monkeypatch):
    monkeypatch.setitem(throttle.LIMITS, "printed_form", 1)
    assert visitor.get(f"{FORM}formulaire.pdf").status_code == 200
    refused = visitor.get(f"{FORM}formulaire.pdf")
    assert refused.status_code == 429
    assert "demandez-en un au guichet" in refused.content.decode()
    assert visitor.get("/services/nothing/formulaire.pdf").status_code == 404
