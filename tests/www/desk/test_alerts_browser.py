"""The screen of what is wrong now in Chromium: decided by keyboard, refreshed by itself but never under one's hands."""

import pytest

from tests.www.desk.test_browser import officer, seeded, tab_to  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser]

RAISE = """
from mitoyen.operate.alerts.models import Alert
Alert.objects.filter(pk=2).update(people={people})
"""
REFRESHED_MS = 21_000


def test_an_alert_is_taken_in_hand_by_keyboard(officer):  # noqa: F811
    page = officer("/bureau/maintenant/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**quoi=*")
    tab_to(page, "Je m’en occupe")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alertes/*/")
    assert page.get_by_text("Vous vous en occupez").is_visible()
    tab_to(page, "Laisser")
    page.keyboard.press("Enter")
    page.get_by_text("de nouveau à prendre en charge").wait_for()


def test_the_list_refreshes_by_itself_and_not_while_someone_types(officer, seeded):  # noqa: F811
    page = officer("/bureau/maintenant/?quoi=2")
    page.clock.install()
    page.reload()
    seeded.python(RAISE.format(people=777))
    page.get_by_text("Écarter, ou noter quelque chose").click()
    page.locator("textarea").first.fill("Je suis en train d’écrire")
    page.clock.fast_forward(REFRESHED_MS)
    page.wait_for_timeout(1500)
    assert page.get_by_text("777 personnes concernées").count() == 0, "nothing moves under the hands of who types"
    page.evaluate("document.activeElement.blur()")
    page.clock.fast_forward(REFRESHED_MS)
    page.get_by_text("777 personnes concernées").first.wait_for()
    assert page.locator("textarea").first.input_value() == "Je suis en train d’écrire"
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('[data-walk]') !== null"), "keys walk the fresh list"


def test_without_javascript_a_link_looks_again(officer, seeded):  # noqa: F811
    page = officer("/bureau/maintenant/", width=390, java_script_enabled=False)
    seeded.python(RAISE.format(people=888))
    page.get_by_role("link", name="Regarder de nouveau").click()
    assert page.get_by_text("888 personnes concernées").first.is_visible()
