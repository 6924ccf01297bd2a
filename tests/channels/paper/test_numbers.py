"""The number on a printed form is the follow-up code that it promises."""

import datetime as dt

import pytest
from django.utils import timezone

from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.services import codes
from mitoyen.services.enums import Channel
from tests.services.conftest import communes, report

__all__ = ["communes"]
pytestmark = pytest.mark.django_db


def test_a_code_promised_on_paper_is_kept_once(communes):
    code = codes.new_code()
    assert report(Channel.PAPER, code=code).code == code
    again = report(Channel.PAPER, code=code)
    assert again.code != code
    assert codes.read(again.code) == again.code


def test_a_notice_is_claimed_once_and_tried_again_after_the_wait_asked_for():
    notice = outbox.put(NoticeWay.PHONE, "+33241000000", "…", key="one")
    assert outbox.claim(notice)
    assert not outbox.claim(type(notice).objects.get(pk=notice.pk))
    assert outbox.try_later(notice, "nobody answered", dt.timedelta(hours=3))
    notice.refresh_from_db()
    assert notice.state == NoticeState.QUEUED
    assert dt.timedelta(hours=2) < notice.due_at - timezone.now() <= dt.timedelta(hours=3)
