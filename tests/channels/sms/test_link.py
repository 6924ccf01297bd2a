"""The link to a real SMSC: bind, messages both ways, what is garbled, and its end."""

import time

import pytest

from mitoyen.channels.sms import pdu
from mitoyen.channels.sms.link import Link, LinkLost
from mitoyen.channels.sms.pdu import Pdu

TEXT = {
    "source_addr": "38000",
    "destination_addr": "33612345678",
    "registered_delivery": 1,
    "short_message": b"Bonjour",
}


@pytest.fixture
def link(centre):
    made = Link("127.0.0.1", centre.port, idle_s=0.5, answer_s=2)
    made.bind("mitoyen", "secret")
    centre.wait_for("bound")
    yield made
    made.drop()


def _receive(link, count, seconds=10):
    came: list[Pdu] = []
    deadline = time.monotonic() + seconds
    while len(came) < count and time.monotonic() < deadline:
        came += link.receive(0.1)
    assert len(came) == count, came
    return came


def test_a_wrong_password_is_refused_and_not_told(centre):
    with pytest.raises(LinkLost, match="0xe") as refused:
        Link("127.0.0.1", centre.port).bind("mitoyen", "wrong-1")
    assert "wrong-1" not in str(refused.value)


def test_a_password_that_smpp_cannot_carry_is_not_told(centre):
    with pytest.raises(LinkLost, match="sms_password") as refused:
        Link("127.0.0.1", centre.port).bind("mitoyen", "far-too-long")
    assert "far-too-long" not in str(refused.value)


def test_nobody_there():
    with pytest.raises(LinkLost, match="be reached"):
        Link("127.0.0.1", 1)


def test_a_message_is_handed_over_and_its_receipt_comes(link, centre):
    sequence = link.send("submit_sm", dict(TEXT), {pdu.USER_MESSAGE_REFERENCE: b"\x12\x34"})
    answer, receipt = _receive(link, 2)
    assert (answer.command, answer.sequence, answer.status) == ("submit_sm_resp", sequence, 0)
    assert receipt.number("esm_class") == pdu.IS_RECEIPT
    assert receipt.more_text(pdu.RECEIPTED_MESSAGE_ID) == answer.text("message_id")
    assert receipt.more_number(pdu.USER_MESSAGE_REFERENCE) == 0x1234
    link.respond(receipt)
    assert centre.wait_for("delivered")["status"] == 0
    (taken,) = centre.taken()
    assert (taken["text"], taken["to"], taken["reference"]) == ("Bonjour", "33612345678", 0x1234)


def test_what_was_not_acknowledged_comes_again(link, centre):
    centre.deliver("33612345678", "ça marche ?")
    _receive(link, 1)
    link.drop()
    centre.wait_for("closed")
    again = Link("127.0.0.1", centre.port)
    again.bind("mitoyen", "secret")
    (message,) = _receive(again, 1)
    assert message.octets("short_message").decode("utf-16-be") == "ça marche ?"
    again.respond(message)
    centre.wait_for("delivered")
    again.unbind()
    centre.wait_for("unbound")


def test_both_sides_ask_whether_the_other_is_there(link, centre):
    centre.order("enquire")
    deadline = time.monotonic() + 1.2
    while time.monotonic() < deadline:
        assert link.receive(0.1) == []
    centre.wait_for("enquired")
    told = {event["event"] for event in centre.events}
    assert "alive" in told


def test_an_smsc_that_falls_silent_is_left(link, centre):
    centre.order("silence", on=True)
    with pytest.raises(LinkLost, match="does not answer any more"):
        _receive(link, 1, seconds=60 / 10)


def test_an_smsc_that_says_goodbye(link, centre):
    centre.order("unbind")
    with pytest.raises(LinkLost, match="closed"):
        _receive(link, 1, seconds=50 / 10)


def test_a_message_that_is_garbled_is_refused_and_the_next_one_is_read(link, centre):
    body = b"\x00" * 3 + b"9" * 25
    garbled = (16 + len(body)).to_bytes(4, "big") + (5).to_bytes(4, "big") + bytes(4) + (77).to_bytes(4, "big") + body
    unknown = (16).to_bytes(4, "big") + (0x0103).to_bytes(4, "big") + bytes(4) + (78).to_bytes(4, "big")
    centre.order("raw", hex=(garbled + unknown).hex())
    centre.deliver("33612345678", "Bonjour")
    (message,) = _receive(link, 1)
    assert message.octets("short_message") == b"Bonjour"
    assert centre.wait_for("nack")["sequence"] == 77
    assert centre.wait_for("nack") == {"event": "nack", "status": pdu.INVALID_COMMAND, "sequence": 78}


@pytest.mark.parametrize("junk", ["00000003", "ffffffff00000000", "474554202f20485454502f312e31"])
def test_what_is_no_smpp_closes_the_link(link, centre, junk):
    centre.order("raw", hex=junk)
    with pytest.raises(LinkLost, match="no SMPP"):
        _receive(link, 1, seconds=20 / 10)
    with pytest.raises(LinkLost):
        link.receive(0.1)
