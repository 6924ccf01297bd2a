"""Personal data are erased at their term by the platform itself, with proof; at once when their person asks."""

import datetime as dt
import json
import os

import pytest
from django.utils import timezone

from mitoyen.ledger import audit, jobs, outbox, pictures
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.services import following, photos, tasks, throttle, timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.services.erasing import acts, terms
from mitoyen.services.models import Appointment, Contact, Fact, Photo, Request, Subscription, Support, Tries
from tests.services.conftest import MARIE, report
from tests.services.test_appointments import slot_in
from tests.services.test_photos import jpeg

BY = "clerk@example.org"
WORDS = "Mme Dupont, 06 12 34 56 78, a vu un trou."


@pytest.fixture
def files_go(django_capture_on_commit_callbacks):
    """What waits for the end of a transaction is done: files are removed."""

    def done(act, *arguments, **named):
        with django_capture_on_commit_callbacks(execute=True):
            return act(*arguments, **named)

    return done


def back(request, months):
    """As if all of it had happened so many months ago."""
    shift = dt.timedelta(days=31 * months)
    for fact in request.facts.all():
        Fact.objects.filter(pk=fact.pk).update(at=fact.at - shift)
    now = Request.objects.get(pk=request.pk)
    now.received_at -= shift
    now.closed_at = now.closed_at and now.closed_at - shift
    now.save()
    return now


def closed(months, **more):
    """A request that ended so long ago, with all that may be kept of it."""
    request = report(Channel.COUNTER, MARIE, words=WORDS, photos=[photos.keep(jpeg())], **more)
    timeline.add_words(request, WORDS, Channel.WEB)
    timeline.note_between_agents(request, WORDS, BY)
    timeline.close(request, "Bonjour Mme Dupont, c’est fait.", BY)
    return back(request, months)


def everything_of(request):
    """All that the database holds of a request, as one text."""
    rows = [Request.objects.filter(pk=request.pk), Contact.objects.filter(request=request), request.facts.all(),
            Notice.objects.filter(about=f"request:{request.code}"), Photo.objects.filter(request=request),
            Appointment.objects.filter(request=request), Subscription.objects.filter(request=request)]  # fmt: skip
    return json.dumps([list(found.values()) for found in rows], default=str, ensure_ascii=False)


def nightly():
    """What the nightly job forgot."""
    return tasks.forget_unneeded(None) or {}


def parts_due(request, day=None):
    return {t.part for t in terms.terms() if terms.due(t, day).filter(pk=request.pk).exists()}


@pytest.mark.parametrize(("months", "due"), [(5, set()), (7, {"contact"}), (13, {"contact", "photos"}),
                                             (25, {"contact", "photos", "answers"})])  # fmt: skip
def test_what_is_due_follows_the_months_that_the_service_told_people(communes, months, due):
    assert parts_due(closed(months)) == due


@pytest.mark.parametrize(("day", "months", "before"), [
    (dt.date(2026, 11, 30), 6, dt.date(2026, 5, 30)), (dt.date(2026, 3, 31), 1, dt.date(2026, 2, 28)),
    (dt.date(2028, 3, 31), 1, dt.date(2028, 2, 29)), (dt.date(2026, 1, 15), 1, dt.date(2025, 12, 15)),
    (dt.date(2026, 6, 30), 24, dt.date(2024, 6, 30)), (dt.date(2026, 6, 30), 120, dt.date(2016, 6, 30)),
])  # fmt: skip
def test_months_are_months_of_the_calendar(day, months, before):
    assert terms.minus_months(day, months) == before


def test_the_day_is_the_local_one(communes):
    request = closed(0)
    ended = dt.datetime(2026, 6, 14, 22, 30, tzinfo=dt.UTC)  # The 15th already, here.
    Request.objects.filter(pk=request.pk).update(closed_at=ended)
    assert parts_due(request, dt.date(2026, 12, 14)) == set()
    assert parts_due(request, dt.date(2026, 12, 15)) == {"contact"}


