"""Words explained where they stand, the glossary's page, and easy-to-read texts only once a panel has read them."""

import re

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import translation
from msgspec.structs import replace

from mitoyen.manifests.load import Declared
from mitoyen.manifests.registry import services
from mitoyen.manifests.service_schema import EasyToRead
from mitoyen.services.plain import glossary


def drawn(*texts, language="fr"):
    source = "{% load plain %}" + "".join(f"{{% explain t{at} %}}" for at in range(len(texts)))
    with translation.override(language):
        return Template(source).render(Context({f"t{at}": text for at, text in enumerate(texts)}))


def test_the_first_occurrence_is_marked_and_explained_below():
    html = drawn("Le capteur envoie un relevé. Le relevé est gardé.")
    assert html.count("<dfn>") == 2
    assert html.startswith("<p>Le <dfn>capteur</dfn> envoie un <dfn>relevé</dfn>. Le relevé est gardé.</p><details")
    assert "Ce qu’un compteur ou un capteur a mesuré" in html


def test_a_term_is_explained_once_a_page():
    html = drawn("Un capteur.", "Deux capteurs et un relevé.")
    assert re.findall("<dfn>(.*?)</dfn>", html) == ["capteur", "relevé"]


def test_forms_words_within_words_and_languages():
    assert "<dfn>capteurs</dfn>" in drawn("Des capteurs.")
    assert "<dfn>" not in drawn("Une décapteurisation.")
    assert "<dfn>follow-up code</dfn>" in drawn("Your follow-up code.", language="en")
    assert "<dfn>code de suivi</dfn>" in drawn("Votre code de suivi.")


def test_a_text_without_terms_is_a_paragraph_and_nothing_is_let_through():
    assert drawn("Bonjour.") == "<p>Bonjour.</p>"
    html = drawn('<script>alert("capteur")</script>')
    assert "<script>" not in html
    assert "<dfn>capteur</dfn>" in html


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "language"), [("/mots/", "fr"), ("/en/mots/", "en")])
def test_the_glossary_s_page_has_every_term(home, path, language):
    page = Client().get(path).content.decode()
    for term in glossary.terms():
        assert f'<dt id="{term.name}">{term.of(language).forms[0]}</dt>' in page
    assert 'href="/mots/"' in Client().get("/accessibilite/").content.decode()


@pytest.fixture
def easy(monkeypatch):
    """`easy(readers)`: the built-in service as if these readers had read its easy texts, on no day without readers."""

    def said(readers):
        known = services.installed()
        service = known["report_problem"]
        read = EasyToRead(readers=readers, on="2026-09-01") if readers else None
        texts = {
            language: {**told, "easy.summary": "Texte facile.", "easy.words": "Dites ce qui est cassé."}
            for language, told in service.texts.items()
        }
        manifest = replace(service.manifest, easy_to_read=read)
        told = {**known, "report_problem": Declared(manifest, service.folder, texts=texts)}
        monkeypatch.setattr(services, "installed", lambda: told)

    return said


@pytest.mark.django_db
@pytest.mark.parametrize(("readers", "is_shown"), [("", False), ("Atelier Facile à lire, Angers", True)])
def test_easy_texts_are_shown_only_once_readers_are_named(home, easy, readers, is_shown):
    easy(readers)
    door, form = Client().get("/services/"), Client().get("/services/report_problem/")
    assert ("Texte facile." in door.content.decode()) is is_shown
    assert ("Texte facile." in form.content.decode()) is is_shown
    assert ("Dites ce qui est cassé." in form.content.decode()) is is_shown
