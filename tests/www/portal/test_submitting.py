"""What may go wrong between the form and the code, seen from the person's side and from an attacker's."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mitoyen.services import throttle, timeline
from mitoyen.services.enums import Channel
from mitoyen.services.models import Photo, Request
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Street
from mitoyen.territory.register import load_communes
from tests.services.conftest import report
from tests.services.test_photos import jpeg

FORM = "/services/report_problem/"
GOOD = {"q-category": "road", "q-words": "Un trou.", "contact-way": "none"}


@pytest.fixture
def visitor(db, home):
    load_communes()
    return Client(REMOTE_ADDR="203.0.113.7")


def test_what_it_was_to_be_joined_to_ended_meanwhile_and_the_request_stands_alone(visitor):
    spot = Spot("Rue de la Mairie, Trélazé", "49353", -0.474, 47.4514)
    Street.objects.create(
        commune_id="49353", name="Rue de la Mairie", key="rue mairie", longitude=-0.474, latitude=47.4514
    )
    head = report(spot=spot)
    form = {**GOOD, "token": str(uuid.uuid4()), "q-place": "rue de la mairie, Trélazé"}
    (same,) = re.findall(r'name="same-request" value="([^"]+)"', visitor.post(FORM, form).content.decode())[:1]
    closed_at_once = timeline.join

    def ended(request, to, by):
        timeline.close(head, "C’est fait.", "c@example.org")
        return closed_at_once(request, to, by)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "join", ended)
        answer = visitor.post(FORM, {**form, "same-request": same})
    assert answer.status_code == 302
    request = Request.objects.get(channel=Channel.WEB)
    assert request.joined_to_id is None
    assert re.search(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}", visitor.get(answer.url).content.decode())


def test_photos_of_forms_that_are_never_whole_do_not_fill_the_disk(visitor, monkeypatch):
    monkeypatch.setitem(throttle.LIMITS, "photo", 3)

    def send(client):
        photo = SimpleUploadedFile("a.jpg", jpeg())
        return client.post(FORM, {"token": str(uuid.uuid4()), "q-category": "road", "q-photo": photo})

    for _try in range(3):
        assert "Trop de photos" not in send(visitor).content.decode()
    refused = send(visitor)
    assert refused.status_code == 422
    assert "Trop de photos" in refused.content.decode()
    assert Photo.objects.count() == 3
    assert "Trop de photos" not in send(Client(REMOTE_ADDR="203.0.113.8")).content.decode()


def test_a_robots_photos_are_not_kept(visitor):
    photo = SimpleUploadedFile("a.jpg", jpeg())
    assert visitor.post(FORM, {**GOOD, "q-photo": photo, "website": "x"}).status_code == 302
    assert not Photo.objects.exists()