def test_at_the_contacts_term_nothing_tells_who_asked_and_the_rest_stays(communes):
    request = closed(7)
    done = acts.erase_due("tests")
    left = everything_of(request)
    assert not Contact.objects.exists()
    assert "612345678" not in left
    assert "marie" not in left.lower()
    assert request.facts.get(kind=FactKind.NOTED).words == ""
    assert Request.objects.get(pk=request.pk).answers["words"] == WORDS, "the message has a longer term"
    assert request.photos.count() == 1
    assert done.counts["contacts"] == done.counts["notes"] == 1
    assert done.counts["notices"] == 2
    assert set(Notice.objects.values_list("to", "body", "subject", "name")) == {("", "", "", "")}


def test_at_the_last_term_nothing_that_anyone_said_or_showed_is_left(communes, files_go):
    request = closed(25)
    (photo,) = request.photos.all()
    files_go(acts.erase_due, "tests")
    left = everything_of(request)
    for secret in ("Dupont", "612345678", "06 12", "rue des Ponts", "trou", "47.47"):
        assert secret not in left
    assert not pictures.path_of(photo.digest).exists()
    assert not pictures.thumbnail_of(photo.digest).exists()
    now = Request.objects.get(pk=request.pk)
    assert now.answers == {"category": "road"}, "what is counted by stays"
    assert (now.category, now.commune_id, now.longitude, now.state) == ("road", "49007", None, State.CLOSED)
    assert now.erased_at is not None


def test_what_was_erased_is_told_in_counts_and_proven(communes):
    request = closed(25)
    done = acts.erase_due("tests")
    fact = request.facts.get(kind=FactKind.ERASED)
    assert fact.detail["contact"]["contacts"] == 1
    assert "Dupont" not in json.dumps(fact.detail)
    entry = AuditEntry.objects.get(action=acts.ACTION)
    told = json.loads(entry.detail)
    assert (entry.actor, entry.subject, told["requests"]) == ("tests", f"lot:{done.lots[0]}", 1)
    assert acts.is_proven(entry)
    fact.detail["contact"]["contacts"] = 2
    fact.save()
    assert not acts.is_proven(entry)
    assert "effacées à leur terme" in following.story(request).steps[-1].sentence


def test_done_again_nothing_is_left_to_do(communes):
    closed(25)
    assert acts.erase_due("tests").requests == 1
    assert acts.waiting() == []
    assert acts.erase_due("tests").requests == 0
    assert AuditEntry.objects.filter(action=acts.ACTION).count() == 1


def test_opened_again_after_it_was_erased_what_came_since_has_a_term_too(communes):
    request = closed(25)
    acts.erase_due("tests")
    timeline.reopen(request, "Mme Dupont dit que non.")
    assert parts_due(request) == set()
    back(request, 60)
    acts.erase_due("tests")
    assert "Dupont" not in everything_of(request)


def test_an_open_request_is_kept_until_long_after_anything_happened(communes, settings):
    request = back(report(Channel.COUNTER, MARIE), 17)
    assert parts_due(request) == set()
    assert parts_due(back(request, 2)) == {"contact"}
    settings.MITOYEN = {**settings.MITOYEN, "open_request_months": 36}
    assert parts_due(request) == set()


def test_a_held_request_that_nobody_reads_is_erased_as_well(communes):
    request = back(report(Channel.WEB, MARIE), 40)
    acts.erase_due("tests")
    assert not Contact.objects.exists()
    assert "trou" not in everything_of(request)


def test_the_answers_of_a_service_that_is_gone_are_erased_too(communes, settings):
    request = closed(13)
    Request.objects.update(service="gone")
    assert parts_due(request) == {"contact", "answers", "photos"}
    acts.erase_due("tests")
    assert Request.objects.get().answers == {}


