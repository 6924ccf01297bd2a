"""Notices go out through a real SMSC, each with its own state."""

import datetime as dt
import json

import pytest
from django.utils import timezone

from mitoyen.channels.sms import pdu
from mitoyen.channels.sms.enums import SegmentState
from mitoyen.channels.sms.link import LinkLost
from mitoyen.channels.sms.models import Receipt, Segment
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, Way
from tests.channels.sms.conftest import MARIE, binding, bound_to
from tests.services.conftest import report

NOTICE = "+" + MARIE


def put(key, body="Bonjour", to=NOTICE, **more):
    return outbox.put(NoticeWay.SMS, to, body, key=key, **more)


def state(key):
    return Notice.objects.get(key=key).state


def test_a_notice_is_handed_over_and_arrives(bound):
    put("a", "Votre rue sera fermée, à 8 h : 3 €")
    bound.until(lambda: state("a") == NoticeState.ARRIVED)
    (taken,) = bound.centre.taken()
    assert (taken["text"], taken["to"], taken["from"]) == ("Votre rue sera fermée, à 8 h : 3 €", MARIE, "38000")
    assert taken["registered"] == 1
    notice = Notice.objects.get()
    assert notice.reference == taken["id"]
    assert taken["reference"] == Segment.objects.get().user_message_reference


def test_a_long_notice_is_one_text_again_at_the_other_end(bound):
    body = "é€" * 100 + "fin"
    put("a", body)
    bound.until(lambda: state("a") == NoticeState.ARRIVED)
    parts = bound.centre.taken()
    assert "".join(part["text"] for part in parts) == body
    assert [part["udh"][0][-2:] for part in parts] == [f"{n:02x}" for n in range(1, len(parts) + 1)]
    assert len(parts) == 2


def test_a_foreign_letter_goes_as_ucs_2(bound):
    put("a", "Il gèle à la forêt 😀" * 8)
    bound.until(lambda: state("a") == NoticeState.ARRIVED)
    assert {part["coding"] for part in bound.centre.taken()} == {8}
    assert "".join(part["text"] for part in bound.centre.taken()) == "Il gèle à la forêt 😀" * 8


def test_an_answer_to_a_person_overtakes_a_crowd(bound):
    for number in range(300):
        put(f"crowd-{number}", about="told:1")
    bound.served.round()
    put("reply", "Et vous ?", about="sms:reply")
    bound.until(lambda: state("reply") in (NoticeState.HANDED, NoticeState.ARRIVED))
    assert Notice.objects.filter(state=NoticeState.QUEUED).exists()


def test_no_more_wait_for_an_answer_than_the_window_allows(tmp_path, sms_settings, db, home):
    sms_settings["sms_window"] = 4
    for number in range(20):
        put(str(number))
    with bound_to(tmp_path, answerMs=200) as bound:
        bound.until(lambda: not Notice.objects.exclude(state=NoticeState.ARRIVED).exists())
    times = sorted(taken["at"] for taken in bound.centre.taken())
    assert all(later - sooner >= 150 for sooner, later in zip(times, times[4:], strict=False))


def test_the_speed_is_kept(tmp_path, sms_settings, db, home):
    sms_settings["sms_per_second"] = 20
    for number in range(30):
        put(str(number))
    with bound_to(tmp_path) as bound:
        bound.until(lambda: len(bound.centre.taken()) == 30)
    times = sorted(taken["at"] for taken in bound.centre.taken())
    assert 1 <= (times[-1] - times[0]) / 1000 <= 3


def test_a_number_that_the_network_refuses_is_flagged(tmp_path, sms_settings, communes):
    report(reach=Reach(Way.SMS, NOTICE), channel=Channel.COUNTER)
    with bound_to(tmp_path, refuse={MARIE: {"times": -1, "status": 0x0B}}) as bound:
        bound.until(lambda: Notice.objects.get().state == NoticeState.FAILED)
    assert "0xb" in Notice.objects.get().error
    from mitoyen.services.models import Contact

    assert Contact.objects.get().unreached_at is not None


def test_a_busy_network_is_waited_for_and_nothing_goes_twice(tmp_path, sms_settings, db, home):
    put("a")
    put("b", to="+33698765432")
    with bound_to(tmp_path, refuse={MARIE: {"times": 1, "status": pdu.THROTTLED}}) as bound:
        bound.until(lambda: not Notice.objects.exclude(state=NoticeState.ARRIVED).exists())
    assert sorted(taken["to"] for taken in bound.centre.taken()) == [MARIE, "33698765432"]


