"""Short messages: what they cost, how they are cut, and that making them cheap changes no word's meaning."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.ledger.gsm7 import BASIC, EXTENSION, SAME_WORD, SEPTETS, cost, decode, encode, plain, split

ALPHABET = st.text(st.sampled_from(sorted(SEPTETS)), max_size=800)
# Characters of one unit, of two (escape pairs, surrogate pairs), and those that force the larger alphabet.
MIXED = st.text(st.sampled_from("aé€{^\\|çê°\U0001f6b2\U0001d11e \n"), max_size=700)


def test_the_alphabet_is_the_standards():
    assert len(BASIC) == 128
    at = {"@": 0x00, "è": 0x04, "é": 0x05, "ù": 0x06, "Ç": 0x09, "\n": 0x0A, "_": 0x11, "É": 0x1F, "¤": 0x24, "§": 0x5F,
          "¿": 0x60, "ñ": 0x7D, "à": 0x7F}  # fmt: skip
    assert {letter: encode(letter)[0] for letter in at} == at
    assert encode("€[~]") == bytes([0x1B, 0x65, 0x1B, 0x3C, 0x1B, 0x3D, 0x1B, 0x3E])


@pytest.mark.parametrize("letter", "°’êç«»ôûâî\x1b")
def test_what_is_outside_it_forces_the_larger_alphabet_and_is_named(letter):
    told = cost(f"Un {letter}")
    assert told.ucs2
    assert told.forced_by == letter
    with pytest.raises(ValueError, match="GSM"):
        encode(letter)


def test_what_fits_alone_and_in_parts():
    assert [len(split("a" * n)) for n in (0, 160, 161, 306, 307)] == [0, 1, 2, 2, 3]
    assert [len(split("ê" * n)) for n in (70, 71, 134, 135)] == [1, 2, 2, 3]
    assert [len(split("€" * n)) for n in (80, 81, 152, 153)] == [1, 2, 2, 3]
    assert cost("à" * 160).parts == 1
    assert cost("\U0001f6b2" * 36).parts == 2


@given(MIXED)
def test_parts_are_the_text_and_no_pair_is_cut(text):
    parts = split(text)
    assert "".join(parts) == text
    told = cost(text)
    assert told.parts == len(parts)
    for part in parts:
        units = len(part.encode("utf-16-be")) // 2 if told.ucs2 else len(encode(part))
        assert 0 < units <= ((70 if len(parts) == 1 else 67) if told.ucs2 else (160 if len(parts) == 1 else 153))
        assert not told.ucs2 or part.encode("utf-16-be").decode("utf-16-be") == part
        assert told.ucs2 or not encode(part).endswith(b"\x1b")


@given(ALPHABET)
def test_what_is_encoded_is_decoded(text):
    assert decode(encode(text)) == text


@given(st.binary(max_size=200))
def test_whatever_a_carrier_sends_is_some_text(octets):
    assert set(decode(octets)) <= set(BASIC) | set(EXTENSION)


@pytest.mark.parametrize(
    "word",
    [
        "tâche",
        "pêcheur",
        "côte",
        "Tâche",
        "TÂCHE",
        "PÊCHEUR",
        "CÔTE",
        "Âge",
        "sûr",
        "dû",
        "mûr",
        "jeûne",
        "forêts",
        "rôde",
        "vôtre",
        "nôtre",
        "croît",
        "Croît",
        "faîte",
        "maïs",
        "fît",
        "haïr",
        "pâte",
        "mâle",
        "gêne",
        "prêt",
        "bât",
        "rôt",
    ],
)
def test_a_word_that_would_mean_something_else_keeps_its_accent(word):
    assert plain(f"Le {word} !") == f"Le {word} !"


def test_no_word_that_loses_its_accent_is_another_one():
    """As the dictionary has it: none of the bare forms is a word."""
    others = {"votre", "notre", "tache", "pecheur", "cote", "mur", "du", "sur", "jeune", "rode", "prete", "pale"}
    assert not {plain(word) for word in SAME_WORD} & others


def test_typography_and_words_that_stay_themselves_become_cheap():
    said = "« L’hôtel » fête bientôt l’île : déjà reçu… – À ÊTRE, Être œuvre\u202f!"
    assert plain(said) == "\"L'hotel\" fete bientot l'ile : déjà recu... - A ETRE, Etre oeuvre !"
    assert not cost(plain(said)).ucs2


def test_an_accent_written_apart_is_the_same_letter():
    apart = unicodedata.normalize("NFD", "Déjà reçu à l’hôtel")
    assert plain(apart) == plain("Déjà reçu à l’hôtel")
    assert not cost(plain(apart)).ucs2


@given(st.text(max_size=200))
def test_made_plain_twice_is_made_plain_once(text):
    once = plain(text)
    assert plain(once) == once
