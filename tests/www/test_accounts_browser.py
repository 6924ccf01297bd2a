"""The accounts' pages in a real browser: nothing for axe to say, by keyboard, on a telephone, in the dark."""

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "address", ["/compte/login/", "/en/compte/login/", "/compte/password/reset/", "/compte/signup/"]
)
def test_open_pages_have_no_fault(open_page, axe, address):
    page: Page = open_page(address, width=320)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_signing_in_by_keyboard_alone(open_page, server):
    page: Page = open_page("/compte/login/")
    page.focus("input[name=login]")
    page.keyboard.type("nobody@example.org")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # past the link under the label
    assert page.evaluate("document.activeElement.name") == "password"
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert page.input_value("input[name=login]") == "nobody@example.org"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_setting_up_the_second_factor(agent, axe, scheme):
    from tests.www.seeding import AGENT

    page: Page = agent("/bureau/", scheme=scheme)
    page.goto(page.url.split("/bureau/")[0] + "/compte/double-authentification/")
    assert axe(page) == []
    page.click("main a.button")
    page.wait_for_url("**/compte/reauthenticate/**")
    assert axe(page) == []
    page.fill("input[name=password]", AGENT[1])
    page.keyboard.press("Enter")
    page.wait_for_url("**/totp/activate/")
    assert page.evaluate("document.querySelector('main img').naturalWidth") > 0, "the policy lets the code be shown"
    assert axe(page) == []
    page.goto(page.url.split("/compte/")[0] + "/compte/password/change/")
    assert axe(page) == []