def _due_now_until_given_up():
    Segment.objects.filter(state=SegmentState.READY).update(due_at=timezone.now())
    return Segment.objects.filter(state=SegmentState.FAILED).exists()


def test_a_system_error_is_tried_again_later(tmp_path, sms_settings, db, home):
    put("a")
    with bound_to(tmp_path, refuse={MARIE: {"times": -1, "status": pdu.SYSTEM_ERROR}}) as bound:
        bound.until(lambda: Segment.objects.filter(state=SegmentState.READY, sent=1, due_at__gt=timezone.now()).first())
        bound.until(_due_now_until_given_up)
    assert state("a") == NoticeState.FAILED
    assert Segment.objects.get().sent == 6


@pytest.mark.parametrize("echo", [True, False])
def test_a_notice_that_cannot_be_delivered_is_given_up(tmp_path, sms_settings, db, home, echo):
    put("a")
    with bound_to(tmp_path, fails={MARIE: "UNDELIV"}, echo=echo) as bound:
        bound.until(lambda: state("a") == NoticeState.FAILED)
    assert Segment.objects.get().state == SegmentState.FAILED


def test_a_receipt_that_spells_the_name_in_decimal(tmp_path, sms_settings, db, home):
    put("a")
    with bound_to(tmp_path, hexReceipts=True, echo=False) as bound:
        bound.until(lambda: state("a") == NoticeState.ARRIVED)


@pytest.mark.parametrize("echo", [True, False])
def test_a_receipt_that_overtakes_the_answer(tmp_path, sms_settings, db, home, echo):
    put("a")
    with bound_to(tmp_path, answerMs=400, echo=echo) as bound:
        bound.until(lambda: state("a") == NoticeState.ARRIVED)
        bound.settle()
    assert state("a") == NoticeState.ARRIVED
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("echo", [True, False])
def test_what_was_taken_without_an_answer_is_settled_by_its_receipt(tmp_path, sms_settings, db, home, echo):
    """The instant that SMPP leaves open: the SMSC has the message, its answer is lost."""
    sms_settings["sms_doubt_seconds"] = 5
    put("a", "é" * 200)
    put("b", to="+33698765432")
    with bound_to(tmp_path, answerMs=60_000, receiptMs=1500, echo=echo) as bound:
        bound.until(lambda: len(bound.centre.taken()) == 3)
        bound.leave()
        with binding(bound.centre) as again:
            assert Segment.objects.filter(state=SegmentState.DOUBT).count() == 3
            again.until(lambda: not Notice.objects.exclude(state=NoticeState.ARRIVED).exists())
            again.settle(0.5)
    assert len(bound.centre.taken()) == 3


def test_what_never_got_there_is_sent_again(bound):
    """The other half of the same instant: written down, and lost with the process before it left."""
    put("a")
    bound.until(lambda: state("a") == NoticeState.ARRIVED)
    Segment.objects.update(state=SegmentState.HANDING, message_id="")
    Notice.objects.update(state=NoticeState.HANDING)
    bound.leave()
    with binding(bound.centre) as again:
        again.settle(0.5)
        assert len(bound.centre.taken()) == 1
        again.until(lambda: state("a") == NoticeState.ARRIVED)
    assert len(bound.centre.taken()) == 2


def test_an_smsc_that_answers_nothing_is_left(bound):
    bound.served.link.answer_s = 0.5
    put("a")
    bound.centre.order("silence", on=True)
    with pytest.raises(LinkLost):
        bound.settle(5)


def test_what_no_message_can_carry_is_given_up(bound):
    put("long", "a" * 153 * 256)
    put("odd", to="12345678901234567890123")
    put("fine")
    bound.until(lambda: state("fine") == NoticeState.ARRIVED)
    assert (state("long"), state("odd")) == (NoticeState.FAILED, NoticeState.FAILED)


def test_a_notice_put_back_by_hand_goes_anew(bound):
    put("a")
    bound.until(lambda: state("a") == NoticeState.ARRIVED)
    Notice.objects.update(state=NoticeState.QUEUED, due_at=timezone.now() - dt.timedelta(minutes=1))
    bound.until(lambda: len(bound.centre.taken()) == 2)
    bound.until(lambda: state("a") == NoticeState.ARRIVED)


def test_the_log_names_nobody(bound, caplog):
    put("a", to="12345678901234567890123")
    bound.centre.deliver(MARIE, "Mon secret")
    bound.settle()
    assert "secret" not in json.dumps(caplog.messages)
    assert MARIE not in json.dumps(caplog.messages)
