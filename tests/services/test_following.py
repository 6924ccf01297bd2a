"""The code opens the timeline and nothing else; guessing stops, and nothing keeps who guessed."""

import datetime as dt

import pytest
from django.utils import timezone

from mitoyen.services import codes, following, throttle, timeline
from mitoyen.services.enums import Channel
from mitoyen.services.following import TooManyTries
from mitoyen.services.models import Tries
from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures
from tests.services.conftest import report

WRONG = "222-222-22Y"


def test_the_code_is_read_as_typed_or_said(communes):
    request = report()
    for typed in (request.code, codes.shown(request.code), " ".join(request.code.lower())):
        found = following.find(typed, "192.0.2.1")
        assert found is not None
        assert found.pk == request.pk
    assert not Tries.objects.exists(), "right codes are not counted"


def test_what_may_be_done_depends_on_where_it_stands(communes):
    request = report(Channel.WEB)

    def may():
        request.refresh_from_db()
        told = following.story(request)
        return told.may_complete, told.may_reopen, told.may_contest

    assert may() == (True, False, False)
    timeline.release(request, "m@example.org")
    timeline.answer(request, "Vu.", "c@example.org")
    assert may()[1]
    timeline.refuse(request, "insult", "Non.", "m@example.org")
    assert may() == (False, False, True)


def test_thirty_wrong_codes_an_hour_and_guessing_stops(communes):
    code = report().code
    for _try in range(30):
        assert following.find(WRONG, "192.0.2.1") is None
    for typed in (WRONG, code):
        with pytest.raises(TooManyTries):
            following.find(typed, "192.0.2.1")
    assert following.find(code, "192.0.2.2") is not None


@pytest.mark.parametrize(("one", "other", "same"), [
    ("2001:db8::1", "2001:db8::ffff:1", True), ("2001:db8:0:0::1", "2001:db8:0:1::1", False),
    ("192.0.2.1", "::ffff:192.0.2.1", True), ("192.0.2.1", "192.0.2.2", False), ("+33612345678", "+33612345679", False),
])  # fmt: skip
def test_an_ipv6_line_counts_as_one_visitor_whatever_addresses_it_takes(db, one, other, same):
    for _try in range(30):
        throttle.count("wrong_code", one)
    assert throttle.is_over("wrong_code", one)
    assert throttle.is_over("wrong_code", other) is same


def test_who_tried_is_kept_as_a_hash_that_changes_every_day_and_is_forgotten(db, monkeypatch):
    now = timezone.now()
    throttle.count("wrong_code", "192.0.2.1")
    monkeypatch.setattr(timezone, "now", lambda: now + dt.timedelta(days=1))
    throttle.count("wrong_code", "192.0.2.1")
    first, second = Tries.objects.order_by("hour")
    assert first.who != second.who
    assert "192.0.2" not in first.who + second.who
    monkeypatch.setattr(timezone, "now", lambda: now + dt.timedelta(days=2, hours=2))
    assert throttle.forget_old() == 1
    assert Tries.objects.get().pk == second.pk


COUNT = """
import threading
from django.db import connection
from mitoyen.services import throttle
from mitoyen.services.models import Tries
start = threading.Barrier(5)
def tries():
    start.wait()
    for _n in range(5):
        throttle.count("wrong_code", "192.0.2.1")
    connection.close()
threads = [threading.Thread(target=tries) for _n in range(5)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sum(Tries.objects.values_list("count", flat=True)))
"""


def test_tries_at_once_are_all_counted(installation: Installation) -> None:  # noqa: F811
    assert installation.run(COUNT) == "25"
