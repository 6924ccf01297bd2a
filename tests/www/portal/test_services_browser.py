"""The services in Chromium: axe, 320 px, by keyboard alone, without JavaScript, and a draft that survives."""

import pytest

pytestmark = pytest.mark.browser

FORMS = ("report_problem", "propose_idea", "judge_service", "digital_help", "be_told", "my_data")
PAGES = (*(f"/services/{name}/" for name in FORMS), "/suivre/", "/moderation/", "/services/par-sms/")
STREETS = """
from mitoyen.territory.models import Commune, Street
for slug in ("angers", "avrille"):
    commune = Commune.objects.get(slug=slug)
    Street.objects.update_or_create(commune=commune, key="rue gare", defaults=dict(
        name="Rue de la Gare", postcode="49000", longitude=commune.longitude, latitude=commune.latitude))
"""


@pytest.fixture(scope="module")
def streets(server):
    server.python(STREETS)


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_fault(path, language, open_page, axe):
    page = open_page(language + path)
    for summary in page.query_selector_all("details:not([open]) > summary"):
        summary.click()
    assert axe(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways_at_320_pixels(path, open_page):
    page = open_page(path, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def send(page):
    page.click("form.service-form button[type=submit]")


def test_each_state_of_a_form_is_without_fault_down_to_the_code(streets, open_page, axe):
    page = open_page("/services/report_problem/", width=375)
    send(page)
    assert "Ce n’est pas encore envoyé" in page.inner_text(".error-summary")
    assert axe(page) == []
    page.check("input[value=road]")
    page.fill("#q-place", "rue de la gare")
    page.fill("#q-words", "Un trou devant le 3.")
    send(page)
    assert page.inner_text("#which legend").startswith("Lequel de ces lieux")
    assert page.input_value("#q-words") == "Un trou devant le 3."
    assert axe(page) == []
    page.check("input[name=place-pick] >> nth=0")
    send(page)
    page.wait_for_url("**/recu/**")
    assert axe(page) == []
    code = page.inner_text(".code").split()[-1]
    page.click("text=Suivre ma demande >> nth=0")
    page.fill("#code", code)
    page.click("main button[type=submit]")
    assert "Ce qui s’est passé" in page.inner_text("main")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_a_problem_is_reported_without_javascript(open_page):
    page = open_page("/services/report_problem/", java_script_enabled=False)
    page.check("input[value=waste]")
    page.fill("#q-place", "Angers")
    page.fill("#q-words", "La corbeille déborde.")
    send(page)
    assert page.inner_text(".code").count("-") == 2


def test_a_problem_is_reported_by_keyboard_alone(open_page):
    page = open_page("/services/report_problem/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    def tab_to(selector):
        for _step in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        pytest.fail(f"{selector} can't be reached")

    tab_to("[name=q-category]")
    page.keyboard.press("Space")
    tab_to("#q-place")
    page.keyboard.type("Trélazé")
    tab_to("#q-words")
    page.keyboard.type("Le lampadaire est éteint.")
    tab_to("form.service-form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/recu/**")


def test_a_draft_survives_a_closed_page_and_is_gone_once_sent(open_page):
    page = open_page("/services/propose_idea/")
    page.fill("#q-title", "Un banc")
    page.fill("#q-words", "À l’ombre.")
    page.reload()
    assert page.input_value("#q-title") == "Un banc"
    send(page)
    page.wait_for_url("**/recu/**")
    page.goto(page.url.split("/recu/")[0] + "/")
    assert page.input_value("#q-title") == ""


def test_a_form_with_all_it_loads_is_light(open_page):
    page = open_page("/services/report_problem/")
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".map((entry) => entry.transferSize)"
    )
    assert 0 < sum(sizes) <= 60 * 1024
