"""The follow-up code: readable aloud, and every single error or swap is found."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from mitoyen.services import codes

SAMPLES = [codes.new_code() for _n in range(30)]


def test_a_code_has_nine_characters_that_neither_look_nor_sound_alike():
    assert all(len(code) == 9 and set(code) <= set(codes.ALPHABET) for code in SAMPLES)
    assert not set(codes.ALPHABET) & set("0O1ILBSZGQVNDTPE")
    assert len(set(SAMPLES)) == len(SAMPLES)


def test_every_single_wrong_character_is_found():
    for code in SAMPLES:
        for at in range(codes.LENGTH):
            for other in set(codes.ALPHABET) - {code[at]}:
                assert codes.read(code[:at] + other + code[at + 1 :]) is None


def test_every_two_swapped_characters_are_found_wherever_they_stand():
    for code in SAMPLES:
        for one, two in combinations(range(codes.LENGTH), 2):
            swapped = list(code)
            swapped[one], swapped[two] = swapped[two], swapped[one]
            if code[one] != code[two]:
                assert codes.read("".join(swapped)) is None


def test_a_character_too_few_or_too_many_is_found():
    for code in SAMPLES:
        assert codes.read(code[:-1]) is codes.read(code + "2") is codes.read("") is None


def test_what_is_shown_is_read_back_however_it_is_grouped():
    code = SAMPLES[0]
    shown = codes.shown(code)
    written = [shown.lower(), shown.replace("-", " "), shown.replace("-", "\u00a0"), " ".join(code), shown + ".\n"]
    # A word processor, a PDF and a phone's keyboard make of a dash what they like.
    written += [shown.replace("-", dash) for dash in "‐‑‒–—―−_/,·"]
    written += ["".join(chr(ord(letter) + 0xFEE0) for letter in code)]
    assert [codes.read(one) for one in written] == [code] * len(written)


def test_letters_outside_the_alphabet_that_can_mean_one_only_are_taken_for_it():
    said = str.maketrans("852 6KUM".replace(" ", ""), "BSZGQVN")
    for code in SAMPLES:
        assert codes.read(code.translate(said)) == code


@given(st.text(max_size=200))
def test_whatever_is_typed_is_a_code_or_nothing(typed):
    found = codes.read(typed)
    assert found is None or (len(found) == 9 and codes.read(found) == found)
