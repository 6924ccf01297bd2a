"""Every public text passes the check: the built-in services', the portal's French, the glossary's own."""

import tomllib

import polib
import pytest

from mitoyen.manifests.registry import services
from mitoyen.services.plain import glossary
from mitoyen.services.plain.check import check
from tests.conftest import ROOT

CATALOGUES = ("www", "www/desk", "www/accounts", "services", "channels/mail", "channels/paper", "channels/sms")
ACCEPTED = tomllib.loads((ROOT / "tests/services/plain/accepted.toml").read_text(encoding="utf-8"))["accepted"]


def faults_of(text, language="fr"):
    return [(remark.code, remark.text) for remark in check(text, language).faults]


def said(name):
    """(English, French) of every text of a room's catalogue."""
    for entry in polib.pofile(str(ROOT / f"src/mitoyen/{name}/locale/fr/LC_MESSAGES/django.po")):
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            yield entry.msgid, text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_built_in_services_are_plain(language):
    found = {
        f"{name}: {key}": faults_of(text, language)
        for name, service in services.installed().items()
        for key, text in service.texts[language].items()
    }
    assert {key: faults for key, faults in found.items() if faults} == {}


@pytest.mark.parametrize("name", CATALOGUES)
def test_the_french_that_people_read_is_plain(name):
    found = {}
    for english, french in said(name):
        accepted = {code for one in ACCEPTED if english.startswith(one["text"]) for code in one["codes"]}
        faults = [fault for fault in faults_of(french) if fault[0] not in accepted]
        if faults:
            found[english] = faults
    assert found == {}


def test_what_is_accepted_is_still_said_still_at_fault_and_little():
    assert len(ACCEPTED) <= 12
    every = [pair for name in CATALOGUES for pair in said(name)]
    for one in ACCEPTED:
        codes = {code for english, french in every if english.startswith(one["text"]) for code, _t in faults_of(french)}
        assert set(one["codes"]) <= codes, one["text"]
        assert one["why"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_glossary_explains_in_plain_words(language):
    assert {
        term.name: faults_of(term.of(language).means, language)
        for term in glossary.terms()
        if faults_of(term.of(language).means, language)
    } == {}
    names = [term.name for term in glossary.terms()]
    assert len(names) == len(set(names))
