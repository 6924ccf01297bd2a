"""One way in: whatever the channel, the same rules and the same record; handed in twice, it is one."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.ledger.pictures import path_of
from mitoyen.manifests.registry import services
from mitoyen.services import codes, photos
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.services.models import Contact, Fact, Photo, Request
from mitoyen.services.receiving import NotComplete, faults_of, receive
from mitoyen.territory.enums import Origin
from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures
from tests.services.conftest import MARIE, report, submission
from tests.services.test_photos import jpeg, png


def record(request):
    """What a request says, without its own code, channel and time."""
    left_out = {"id", "code", "submission", "channel", "received_at", "taken_by", "state", "answered_at", "closed_at"}
    return {field.attname: getattr(request, field.attname) for field in Request._meta.concrete_fields
            if field.attname not in left_out}  # fmt: skip


def test_a_request_is_kept_with_its_commune_team_and_promise(communes):
    at = dt.datetime(2026, 6, 30, 22, 30, tzinfo=dt.UTC)  # Already the first of July, here.
    request = report(reach=MARIE, received_at=at)
    assert codes.read(request.code) == request.code
    assert (request.commune_id, request.team, request.category, request.state) == ("49007", "roads", "road", State.OPEN)
    assert request.promised_for == dt.date(2026, 7, 6)
    (fact,) = request.facts.all()
    assert (fact.kind, fact.at, fact.channel, fact.by) == (FactKind.RECEIVED, at, Channel.COUNTER, "clerk@example.org")
    assert Contact.objects.get().value == "+33612345678"
    entry = AuditEntry.objects.get(action="request.taken_in")
    assert (entry.actor, entry.subject) == ("clerk@example.org", request.code)
    assert "612345678" not in entry.detail


def test_the_same_answers_end_in_the_same_record_on_every_channel(communes):
    records = [record(report(channel, MARIE)) for channel in Channel]
    assert all(one == records[0] for one in records)
    assert list(Request.objects.first().answers) == ["category", "place", "words"]  # type: ignore[union-attr]


def test_answers_stand_in_the_manifests_order_however_they_came(communes):
    raw = {"danger": "non", "words": "Un trou.", "category": "road"}
    assert list(report(raw=raw).answers) == ["category", "place", "words", "danger"]


def test_everything_that_is_missing_is_told_at_once_and_nothing_is_kept(communes):
    bad = submission(raw={"category": "fire", "words": " ", "danger": "peut-être"}, spot=None)
    assert set(faults_of(bad)) == {"category", "place", "words", "danger"}
    with pytest.raises(NotComplete) as fault:
        receive(bad)
    assert set(fault.value.faults) == {"category", "place", "words", "danger"}
    assert not Request.objects.exists()
    assert not Fact.objects.exists()


def test_the_same_token_is_the_same_request_even_when_its_answers_are_gone(communes):
    token = uuid.uuid4()
    one = report(token=token, reach=MARIE)
    again = receive(submission(token=token, raw={}, spot=None))
    assert again.pk == one.pk
    assert Request.objects.count() == Contact.objects.count() == Notice.objects.count() == 1


def test_a_code_promised_on_paper_is_kept_once_and_a_code_in_use_is_never_given_again(communes, monkeypatch):
    promised = codes.new_code()
    assert report(code=promised).code == promised
    other = report(code=promised)
    assert other.code != promised
    drawn = iter([promised, other.code, "222222222"])
    monkeypatch.setattr(codes, "new_code", lambda: next(drawn))
    assert report().code == "222222222"


def test_a_follow_up_needs_no_contact_and_a_name_alone_is_kept(communes):
    report()
    assert not Contact.objects.exists()
    assert report(reach=Reach(name="Marie")).contact.name == "Marie"
    assert not Notice.objects.exists()


def test_photos_are_claimed_once_and_the_same_one_twice_is_one(communes):
    same, twice, other = photos.keep(jpeg()), photos.keep(jpeg()), photos.keep(png())
    request = report(photos=[same, twice, other])
    assert sorted(photo.digest for photo in request.photos.all()) == sorted({same.digest, other.digest})
    assert Photo.objects.filter(request=None).count() == 0
    assert path_of(same.digest).exists()
    thief = report(photos=[other])
    assert thief.photos.count() == 0
    assert request.photos.count() == 2


def test_demonstration_requests_are_marked_as_such(communes):
    assert report(origin=Origin.GENERATED).origin == Origin.GENERATED


TWICE = """
import threading, uuid
from mitoyen.ledger.models import Notice
from mitoyen.manifests.registry import services
from mitoyen.services.contacts import Reach
from mitoyen.services.models import Request, Contact
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot
from mitoyen.territory.register import load_communes
from django.db import connection

load_communes()
service = services.installed()["report_problem"]
token, found, start = uuid.uuid4(), [], threading.Barrier(6)

def hand_in():
    raw = {"category": "road", "words": "Un trou."}
    reach, spot = Reach("sms", "+33612345678", "Marie"), Spot("Angers", "49007")
    start.wait()
    found.append(receive(Submission(service, "counter", raw, spot=spot, reach=reach, token=token)).pk)
    connection.close()

threads = [threading.Thread(target=hand_in) for _n in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(found), len(set(found)), Request.objects.count(), Contact.objects.count(), Notice.objects.count())
"""


def test_handed_in_by_six_threads_at_once_it_is_one(installation: Installation) -> None:  # noqa: F811
    assert installation.run(TWICE) == "6 1 1 1 1"


def test_every_built_in_service_can_be_received(communes):
    assert set(services.installed()) >= {"report_problem", "propose_idea", "judge_service", "digital_help", "be_told",
                                         "my_data"}  # fmt: skip
    idea = report(service="propose_idea", raw={"title": "Un banc", "words": "À l’ombre."}, spot=None)
    assert (idea.team, idea.commune_id, idea.category) == ("participation", None, "")
    judged = report(
        service="judge_service", raw={"service": "waste", "rating": "4", "code": codes.shown(idea.code)}, spot=None
    )
    assert judged.answers == {"service": "waste", "rating": 4, "code": idea.code}
    data = report(service="my_data", raw={"right": "see"}, spot=None, reach=Reach(Way.MAIL, "marie@exemple.fr"))
    assert data.promised_for == timezone.localdate() + dt.timedelta(days=30)
