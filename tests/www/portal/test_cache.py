"""Public pages are kept, compressed, revalidated, never bear a cookie, and change when data do."""

import gzip

import pytest
from django.test import Client

from mitoyen.evaluate.models import Figure
from mitoyen.www import assets
from mitoyen.www.portal import account, cache
from tests.www.seeding import AGENT, add_people


@pytest.fixture
def quick(monkeypatch):
    """The data's version is asked for at each request."""
    monkeypatch.setattr(cache, "VERSION_SECONDS", 0.0)


def test_a_kept_page_costs_no_query_until_the_version_is_asked_again(figures, visitor, django_assert_num_queries):
    first = visitor.get("/comptes/")
    with django_assert_num_queries(0):
        assert visitor.get("/comptes/").content == first.content


def test_a_kept_page_is_made_again_when_data_change(figures, visitor, quick):
    before = visitor.get("/comptes/").content
    assert visitor.get("/comptes/").content == before
    Figure.objects.filter(subject_kind="territory", measure="energy_saved").update(current=False)
    assert visitor.get("/comptes/").content != before


def test_languages_are_kept_apart(figures, visitor):
    assert 'lang="fr"' in visitor.get("/comptes/").content.decode()
    assert 'lang="en"' in visitor.get("/en/comptes/").content.decode()
    assert 'lang="fr"' in visitor.get("/comptes/", headers={"accept-language": "en"}).content.decode()


def test_what_is_sent_is_compressed_only_for_those_who_take_it(figures, visitor):
    plain = visitor.get("/")
    packed = visitor.get("/", headers={"accept-encoding": "gzip, br"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Accept-Encoding" in packed["Vary"]


def test_an_unchanged_page_is_not_sent_again(figures, visitor):
    first = visitor.get("/")
    again = visitor.get("/", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = visitor.get("/", headers={"if-none-match": '"other"'})
    assert other.status_code == 200
    assert first["Last-Modified"]


def test_public_pages_set_no_cookie_and_do_not_vary_by_one(figures, visitor):
    for path in ("/", "/communes/angers/", "/communes/?q=a", "/donnees/", "/services/", "/nulle-part/"):
        answer = visitor.get(path)
        assert not answer.cookies, path
        assert "Cookie" not in answer.headers.get("Vary", ""), path


def test_someone_signed_in_sees_the_same_public_page(figures, visitor):
    add_people()
    agent = Client()
    from mitoyen.territory.models import Person

    agent.force_login(Person.objects.get(email=AGENT[0]))
    assert agent.get("/").content == visitor.get("/").content


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_public_pages_are_for_reading(figures, visitor, method):
    assert getattr(visitor, method)("/comptes/").status_code == 405


def test_the_cache_forgets_the_oldest_pages(figures, visitor, monkeypatch):
    monkeypatch.setattr(cache, "KEPT_PAGES", 2)
    for path in ("/", "/comptes/", "/donnees/", "/services/"):
        visitor.get(path)
    assert [key[0] for key in cache._pages] == ["/donnees/", "/services/"]


def test_words_added_to_an_address_neither_dodge_what_is_kept_nor_fill_it(figures, visitor, django_assert_num_queries):
    first = visitor.get("/comptes/")
    with django_assert_num_queries(0):
        for said in ("?a=1", "?a=2&b=3", "?page=2", "?q=angers", "?utm_source=%3Cscript%3E"):
            assert visitor.get(f"/comptes/{said}").content == first.content
    assert len(cache._pages) == 1
    assert not cache._numbered


def test_nobody_s_words_are_kept_for_the_next_visitor(figures, visitor):
    assert b"planted" not in visitor.get("/comptes/?x=planted").content
    assert b"planted" not in visitor.get("/comptes/batiments/?page=1&x=planted").content
    assert b"planted" not in visitor.get("/communes/?x=planted").content
    assert b"planted" not in visitor.get("/comptes/").content


def test_a_page_of_a_list_is_kept_apart_and_only_if_it_is_one(figures, visitor, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(account, "PAGE", 2)
    monkeypatch.setattr(cache, "KEPT_NUMBERED", 1)
    visitor.get("/comptes/batiments/")
    second = visitor.get("/comptes/batiments/?page=2")
    with django_assert_num_queries(0):
        assert visitor.get("/comptes/batiments/?page=2&x=1").content == second.content
    for said in ("0", "-1", "02", "+2", "2.0", "9", "x", "\u0662", "1" * 400):
        assert visitor.get("/comptes/batiments/", {"page": said}).status_code == 404, said
    visitor.get("/comptes/batiments/?page=3")
    assert [key[3] for key in cache._pages] == [""]
    assert [key[3] for key in cache._numbered] == ["3"]


def test_a_search_is_made_each_time_and_kept_nowhere(figures, visitor):
    for number in range(5):
        assert f"zz{number}" in visitor.get(f"/communes/?q=zz{number}&x=1").content.decode()
    assert not cache._pages
    assert not cache._numbered


def test_the_style_sheet_is_one_compressed_file_kept_for_ever(visitor):
    answer = visitor.get(assets.address(assets.STYLE), headers={"accept-encoding": "gzip"})
    assert answer["Cache-Control"] == assets.FOR_EVER
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert b"--loire" in gzip.decompress(answer.content)
    old = visitor.get("/habillage/0123456789ab/mitoyen/style.css")
    assert old["Cache-Control"] == "no-cache"


def test_nothing_inline_so_that_the_policy_holds(figures, visitor):
    for path in ("/", "/communes/angers/", "/batiments/angers-ecole-des-ponts/", "/comptes/"):
        answer = visitor.get(path)
        page = answer.content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert "<script" not in page
        assert "default-src 'none'" in answer["Content-Security-Policy"]
