"""Texts as short messages: what is cut can be put together again, and phones' own ways are read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.channels.sms import pdu, texts
from mitoyen.channels.sms.pdu import Pdu
from mitoyen.ledger import gsm7

SEVEN_BIT = st.text(st.sampled_from(sorted(gsm7.SEPTETS)), min_size=1)
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)


def _as_came(part):
    return Pdu(
        "deliver_sm",
        fields={"short_message": part.octets, "data_coding": part.coding, "esm_class": part.esm_class},
    )


@settings(deadline=None)
@given(SEVEN_BIT | ANY, st.integers(0, 1000))
def test_what_is_cut_is_put_together_again(text, reference):
    pieces = [texts.piece(_as_came(part)) for part in texts.parts(text, reference)]
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
    assert {(piece.reference, piece.total) for piece in pieces} == {
        (reference & 0xFF if len(pieces) > 1 else 0, len(pieces))
    }
    assert texts.text(b"".join(piece.octets for piece in pieces), pieces[0].coding) == text


@settings(deadline=None)
@given(SEVEN_BIT | ANY)
def test_no_part_is_too_long_or_ends_in_half_a_pair(text):
    for part in texts.parts(text, 7):
        body = part.octets[6:] if part.esm_class else part.octets
        assert len(part.octets) <= 160 if part.coding == texts.DEFAULT else len(part.octets) <= 140
        if part.coding == texts.UCS_2:
            body.decode("utf-16-be")
        else:
            # An escape last would take the next part's first letter with it, or be lost.
            assert not body.endswith(b"\x1b")


def test_euro_signs_across_the_border_of_a_part():
    cut = texts.parts("a" * 152 + "€" * 5, 1)
    assert [part.octets[6:] for part in cut] == [b"a" * 152, b"\x1be" * 5]


def test_one_foreign_letter_decides_for_every_part():
    cut = texts.parts("e" * 100 + "ê", 1)
    assert [part.coding for part in cut] == [texts.UCS_2] * 2


@pytest.mark.parametrize("text", ["", "a" * (153 * 256)])
def test_what_no_parts_can_carry_is_refused(text):
    with pytest.raises(ValueError, match="parts"):
        texts.parts(text, 1)


@pytest.mark.parametrize(
    ("fields", "more", "expected"),
    [
        # A reference of two octets, after an element that tells of something else.
        ({"esm_class": 0x40, "short_message": b"\x09\x24\x01\x00\x08\x04\x12\x34\x02\x01abc"}, {}, (0x1234, 2, 1)),
        ({"esm_class": 0x40, "short_message": b"\x06\x08\x04\x12\x34\x02\x01abc"}, {}, (0x1234, 2, 1)),
        ({"short_message": b"abc"}, {0x020C: b"\x00\x09", 0x020E: b"\x03", 0x020F: b"\x02"}, (9, 3, 2)),
        ({}, {pdu.MESSAGE_PAYLOAD: b"abc"}, (0, 1, 1)),
    ],
)
def test_each_way_to_tell_a_part_is_understood(fields, more, expected):
    piece = texts.piece(Pdu("deliver_sm", fields=fields, more=more))
    assert (piece.reference, piece.total, piece.number) == expected
    assert piece.octets == b"abc"


@pytest.mark.parametrize(
    ("coding", "octets", "expected"),
    [
        (0x00, b"\x1be \x05", "€ é"),
        (0x01, b"abc", "abc"),
        (0x03, "ça".encode("latin-1"), "ça"),
        (0x08, "ça 😀".encode("utf-16-be"), "ça 😀"),
        (0xF1, b"\x05", "é"),
        (0x18, "ê".encode("utf-16-be"), "ê"),
    ],
)
def test_alphabets_of_what_comes(coding, octets, expected):
    piece = texts.piece(Pdu("deliver_sm", fields={"data_coding": coding, "short_message": octets}))
    assert texts.text(piece.octets, piece.coding) == expected


@pytest.mark.parametrize("coding", [0x02, 0x04, 0x05, 0x99])
def test_what_is_no_text_is_refused(coding):
    with pytest.raises(ValueError, match="data_coding"):
        texts.piece(Pdu("deliver_sm", fields={"data_coding": coding, "short_message": b"\x00"}))


@settings(deadline=None)
@given(st.binary(max_size=30))
def test_any_header_is_read_or_refused(octets):
    message = Pdu("deliver_sm", fields={"esm_class": 0x40, "short_message": octets})
    try:
        piece = texts.piece(message)
    except ValueError:
        return
    assert 1 <= piece.number <= piece.total
