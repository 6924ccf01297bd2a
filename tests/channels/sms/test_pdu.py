"""Messages of SMPP: any round-trips, garbage is refused, and another implementation reads the same in them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.channels.sms import pdu
from mitoyen.channels.sms.pdu import COMMANDS, HEADER, LONGEST, RESPONSE, Garbled, Pdu, Stream, Value, decode, encode


def _values(field):
    if field.kind == "number":
        return st.integers(0, 255)
    if field.kind == "octets":
        return st.binary(max_size=field.longest)
    letters = st.characters(min_codepoint=1, max_codepoint=255)
    return st.text(letters, max_size=field.longest - 1)


@st.composite
def pdus(draw):
    command = draw(st.sampled_from(COMMANDS))
    fields = {field.name: draw(_values(field)) for field in command.fields}
    status = draw(st.sampled_from((0, pdu.THROTTLED, 0xFFFF_FFFF)))
    more = draw(st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=4))
    if command.number & RESPONSE and status and draw(st.booleans()):
        fields, more = {}, {}
    return Pdu(command.name, draw(st.integers(0, 0xFFFF_FFFF)), status, fields, more)


@settings(deadline=None)
@given(pdus())
def test_any_message_round_trips(message):
    assert decode(encode(message)) == message


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_refused(octets):
    try:
        told = decode(octets)
    except Garbled:
        return
    assert len(octets) >= HEADER
    assert not told.is_known or decode(encode(told)) == told


@settings(deadline=None)
@given(pdus(), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_message_altered_is_read_or_refused(message, at, altered):
    octets = bytearray(encode(message))
    octets[at % len(octets) : at % len(octets) + len(altered)] = altered
    try:
        told = decode(bytes(octets))
    except Garbled:
        return
    assert not told.is_known or decode(encode(told)) == told


@settings(deadline=None)
@given(st.lists(pdus(), min_size=1, max_size=4), st.data())
def test_a_stream_cut_anywhere_gives_the_same_messages(messages, data):
    octets = b"".join(encode(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=5)))
    stream = Stream()
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    assert [decode(whole) for piece in pieces for whole in stream.feed(piece)] == messages


@pytest.mark.parametrize("length", [0, 1, HEADER - 1, LONGEST + 1, 0xFFFF_FFFF])
def test_a_length_that_cannot_be_is_refused_at_once(length):
    with pytest.raises(Garbled, match=str(length)):
        list(Stream().feed(length.to_bytes(4, "big")))


def test_the_longest_message_is_taken_and_a_longer_one_is_not_made():
    room = LONGEST - len(encode(Pdu("submit_sm"))) - 4
    whole = Pdu("submit_sm", more={pdu.MESSAGE_PAYLOAD: bytes(min(room, 0xFFFF))})
    assert len(list(Stream().feed(encode(whole)))) == 1
    with pytest.raises(ValueError, match="too long"):
        encode(Pdu("submit_sm", more={tag: bytes(40_000) for tag in (1, 2)}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_addr", "1" * 21),
        ("source_addr", "1\x002"),
        ("source_addr", 7),
        ("esm_class", 256),
        ("short_message", bytes(255)),
        ("nothing_such", 1),
    ],
)
def test_a_field_that_does_not_fit_is_not_sent(field, value):
    with pytest.raises(ValueError, match=field):
        encode(Pdu("submit_sm", fields={field: value}))


def test_a_password_is_never_in_what_is_logged():
    assert "hunter2" not in repr(Pdu("bind_transceiver", fields={"system_id": "me", "password": "hunter2"}))


def test_the_octets_are_those_of_the_specification():
    """The sample bind of section 3.2.2, as a transceiver that tells its version."""
    fields: dict[str, Value] = {
        "system_id": "SMPP3TEST",
        "password": "secret08",
        "system_type": "SUBMIT1",
        "interface_version": 0x34,
    }
    told = encode(Pdu("bind_transceiver", 1, fields={**fields, "addr_ton": 1, "addr_npi": 1}))
    assert told.hex(" ") == (
        "00 00 00 2f 00 00 00 09 00 00 00 00 00 00 00 01 53 4d 50 50 33 54 45 53 54 00 73 65 63 72 65 74 30 38 00 "
        "53 55 42 4d 49 54 31 00 34 01 01 00"
    )
