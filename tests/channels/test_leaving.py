"""What is begun and left is counted, where that is known, by service and day: nothing of who it was."""

import datetime as dt

import pytest
from django.utils import timezone

from mitoyen.channels.mail import models as mail
from mitoyen.channels.mail.asking import forget_old
from mitoyen.channels.paper import intake
from mitoyen.channels.sms import models as sms
from mitoyen.channels.sms import talk
from mitoyen.channels.sms.tasks import forget
from mitoyen.ledger.models import Job
from mitoyen.services.models import GivenUp, Request
from mitoyen.services.parity import leaving
from mitoyen.territory.enums import Origin
from tests.services.conftest import communes
from tests.www.desk.sheets import sheet_form

__all__ = ["communes"]
NUMBER = "+33612345678"
DAY = dt.timedelta(days=1)


def left(service="report_problem"):
    now = timezone.now()
    return leaving.counts(service, now - 30 * DAY, now, Origin.REAL)


def say(*texts, number=NUMBER):
    return [talk.answer(number, text)[0].text for text in texts][-1]


@pytest.mark.parametrize("end", ["ANNULER", "STOP"])
def test_a_dialogue_that_is_called_off_is_counted(communes, end):
    say("SIGNALER", "1", end)
    assert left() == {"sms": 1}
    assert not any(NUMBER[-8:] in str(row) for row in GivenUp.objects.values_list())


def test_no_at_the_recap_is_counted_and_handing_in_is_not(communes):
    say("SIGNALER", "1", "Trélazé", "Le lampadaire est éteint.", "0", "0", "NON")
    assert left() == {"sms": 1}
    say("SIGNALER", "1", "Trélazé", "Le lampadaire est éteint.", "0", "0", "OUI")
    assert Request.objects.count() == 1
    assert left() == {"sms": 1}


def test_a_dialogue_left_without_a_word_is_counted_once_on_its_last_day(communes):
    say("SIGNALER", "1")
    say("bonjour", number="+33612345679")
    sms.Dialogue.objects.update(updated_at=timezone.now() - 8 * DAY, expires_at=timezone.now() - DAY)
    assert forget(Job())["dialogues"] == 2
    assert forget(Job())["dialogues"] == 0
    row = GivenUp.objects.get()
    assert (row.service, row.count, row.day) == ("report_problem", 1, timezone.localdate() - 8 * DAY)


def test_an_old_dialogue_begun_anew_is_counted_too(communes):
    say("IDEE", "Un banc")
    sms.Dialogue.objects.update(expires_at=timezone.now() - DAY)
    say("SIGNALER")
    assert left("propose_idea") == {"sms": 1}
    assert left() == {}


def test_a_mail_never_completed_is_counted(communes):
    now = timezone.now()
    told = {"service": "report_problem", "address": "marie@exemple.fr", "started_at": now - 15 * DAY}
    mail.Dialogue.objects.create(**told, until=now - DAY)
    mail.Dialogue.objects.create(**told, until=now + DAY)
    assert forget_old() == 1
    assert left() == {"mail": 1}


def test_a_sheet_set_aside_is_counted_until_it_is_taken_up_again(communes):
    form = sheet_form()
    intake.set_aside(form, "Une feuille vide.", "clerk@example.org")
    assert left() == {"paper": 1}
    intake.take_up_again(form, "clerk@example.org")
    assert left() == {"paper": 0}