def test_personal_answers_and_the_appointment_go_with_the_contact(communes):
    slot = slot_in(communes["49007"])
    request = report(Channel.COUNTER, MARIE, service="digital_help", raw={"need": "mail"}, spot=None, slot=slot)
    timeline.close(request, "Fait.", BY)
    back(request, 7)
    asked = report(Channel.COUNTER, MARIE, service="my_data", raw={"right": "see", "words": WORDS}, spot=None)
    timeline.close(asked, "Fait.", BY)
    back(asked, 13)
    acts.erase_due("tests")
    assert not Appointment.objects.exists()
    assert Request.objects.get(pk=request.pk).answers == {"need": "mail"}
    assert Request.objects.get(pk=asked.pk).answers == {"right": "see"}
    assert "Maison" not in everything_of(request)


def test_whoever_is_still_told_keeps_their_number_until_they_stop(communes):
    request = report(Channel.COUNTER, MARIE, service="be_told", raw={"topics": ["flood"]})
    timeline.close(request, "Vous serez prévenue.", BY)
    back(request, 30)
    assert "contact" not in parts_due(request)
    Subscription.objects.update(since=timezone.now() - dt.timedelta(days=500))
    Subscription.objects.update(ended_at=timezone.now() - dt.timedelta(days=400))
    assert "contact" in parts_due(request)
    acts.erase_due("tests")
    assert not Subscription.objects.exists()


def test_a_notice_that_still_waits_is_given_up_and_never_sent_to_nobody(communes):
    request = closed(7)
    Notice.objects.update(state=NoticeState.QUEUED)
    acts.erase_due("tests")
    assert set(Notice.objects.values_list("state", flat=True)) == {NoticeState.FAILED}
    assert request.code


def test_what_another_tool_published_is_left_to_its_source(communes):
    request = report(Channel.IMPORT)
    timeline.close(request, "Fait.", BY)
    assert parts_due(back(request, 120)) == set()


def test_of_a_photo_that_two_requests_show_the_files_stay_for_the_other(communes, files_go):
    old, new = closed(13), closed(1)
    files_go(acts.erase_due, "tests")
    assert old.photos.count() == 0
    (photo,) = new.photos.all()
    assert pictures.path_of(photo.digest).exists()


def test_hundreds_are_erased_in_lots_each_with_its_proof(communes, monkeypatch):
    monkeypatch.setattr(acts, "AT_ONCE", 3)
    for _n in range(7):
        back(report(Channel.COUNTER, MARIE), 60)
    done = acts.erase_due("tests")
    entries = AuditEntry.objects.filter(action=acts.ACTION)
    assert (done.requests, len(done.lots), entries.count()) == (7, 3, 3)
    assert all(acts.is_proven(entry) for entry in entries)


