"""Answers of each type, as people, machines and attackers give them."""

import json
import math

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.services import answers
from mitoyen.services.answers import BadAnswer, clean, read, read_one
from tests.services.conftest import asked, service_of

CHOICE = asked("choice", choices=["road", "water", "other"])
CHOICES = asked("choices", choices=["road", "water", "other"])


@pytest.mark.parametrize(
    ("question", "given_", "kept"),
    [
        (asked("text"), "  Un\ttrou \r\n ici ", "Un trou ici"),
        (asked("words"), "Un trou\r\nici\rlà\u2028enfin", "Un trou\nici\nlà\nenfin"),
        (CHOICE, " water ", "water"),
        (CHOICES, ["other", "road", "other"], ["road", "other"]),
        (asked("yes_no"), "Oui.", True),
        (asked("yes_no"), "NON", False),
        (asked("yes_no"), "1", True),
        (asked("yes_no"), "2", False),
        (asked("number"), "12,5", 12.5),
        (asked("number"), "1\u202f234,5", 1234.5),
        (asked("number"), "−3", -3.0),
        (asked("rating"), " 4 ", 4),
        (asked("date"), "25/11/2026", "2026-11-25"),
        (asked("date"), "5.1.2026", "2026-01-05"),
        (asked("date"), "2026-11-25", "2026-11-25"),
        (asked("date"), "29/02/2028", "2028-02-29"),
    ],
)
def test_each_type_is_read_into_one_form(question, given_, kept):
    assert read_one(question, given_) == kept


@pytest.mark.parametrize(
    ("question", "given_"),
    [
        (asked("text", longest=5), "trop long"),
        (CHOICE, "Water"),
        (CHOICE, ["road", "water"]),
        (CHOICES, ["road", "fire"]),
        (asked("yes_no"), "peut-être"),
        (asked("rating"), "0"),
        (asked("rating"), "6"),
        (asked("rating"), "4,5"),
        (asked("rating"), "٤"),
        (asked("date"), "31/02/2026"),
        (asked("date"), "29/02/2027"),
        (asked("date"), "1/1/0001"),
        (asked("date"), "25/11/26"),
        (asked("date"), "demain"),
        (asked("code"), "K7M-2XA-9FA"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(question, given_):
    with pytest.raises(BadAnswer) as fault:
        read_one(question, given_)
    assert len(str(fault.value)) > 10


@pytest.mark.parametrize(
    "number", ["1e308", "nan", "inf", "-Infinity", "9" * 400, "0x10", "1_000", "1.234,5", "12,5 €", "١٢", "--3", ","]
)
def test_what_only_a_program_takes_for_a_number_is_none(number):
    with pytest.raises(BadAnswer):
        read_one(asked("number"), number)


def test_limits_of_a_number_are_told_as_people_write_them():
    question = asked("number", least=0.5, most=2_000_000)
    with translation.override("fr"):
        with pytest.raises(BadAnswer, match="0,5"):
            read_one(question, "0")
        with pytest.raises(BadAnswer) as fault:
            read_one(question, "3000000")
    assert "e+" not in str(fault.value)
    assert "2000000" in "".join(str(fault.value).split())


def test_nothing_is_an_answer_to_what_is_optional_only():
    for nothing in ("", "  ", "\u200b\u2060\u00ad", [], ["", " "], "\x00\x07"):
        assert read_one(asked("words"), nothing) is None
        with pytest.raises(BadAnswer):
            read_one(asked("words", required=True), nothing)


@pytest.mark.parametrize(
    "bad",
    [
        "\x00",
        "\x1b",
        "\x9b",
        "\u202e",
        "\u2066",
        "\u061c",
        "\u200f",
        "\ud800",
        "\ufeff",
        "\u00ad",
        "\uffff",
        "\U000e0041",
    ],
)
def test_control_characters_and_marks_that_turn_the_text_round_are_gone(bad):
    assert clean(f"Un {bad}trou") == "Un trou"


@given(st.text())
def test_a_clean_text_stays_as_it_is_and_can_be_written_anywhere(text):
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in cleaned)


@given(st.sampled_from(sorted(answers.READERS)), st.text() | st.lists(st.text(), max_size=4))
def test_whatever_is_answered_is_kept_as_json_or_refused(kind, raw):
    question = asked(kind, choices=["a", "b"] if kind in ("choice", "choices") else [])
    try:
        kept = read_one(question, raw)
    except BadAnswer:
        return
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    assert not (isinstance(kept, float) and math.isinf(kept))


def test_everything_that_is_wrong_is_told_at_once():
    one, two, three = asked("text", required=True), asked("number"), asked("place", required=True)
    one.name, two.name, three.name = "one", "two", "three"
    found = read(service_of(one, two, three), {"two": "beaucoup"})
    assert set(found.faults) == {"one", "two", "three"}
    assert read(service_of(three), {}, frozenset({"three"})).faults == {}
