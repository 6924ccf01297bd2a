"""When a page breaks: words, a way to a person, status 500, and nothing that needs a database."""

import pytest
from django.test import RequestFactory
from django.utils.translation import override

from mitoyen.www.faults import broken


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Une panne de notre côté"), ("en", "Something broke on our side")]
)
def test_a_broken_page_speaks_the_visitor_s_language_without_a_database(language, words, settings):
    settings.MITOYEN = {**settings.MITOYEN, "contact_phone": "02 41 00 00 00"}
    with override(language):
        answer = broken(RequestFactory().get("/comptes/"))
    assert answer.status_code == 500
    assert words in answer.content.decode()
    assert 'href="tel:0241000000"' in answer.content.decode()
