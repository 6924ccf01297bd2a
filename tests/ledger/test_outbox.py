"""Notices: each has its own state and its own retries, and is handed over once."""

import datetime as dt

import pytest
from django.utils import timezone

from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from tests.ledger.conftest import Installation

SMS, MAIL = NoticeWay.SMS, NoticeWay.MAIL


def put(key="a", way=SMS, **more):
    return outbox.put(way, "+33612345678", "Bonjour", key=key, **more)


def state(notice):
    notice.refresh_from_db()
    return notice.state


@pytest.mark.django_db
def test_the_same_key_is_one_notice():
    one = put()
    again = outbox.put(SMS, "+33699999999", "Autre chose", key="a")
    assert again.pk == one.pk
    assert Notice.objects.get().body == "Bonjour"


@pytest.mark.django_db
def test_what_is_due_is_taken_once_oldest_first_and_by_its_way():
    put("a"), put("b"), put("c", way=MAIL), put("d", due_at=timezone.now() + dt.timedelta(hours=1))
    assert [notice.key for notice in outbox.take(SMS, 10)] == ["a", "b"]
    assert outbox.take(SMS, 10) == []
    assert [notice.key for notice in outbox.take(MAIL, 10)] == ["c"]


@pytest.mark.django_db
def test_one_that_failed_says_nothing_of_the_others():
    put("a"), put("b"), put("c")
    one, two, three = outbox.take(SMS, 3)
    outbox.handed(one, "ref-1")
    outbox.failed(two, "Unknown number")
    outbox.try_later(three, "Busy")
    assert [state(notice) for notice in (one, two, three)] == [
        NoticeState.HANDED, NoticeState.FAILED, NoticeState.QUEUED,
    ]  # fmt: skip
    outbox.arrived(one)
    assert state(one) == NoticeState.ARRIVED
    assert one.reference == "ref-1"
    assert two.error == "Unknown number"


@pytest.mark.django_db
def test_it_is_tried_later_each_time_then_given_up():
    put()
    waits = []
    for attempt in range(1, outbox.MOST_ATTEMPTS + 1):
        Notice.objects.update(due_at=timezone.now())
        (notice,) = outbox.take(SMS, 1)
        assert notice.attempts == attempt
        before = timezone.now()
        again = outbox.try_later(notice, "x" * 500)
        notice.refresh_from_db()
        waits.append((notice.due_at - before).total_seconds())
    assert not again
    assert notice.state == NoticeState.FAILED
    assert len(notice.error) == 300
    assert notice.ended_at is not None
    assert waits[:4] == sorted(waits[:4])
    assert 55 < waits[0] < 65


@pytest.mark.django_db
def test_one_that_was_taken_and_put_off_meanwhile_is_not_taken_by_who_saw_it_before():
    put()
    (seen,) = outbox.due(SMS)
    (taken,) = outbox.take(SMS, 1)
    outbox.try_later(taken, "Busy")
    assert not outbox.claim(seen)
    assert state(taken) == NoticeState.QUEUED


@pytest.mark.django_db
def test_a_word_of_arrival_that_overtakes_the_handing_over_stays():
    put()
    (notice,) = outbox.take(SMS, 1)
    outbox.arrived(notice)
    outbox.handed(notice, "ref-1")
    assert state(notice) == NoticeState.ARRIVED
    assert (notice.reference, notice.handed_at is not None) == ("ref-1", True)


TAKE = """
from mitoyen.ledger import outbox
taken = []
while True:
    found = outbox.take("sms", 7)
    if not found:
        break
    taken += [notice.key for notice in found]
print(",".join(taken))
"""
PUT = """
from mitoyen.ledger import outbox
for n in range(200):
    outbox.put("sms", "+33612345678", "Bonjour", key=f"k{n}")
"""


def test_of_two_processes_that_take_one_gets_each(installation: Installation) -> None:
    installation.run(PUT)
    installation.run(PUT)
    both = [installation.start(TAKE) for _n in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    taken = [key for output, _errors in outputs for key in output.strip().split(",") if key]
    assert sorted(taken) == sorted(f"k{n}" for n in range(200))
