"""What was never completed is erased at its term, photos included; what came in is forgotten."""

import datetime as dt
import io

import pytest
from django.utils import timezone
from PIL import Image

from mitoyen.channels.mail.models import Dialogue, Taken
from mitoyen.channels.mail.tasks import forget
from mitoyen.ledger import outbox, pictures
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import Job, Notice
from mitoyen.services import photos
from mitoyen.services.models import Photo

pytestmark = pytest.mark.django_db


def _photo() -> Photo:
    content = io.BytesIO()
    Image.new("RGB", (200, 200)).save(content, "JPEG")
    return photos.keep(content.getvalue())


def test_a_dialogue_ends_at_its_term_and_a_mail_is_forgotten_after_a_month(home, django_capture_on_commit_callbacks):
    now, photo = timezone.now(), _photo()
    Dialogue.objects.create(
        service="report_problem",
        address="old@exemple.fr",
        photos=[photo.pk],
        started_at=now,
        until=now - dt.timedelta(1),
    )
    Dialogue.objects.create(
        service="report_problem", address="new@exemple.fr", started_at=now, until=now + dt.timedelta(1)
    )
    Taken.objects.create(key="old", at=now - dt.timedelta(days=31))
    Taken.objects.create(key="new", at=now - dt.timedelta(days=29))
    for key, about, age in (("mail:a", "mail:1", 31), ("mail:b", "request:K7M2XA9FC", 31), ("mail:c", "mail:2", 29)):
        outbox.put(NoticeWay.MAIL, "x@exemple.fr", "x", key=key, about=about)
        Notice.objects.filter(key=key).update(made_at=now - dt.timedelta(days=age))
    with django_capture_on_commit_callbacks(execute=True):
        assert forget(Job()) == {"mails": 1, "dialogues": 1, "answers": 1}
    assert list(Dialogue.objects.values_list("address", flat=True)) == ["new@exemple.fr"]
    assert list(Taken.objects.values_list("key", flat=True)) == ["new"]
    assert list(Notice.objects.order_by("key").values_list("key", flat=True)) == ["mail:b", "mail:c"]
    assert not Photo.objects.exists()
    assert not pictures.path_of(photo.digest).exists()