def test_stopped_in_the_middle_the_rest_is_erased_the_next_time(communes, monkeypatch):
    monkeypatch.setattr(acts, "AT_ONCE", 2)
    for _n in range(4):
        back(report(Channel.COUNTER, MARIE), 60)
    sound, calls = audit.record, []

    def killed(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return sound(*arguments, **named)

    monkeypatch.setattr(audit, "record", killed)
    with pytest.raises(KeyboardInterrupt):
        acts.erase_due("tests")
    monkeypatch.setattr(audit, "record", sound)
    assert Contact.objects.count() == 2, "a lot is erased with its proof, or not at all"
    assert acts.erase_due("tests").requests == 2
    assert not Contact.objects.exists()


def test_whoever_asks_has_everything_of_theirs_erased_at_once(communes, files_go):
    mine, other_way = closed(0), report(Channel.COUNTER, Reach(Way.MAIL, "marie@exemple.fr"), words=WORDS)
    told = report(Channel.COUNTER, MARIE, service="be_told", raw={"topics": ["flood"]})
    someone_else = report(Channel.COUNTER, Reach(Way.SMS, "+33699999999"), words=WORDS)
    raw = {"right": "erase", "code": other_way.code}
    asking = report(Channel.COUNTER, MARIE, service="my_data", raw=raw, spot=None)
    found = acts.of_person(asking)
    assert found == [mine, other_way, told]
    done = files_go(acts.erase_now, found, "dpo@example.org")
    assert done.requests == 3
    for request in found:
        left = everything_of(request)
        for secret in ("Dupont", "612345678", "marie@", "trou"):
            assert secret not in left
    assert not Subscription.objects.exists()
    assert Photo.objects.count() == 0
    assert Contact.objects.filter(request=someone_else).exists()
    assert Contact.objects.filter(request=asking).exists(), "who asks is answered first"
    entry = AuditEntry.objects.get(action=acts.ACTION)
    assert entry.actor == "dpo@example.org"
    assert acts.is_proven(entry)
    assert "comme vous l’avez demandé" in following.story(mine).steps[-1].sentence


def test_an_address_in_capitals_is_the_same_persons(communes):
    mine = report(Channel.COUNTER, Reach(Way.MAIL, "Marie@exemple.fr"))
    asking = report(
        Channel.COUNTER, Reach(Way.MAIL, "marie@exemple.fr"), service="my_data", raw={"right": "erase"}, spot=None
    )
    assert acts.of_person(asking) == [mine]


def test_every_night_what_is_not_needed_is_forgotten(communes, files_go):
    idea = report(Channel.COUNTER, service="propose_idea", raw={"title": "Un banc", "words": "Oui."}, spot=None)
    Support.objects.create(request=idea, by="ab" * 32, channel=Channel.WEB, at=timezone.now())
    old, new = photos.keep(jpeg()), photos.keep(jpeg(quality=30))
    Photo.objects.filter(pk=old.pk).update(added_at=timezone.now() - dt.timedelta(days=3))
    throttle.count("wrong_code", "192.0.2.1")
    Tries.objects.update(hour=timezone.now() - dt.timedelta(days=3))
    assert files_go(nightly) == {"tries": 1, "photos": 1, "notices": 0, "supports": 0}
    assert not pictures.path_of(old.digest).exists()
    assert pictures.path_of(new.digest).exists()
    timeline.close(idea, "Posé.", BY)
    assert nightly()["supports"] == 1
    assert idea.supports.count() == 1
    assert "ab" * 32 not in set(Support.objects.values_list("by", flat=True))
    assert nightly()["supports"] == 0


def test_a_file_that_no_photo_names_is_removed_once_it_is_old(communes, files_go):
    photo = photos.keep(jpeg())
    stray = pictures.path_of("cd" * 32)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"half")
    assert photos.forget_unclaimed() == 0
    assert stray.exists(), "it may be on its way in"
    os.utime(stray, (1, 1))
    photos.forget_unclaimed()
    assert not stray.exists()
    assert pictures.path_of(photo.digest).exists()


def test_the_worker_does_it_every_night():
    daily = {entry.kind for entry in jobs._regulars}
    assert {"erase_due", "forget_unneeded"} <= daily


def test_whom_an_announcement_reached_is_known_for_half_a_year(communes):
    for key, about in (("one", "announcement:1"), ("two", "announcement:2"), ("three", "request:K7M2XA9FC")):
        outbox.put(NoticeWay.SMS, MARIE.value, "La Loire monte.", key=key, about=about)
    Notice.objects.update(state=NoticeState.ARRIVED)
    Notice.objects.exclude(key="two").update(made_at=timezone.now() - dt.timedelta(days=181))
    assert nightly()["notices"] == 1
    assert set(Notice.objects.exclude(to="").values_list("key", flat=True)) == {"two", "three"}


def test_with_the_contact_goes_what_was_announced_to_it(communes):
    outbox.put(NoticeWay.SMS, MARIE.value, "La Loire monte.", key="one", about="announcement:1")
    Notice.objects.update(state=NoticeState.ARRIVED)
    closed(7)
    acts.erase_due("tests")
    assert not Notice.objects.filter(to=MARIE.value).exists()
