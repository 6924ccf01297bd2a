"""French complete, English complete, numbers as people write them."""

import re
from pathlib import Path

import polib
import pytest
from django import forms
from django.utils import translation

import mitoyen.www.desk
from mitoyen.www.desk.fields import Day, Number
from mitoyen.www.desk.receiving import shown_name
from mitoyen.www.desk.words import exact, size_word

FRENCH = Path(mitoyen.www.desk.__file__).parent / "locale" / "fr" / "LC_MESSAGES" / "django.po"


def test_every_text_of_the_catalogue_is_in_french():
    catalogue = polib.pofile(str(FRENCH))
    assert [entry.msgid for entry in catalogue if not entry.translated() or "fuzzy" in entry.flags] == []


def test_every_text_of_the_templates_is_in_the_catalogue():
    known = {entry.msgid.replace("%%", "%") for entry in polib.pofile(str(FRENCH))}
    templates = Path(mitoyen.www.desk.__file__).parent.parent / "templates" / "desk"
    texts = [
        text
        for file in templates.rglob("*.html")
        for text in re.findall(r"""\{% translate "([^"]+)\"""", file.read_text(encoding="utf-8"))
    ]
    assert len(texts) > 200
    assert [text for text in texts if text not in known] == []


def test_no_placeholder_is_lost_in_translation():
    for entry in polib.pofile(str(FRENCH)):
        for source, said in (
            (entry.msgid, entry.msgstr),
            *((entry.msgid_plural, s) for s in entry.msgstr_plural.values()),
        ):
            if said:
                assert set(re.findall(r"%\(\w+\)[sd]", source)) == set(re.findall(r"%\(\w+\)[sd]", said)), source


@pytest.mark.parametrize(
    ("typed", "value"), [("1 250,5", 1250.5), ("1250.5", 1250.5), ("-3", -3.0), ("1\u202f000", 1000.0)]
)
def test_numbers_are_read_as_people_write_them(typed, value):
    assert Number().clean(typed) == value


@pytest.mark.parametrize("typed", ["inf", "nan", "1,2,3", "douze", "--1"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(forms.ValidationError):
        Number().clean(typed)


@pytest.mark.parametrize("typed", ["18/01/2019", "2019-01-18", "18/01/19"])
def test_days_are_read_as_people_write_them(typed):
    assert str(Day().clean(typed)) == "2019-01-18"


def test_a_reading_is_shown_as_it_was_read():
    with translation.override("fr"):
        assert exact(1234.56789, "kWh") == "1\u202f234,56789\u00a0kWh"
        assert exact(0.001, "m3") == "0,001\u00a0m³"
        assert size_word(2_147_483_648) == "2,1\u00a0Go"


@pytest.mark.parametrize("name", ["../../x.csv", "C:\\Users\\x.csv", "x.csv\x00", "\u202ex.csv"])
def test_a_file_s_name_is_fit_to_be_shown(name):
    assert shown_name(name) == "x.csv"


def test_the_desk_speaks_english_too(desk, sign_in):
    client = sign_in(desk.officer)
    assert "What is mine today" in client.get("/en/bureau/").content.decode()
    assert "Ce qui m’attend" in client.get("/bureau/").content.decode()
