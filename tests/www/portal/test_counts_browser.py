"""Pages of counts and of parity with something in them, in a real browser: axe, 320 px."""

import pytest
from django.test import Client

from mitoyen.services.enums import Channel
from mitoyen.services.importing.taking import import_requests
from mitoyen.services.parity import keeping
from tests.services.parity.test_report import ask

OURS = "/services/report_problem/ou-et-quand/"
ZURICH = "/services/report_problem/ou-et-quand/zuerich-zueri-wie-neu/"
pytestmark = pytest.mark.browser


@pytest.fixture
def filled(db, home, tmp_path):
    """Slow paper, the hours of a week, a sample of Zurich."""
    path = tmp_path / "reports.csv"
    rows = [
        f"2016-{month:02}-{day:02},2016,{what},{2680000 + 400 * day},{1245000 + 300 * month}"
        for month in range(1, 13)
        for day in range(1, 28)
        for what in ("Abfall/Sammelstelle", "Graffiti", "Allgemein")
    ]
    path.write_text("date,year,service_code,e,n\n" + "\n".join(rows) + "\n")
    import_requests(path, "test")
    ask(60, Channel.WEB, passed=0.2, longitude=-0.55, latitude=47.47)
    ask(40, Channel.PAPER, days=4.0, ends=5.0, passed=3.2, longitude=-0.5, latitude=47.5)
    keeping.keep()


@pytest.mark.parametrize("language", ["", "/en"], ids=["French", "English"])
@pytest.mark.parametrize("path", [OURS, ZURICH, "/le-meme-service-pour-tous/", "/mots/"])
def test_without_fault_at_320_px_and_wide(filled, open_page, axe, path, language):
    answer = Client().get(language + path)
    assert answer.status_code == 200
    for width in (320, 1280):
        page = open_page("/accessibilite/", width=width)
        page.set_content(answer.content.decode())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
