"""The public pages in a real browser: axe, width, zoom, keyboard, dark, print, weight."""

import pytest

from tests.www.portal.pages import NAMES, path_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_no_fault(name, language, server, open_page, axe):
    page = open_page(language + path_of(name, server))
    assert page.evaluate("document.documentElement.lang") == ("en" if language else "fr")
    for summary in page.query_selector_all("details:not([open]) > summary"):
        summary.click()
    assert axe(page) == []


@pytest.mark.parametrize("name", ["home", "building", "building, not proven", "account", "figure of a meter"])
def test_axe_finds_no_fault_in_the_dark_nor_on_a_phone(name, server, open_page, axe):
    assert axe(open_page(path_of(name, server), scheme="dark", width=375)) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_scrolls_sideways_at_320_pixels(name, server, open_page):
    page = open_page(path_of(name, server), width=320)
    for summary in page.query_selector_all("details:not([open]) > summary"):
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_at_200_percent(name, server, open_page):
    """Zoomed to 200 %, 1280 px are 640; and text alone at 200 % must fit as well."""
    page = open_page(path_of(name, server), width=640, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("(() => {const s = new CSSStyleSheet(); s.replaceSync('html{font-size:200%!important}'); "
                  "document.adoptedStyleSheets = [s];})()")  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def _press_until(page, holds, most=120):
    """Tab on until the focused element's text or address holds `holds`; every stop must be visible."""
    for _step in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(() => {const e = document.activeElement, b = e.getBoundingClientRect();"
            "return [(e.getAttribute('href') || '') + ' ' + e.textContent, b.width * b.height,"
            "getComputedStyle(e).outlineStyle];})()"
        )
        assert told[1] > 0, f"focus is on nothing visible: {told[0]}"
        assert told[2] != "none", f"focus does not show: {told[0]}"
        if holds in told[0]:
            return
    pytest.fail(f"{holds!r} can't be reached by keyboard")


def test_the_journey_from_home_to_a_download_takes_the_keyboard_alone(server, open_page):
    page = open_page("/")
    _press_until(page, "#content")
    page.keyboard.press("Enter")
    for stop in ("/communes/angers/", "/batiments/angers-ecole-des-ponts/", "/chiffres/"):
        _press_until(page, stop)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{stop}**")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    page = open_page(path_of("figure of a meter", server))
    _press_until(page, "serie.csv")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "period,day,amount_kWh,temperature_Cel,closed"
    assert len(lines) == 1 + 365 + 366


def test_details_open_by_keyboard(server, open_page):
    page = open_page(path_of("figure of a meter", server))
    before = page.evaluate("document.querySelectorAll('details[open]').length")
    _press_until(page, "Contrôles")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelectorAll('details[open]').length") == before + 1


def test_the_search_goes_to_the_commune(server, open_page):
    page = open_page("/")
    page.fill("#q", "trelaze")
    page.press("#q", "Enter")
    page.wait_for_url("**/communes/trelaze/")
    assert page.inner_text("h1") == "Trélazé"


def test_pages_work_without_javascript_and_load_no_script(server, open_page):
    page = open_page("/", java_script_enabled=False)
    page.click(".rows >> text=Trélazé")
    assert "Trélazé" in page.inner_text("h1")
    assert page.query_selector_all("script") == []


def test_print_leaves_out_what_can_t_be_clicked_and_keeps_the_proof(server, open_page):
    page = open_page("/communes/angers/")
    page.emulate_media(media="print")
    assert not page.is_visible(".doors")
    assert not page.is_visible(".skip")
    assert page.is_visible("h1")
    assert page.is_visible(".numbers")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert float(page.evaluate("parseFloat(getComputedStyle(document.querySelector('p')).fontSize)")) >= 16


def test_the_poster_fits_one_sheet(server, open_page):
    page = open_page("/communes/angers/affiche/")
    content = page.pdf(format="A4", prefer_css_page_size=True)
    assert content.count(b"/Type /Page\n") == 1


def test_the_dark_is_dark(server, open_page):
    page = open_page("/", scheme="dark")
    red = page.evaluate("parseInt(getComputedStyle(document.body).backgroundColor.slice(4))")
    assert red < 60
