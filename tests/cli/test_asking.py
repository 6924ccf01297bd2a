"""What stands for a reply at the terminal: a choice by itself, by its words, by its number; the rest is asked again."""

import pytest

from mitoyen.cli.asking import reply_of
from mitoyen.connect.options import STAMPS, Question

WHICH = Question("stamps", "", STAMPS)
WORDS = ["le début", "la fin"]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("start", "start"),
        ("1", "start"),
        (" 2 ", "end"),
        ("La Fin", "end"),
        ("0", ""),
        ("3", ""),
        ("middle", ""),
        ("²", ""),
        (" ", ""),
    ],
)
def test_a_choice(said, reply):
    assert reply_of(WHICH, said, WORDS) == reply


def test_a_choice_that_looks_like_a_number_is_itself():
    years = Question("sheet", "", ("2025", "2024", "1"))
    assert [reply_of(years, said, list(years.choices)) for said in ("2024", "1", "2", "3")] == [
        "2024",
        "1",
        "2024",
        "1",
    ]


def test_several_columns_by_name_or_number():
    columns = Question("columns", "", ("meters", "Gaz", "Eau, froide"))
    words = ["chaque colonne est un compteur", "Gaz", "Eau, froide"]
    assert reply_of(columns, "2, Gaz", words) == "Gaz,Gaz"
    assert reply_of(columns, "Eau, froide", words) == "Eau, froide"
    assert reply_of(columns, "Chaque colonne est un compteur", words) == "meters"
    assert reply_of(columns, "Gaz, Air", words) == ""


def test_usual_replies_do_not_shut_others_out():
    zone = Question("tz", "", ("UTC", "Europe/Paris"))
    assert [reply_of(zone, said, list(zone.choices)) for said in ("2", "Europe/London", "9")] == [
        "Europe/Paris", "Europe/London", "",
    ]  # fmt: skip


def test_a_free_text_is_taken_as_it_is():
    assert reply_of(Question("unit", ""), " kWh ", []) == "kWh"
