"""The page "where and when": ours and samples from elsewhere, never mixed; no small count."""

import datetime as dt
import re

import pytest
from django.test import Client

from mitoyen.manifests.registry import services
from mitoyen.services.enums import State
from mitoyen.services.importing.taking import import_requests
from mitoyen.services.models import Request
from mitoyen.www import charts_counts
from mitoyen.www.portal import cache
from tests.services.test_patterns import ask

OURS = "/services/report_problem/ou-et-quand/"
ZURICH = f"{OURS}zuerich-zueri-wie-neu/"


@pytest.fixture
def zurich(db, home, tmp_path):
    """Seven reports of waste, three of graffiti."""
    path = tmp_path / "reports.csv"
    rows = [f"2016-06-{day:02},2016,Abfall/Sammelstelle,2683920,1245604" for day in range(1, 8)]
    rows += [f"2016-07-{day:02},2016,Graffiti,2685920,1246604" for day in range(1, 4)]
    path.write_text("date,year,service_code,e,n\n" + "\n".join(rows) + "\n")
    import_requests(path, "test")


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_sample_is_marked_and_apart(zurich):
    ask(6, dt.datetime(2026, 2, 2, 8))
    page = Client().get(ZURICH)
    assert page.status_code == 200
    assert "Züri wie neu, Stadt Zürich (CC0)" in words(page)
    assert "10 demandes" in words(page)
    ours = Client().get(OURS)
    assert "6 demandes" in words(ours)
    assert "CC0" not in words(ours)
    assert ZURICH in ours.content.decode()


def test_a_source_without_hours_draws_days_and_says_so(zurich):
    page = words(Client().get(ZURICH))
    assert "la source ne dit pas l’heure" in page
    assert "à quelles heures" not in page


def test_ours_draws_the_hours_of_the_week(db, home):
    ask(6, dt.datetime(2026, 2, 2, 8))
    assert "à quelles heures de la semaine" in words(Client().get(OURS))


def test_no_small_count_is_written(zurich):
    page = Client().get(ZURICH).content.decode()
    cells = re.findall(r"<td class=n>([^<]*)</td>", page)
    assert "moins de 5" in cells
    assert not {"1", "2", "3", "4"} & set(cells)


def test_few_requests_show_nothing(db, home):
    ask(4, dt.datetime(2026, 2, 2, 8))
    page = Client().get(OURS)
    assert "<svg" not in page.content.decode().partition("<main")[2]
    assert "trop peu" in words(page)


def test_a_source_of_ours_or_of_another_service_has_no_such_page(zurich):
    assert Client().get(f"{OURS}old-tool/").status_code == 404
    assert Client().get("/services/propose_idea/ou-et-quand/zuerich-zueri-wie-neu/").status_code == 404
    assert Client().get("/services/nothing/ou-et-quand/").status_code == 404


def test_only_what_the_manifest_makes_public_is_counted_in_public(db, home, monkeypatch):
    ask(6, dt.datetime(2026, 2, 2, 8))
    assert Client().get("/services/my_data/ou-et-quand/").status_code == 404
    page = words(Client().get(OURS))
    assert "De quoi il s’agit" in page
    assert "Milieu du carré" in page
    manifest = services.installed()["report_problem"].manifest
    monkeypatch.setattr(manifest, "public", ["words"])
    cache.clear()
    page = words(Client().get(OURS))
    assert "mois par mois" in page
    assert "De quoi il s’agit" not in page
    assert "Milieu du carré" not in page


def test_a_sample_is_not_in_the_list_of_requests(zurich):
    assert "Déchets" not in words(Client().get("/services/report_problem/demandes/"))
    number = Request.objects.filter(state=State.UNKNOWN).values_list("pk", flat=True)[0]
    assert Client().get(f"/services/report_problem/demandes/{number}/").status_code == 404


def test_a_class_of_one_number_is_said_as_one():
    assert charts_counts._between(8, 8) == "8"
    assert charts_counts._between(5, 7) == "5–7"
