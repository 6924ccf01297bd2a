"""Long lists come in pages: so many rows, so few queries, and nothing missing or twice from the first to the last."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mitoyen.evaluate.models import Figure
from mitoyen.history.models import Datastream
from mitoyen.territory.models import Commune, Thing
from mitoyen.www.portal import account, data, queries

BUILDINGS = 1100


@pytest.fixture
def many(figures):
    """More buildings than a page holds in Angers, each with a meter's datastream."""
    angers = Commune.objects.get(slug="angers")
    names = [f"plus-{number:04}" for number in range(BUILDINGS)]
    Thing.objects.bulk_create(Thing(slug=slug, name=slug, kind="building", commune=angers) for slug in names)
    things = Thing.objects.filter(slug__startswith="plus-")
    Datastream.objects.bulk_create(
        Datastream(thing=thing, observed_property="gas", unit="kWh", kind="delta") for thing in things
    )
    return angers


def walk(visitor, path, row):
    """What the pages of a list link to, page by page, with the queries that each took."""
    number, found = 1, []
    while True:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = visitor.get(path, {"page": number} if number > 1 else {})
        assert answer.status_code == 200
        page = answer.content.decode()
        found.append((re.findall(row, page), [query["sql"] for query in asked.captured_queries]))
        if 'rel="next"' not in page:
            return found
        number += 1


def test_the_buildings_come_a_page_at_a_time_from_the_database_on(many, visitor):
    pages = walk(visitor, "/comptes/batiments/", r'<li><span><a href="/batiments/([\w-]+)/"')
    rows = [slug for page, _asked in pages for slug in page]
    assert len(rows) == len(set(rows)) == BUILDINGS + 5
    assert all(len(page) <= account.PAGE for page, _asked in pages)
    for _page, asked in pages:
        assert len(asked) <= 6
        read = [sql for sql in asked if 'FROM "territory_thing"' in sql and "COUNT(" not in sql]
        assert read
        assert all("LIMIT " in sql for sql in read)


def test_the_database_ranks_buildings_bad_news_first_then_from_the_smallest_saving(many):
    lines = queries.lines_of(queries.ranked_buildings()[:6])
    places = [queries.BAD_NEWS_FIRST.index(line.verdict) for line in lines[:5]]
    assert places == sorted(places)
    assert lines[0].thing.slug == "angers-mediatheque"
    assert lines[5].figure is None
    proven = [line.percent or 0 for line in lines[:5] if line.verdict == "proven"]
    assert proven == sorted(proven)


def test_a_building_is_ranked_by_its_latest_single_year(figures):
    slug = "angers-ecole-des-ponts"
    kept = Figure.objects.get(subject=slug, measure="energy_saved", current=True)
    older, longer = (Figure.objects.get(pk=kept.pk) for _copy in range(2))
    older.pk, older.verdict = "older", "increase"
    older.reporting_first = older.reporting_first.replace(year=2022)
    older.reporting_last = older.reporting_last.replace(year=2022)
    longer.pk, longer.verdict = "longer", "increase"
    longer.reporting_first = longer.reporting_first.replace(year=2022)
    older.save(force_insert=True)
    longer.save(force_insert=True)
    ranked = queries.lines_of(queries.ranked_buildings())
    listed = queries.buildings_of(Commune.objects.get(slug="angers"))
    for lines in (ranked, listed):
        assert {line.thing.slug: line.figure for line in lines}[slug] == kept


def test_a_meter_proven_since_is_not_listed_as_unproven(figures):
    broken = Figure.objects.get(pk=figures["datastream", "trelaze-gymnase-gas/gas", "energy_saved"])
    assert list(queries.not_proven_meters()) == [broken]
    since = Figure.objects.get(pk=broken.pk)
    since.pk, since.verdict = "since", "proven"
    since.reporting_first = since.reporting_first.replace(year=2025)
    since.reporting_last = since.reporting_last.replace(year=2025)
    since.save(force_insert=True)
    assert not queries.not_proven_meters()
    assert not queries.not_proven_meters(broken.commune)


def test_the_datastreams_of_a_commune_come_a_page_at_a_time(many, visitor):
    pages = walk(visitor, "/donnees/communes/angers/", r'<li><a href="/donnees/mesures/([\w-]+)/')
    rows = [slug for page, _asked in pages for slug in page]
    assert len(rows) == len(set(rows)) == Datastream.objects.filter(thing__commune=many).count()
    assert {len(page) for page, _asked in pages[:-1]} == {data.LISTED}
    assert max(len(asked) for _page, asked in pages) <= 6


def test_a_program_reads_the_catalogue_page_by_page(many, visitor, django_assert_max_num_queries):
    address, rows = "/donnees/catalogue.json", []
    while address:
        with django_assert_max_num_queries(5):
            content = visitor.get(address).json()
        assert 0 < len(content["datastreams"]) <= data.IN_A_FILE
        assert content["total"] == Datastream.objects.count()
        rows += [row["datastream"] for row in content["datastreams"]]
        address = (content["next"] or "").partition("//")[2].partition("/")[2]
        address = f"/{address}" if address else ""
    assert rows == [stream.name for stream in Datastream.objects.select_related("thing")]


@pytest.mark.parametrize("path", ["/comptes/batiments/", "/comptes/non-prouve/", "/donnees/communes/angers/",
                                  "/donnees/catalogue.json"])  # fmt: skip
def test_a_page_that_a_list_does_not_have_is_not_found(figures, visitor, path):
    for said in ("2", "0", "x", "01"):
        assert visitor.get(path, {"page": said}).status_code == 404
    assert visitor.get(path, {"page": "1", "x": "2"}).content == visitor.get(path).content
