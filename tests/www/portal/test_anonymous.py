""" "Anonymous" means what the page says: neither a table nor a file nor a log keeps who it was."""

import logging
import uuid

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mitoyen.ledger import pictures
from mitoyen.services import codes
from mitoyen.services.enums import State
from mitoyen.services.models import Contact, Request
from mitoyen.territory.register import load_communes
from tests.services.test_photos import jpeg

ADDRESS, BROWSER, ELSEWHERE = "203.0.113.77", "Sleuth-Browser/7.1", "https://forum.example/thread"
TRACES = (ADDRESS, BROWSER, ELSEWHERE)


@pytest.fixture
def visitor(db, home):
    load_communes()
    return Client(REMOTE_ADDR=ADDRESS, headers={"user-agent": BROWSER, "referer": ELSEWHERE})


def kept_in_tables():
    """Every value of every table, as text."""
    for model in apps.get_models():
        for row in model._default_manager.values_list():
            yield f"{model._meta.label}: {row!r}"


def test_a_whole_visit_leaves_no_trace_of_who_it_was(visitor, home, caplog):
    caplog.set_level(logging.DEBUG)
    form = {"token": str(uuid.uuid4()), "q-category": "lighting", "q-place": "Trélazé", "q-words": "Un lampadaire.",
            "contact-way": "none"}  # fmt: skip
    answer = visitor.post("/services/report_problem/", {**form, "q-photo": SimpleUploadedFile("dcim-1.jpg", jpeg())})
    assert answer.status_code == 302
    request = Request.objects.get()
    visitor.post("/services/report_problem/", {**form, "q-words": ""})
    for code in (request.code, "222-222-22Y", codes.shown(request.code)):
        visitor.post("/suivre/", {"code": code})
    visitor.post("/suivre/", {"code": request.code, "act": "add", "words": "Devant le 12."})
    visitor.post("/services/propose_idea/", {"token": str(uuid.uuid4()), "q-title": "Un banc", "q-words": "Oui."})
    Request.objects.update(state=State.OPEN)
    idea = Request.objects.get(service="propose_idea")
    assert visitor.post(f"/services/propose_idea/demandes/{idea.pk}/soutenir/").status_code == 302
    visitor.get("/services/nowhere/")

    assert not Contact.objects.exists()
    for row in kept_in_tables():
        assert not any(trace in row for trace in TRACES), row
        assert "dcim" not in row
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(trace.encode() in content for trace in TRACES), path
    told = "\n".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    assert not any(trace in told for trace in TRACES)
    assert request.code not in told, "a code in a log would open the request"
    assert pictures.path_of(request.photos.get().digest).exists()


def test_two_ideas_supported_from_one_place_cannot_be_told_to_be(visitor):
    for title in ("Un banc", "Un arbre"):
        visitor.post("/services/propose_idea/", {"token": str(uuid.uuid4()), "q-title": title, "q-words": "Oui."})
    Request.objects.update(state=State.OPEN)
    for idea in Request.objects.all():
        visitor.post(f"/services/propose_idea/demandes/{idea.pk}/soutenir/")
    one, two = [request.supports.get().by for request in Request.objects.all()]
    assert one != two
