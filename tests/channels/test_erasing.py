"""With a contact goes what each channel still holds of it."""

import datetime as dt
import uuid

from django.utils import timezone

from mitoyen.channels.mail import models as mail
from mitoyen.channels.paper.enums import FormState
from mitoyen.channels.paper.models import PaperForm, Sheet, picture_path
from mitoyen.channels.sms import models as sms
from mitoyen.ledger import pictures
from mitoyen.services import photos, tasks
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, Way
from mitoyen.services.erasing import acts
from mitoyen.services.models import Photo
from tests.services.conftest import MARIE, communes, report
from tests.services.test_photos import jpeg

__all__ = ["communes"]


def mail_that_waits(address, *numbers):
    now = timezone.now()
    return mail.Dialogue.objects.create(
        service="report_problem",
        address=address,
        photos=list(numbers),
        started_at=now,
        until=now + dt.timedelta(days=9),
    )


def test_mails_that_wait_go_with_the_address(communes, django_capture_on_commit_callbacks):
    photo = photos.keep(jpeg())
    mail_that_waits("Marie@exemple.fr", photo.pk), mail_that_waits("jean@exemple.fr")
    request = report(Channel.COUNTER, Reach(Way.MAIL, "marie@exemple.fr"))
    with django_capture_on_commit_callbacks(execute=True):
        done = acts.erase_now([request], "dpo@example.org")
    assert done.counts["mails"] == 1
    assert [one.address for one in mail.Dialogue.objects.all()] == ["jean@exemple.fr"]
    assert not pictures.path_of(photo.digest).exists()


def test_dialogues_go_with_the_number_and_that_it_said_stop_stays(communes):
    now = timezone.now()
    for number in (MARIE.value, "+33699999999"):
        sms.Dialogue.objects.create(number=number, answers={"words": "x"}, updated_at=now, expires_at=now)
        sms.Piece.objects.create(number=number, reference=1, total=2, part=1, coding=0, octets=b"x", at=now)
        sms.Stopped.objects.create(number=number, since=now)
    acts.erase_now([report(Channel.COUNTER, MARIE)], "dpo@example.org")
    assert [one.number for one in sms.Dialogue.objects.all()] == ["+33699999999"]
    assert [one.number for one in sms.Piece.objects.all()] == ["+33699999999"]
    assert sms.Stopped.objects.count() == 2


def test_pictures_of_the_form_go_with_the_request(communes, home):
    request = report(Channel.PAPER, MARIE)
    form = PaperForm.objects.create(
        token=uuid.uuid4(), service="report_problem", version="1.0", language="fr", digest="x", number=request.code,
        state=FormState.HANDED_IN, by="c@example.org", request=request,
    )  # fmt: skip
    sheet = Sheet.objects.create(form=form, page=1, picture="ab" * 32, reading={"zones": ["x"]})
    sheet.file.parent.mkdir(parents=True)
    sheet.file.write_bytes(jpeg())
    acts.erase_now([request], "dpo@example.org")
    sheet.refresh_from_db()
    assert (sheet.picture, sheet.reading) == ("", {})
    assert not picture_path("ab" * 32).exists()


def test_photos_of_a_mail_that_waits_are_not_swept_away(communes, django_capture_on_commit_callbacks):
    waiting, left = photos.keep(jpeg()), photos.keep(jpeg(quality=30))
    Photo.objects.update(added_at=timezone.now() - dt.timedelta(days=9))
    mail_that_waits("marie@exemple.fr", waiting.pk)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.forget_unneeded(None)
    assert list(Photo.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert not pictures.path_of(left.digest).exists()
