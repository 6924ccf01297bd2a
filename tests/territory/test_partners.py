"""Partners and agreements, places and what stands there."""

from datetime import date, timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.utils import timezone

from mitoyen.ledger import jobs
from mitoyen.ledger.models import AuditEntry, Job
from mitoyen.ledger.refusal import Refused
from mitoyen.territory import partners, places, register, tasks
from mitoyen.territory.models import Agreement, Partner, Place

pytestmark = pytest.mark.django_db
BY = "agent@example.org"


@pytest.fixture
def alter():
    return partners.record_partner("Alter énergies", BY, kind="company", website="https://example.org")


def test_a_partner_is_recorded_once_and_changed(alter):
    again = partners.record_partner("Alter Énergies", BY, website="https://example.net")
    assert (again, Partner.objects.get().website) == (alter, "https://example.net")
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["partner.recorded", "partner.changed"]


@pytest.mark.parametrize(
    ("name", "website", "code"),
    [("", "", "bad_name"), ("x", "javascript:alert(1)", "bad_address"), ("x", "no", "bad_address")],
)
def test_a_bad_partner_is_refused(name, website, code):
    with pytest.raises(Refused) as refusal:
        partners.record_partner(name, BY, website=website)
    assert refusal.value.code == code
    assert not Partner.objects.exists()


def test_an_agreement_holds_from_its_first_to_its_last_day(alter):
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    agreement = partners.agree(alter, "Suivi des chaufferies", first, BY, data="relevés horaires", ends=last)
    on = {day: list(partners.agreements_on(day)) for day in (first, last, first - timedelta(1), last + timedelta(1))}
    assert list(on.values()) == [[agreement], [agreement], [], []]
    partners.end_agreement(agreement, date(2026, 6, 30), BY)
    assert not partners.agreements_on(date(2026, 7, 1)).exists()


def test_an_agreement_without_purpose_or_that_ends_first_is_refused(alter):
    for purpose, ends, code in ((" ", None, "no_purpose"), ("x", date(2025, 1, 1), "bad_term")):
        with pytest.raises(Refused) as refusal:
            partners.agree(alter, purpose, date(2026, 1, 1), BY, ends=ends)
        assert refusal.value.code == code
    assert not Agreement.objects.exists()


def test_a_place_is_recorded_once_and_things_stand_there(angers):
    place = places.record_place("Groupe scolaire Jean-Zay", angers, BY, address="1 rue X", point=(-0.55, 47.47))
    places.record_place("Groupe scolaire Jean-Zay", angers, BY, address="2 rue X")
    assert Place.objects.get().address == "2 rue X"
    school = register.thing_for("ecole")
    places.put(school, place, BY)
    school.refresh_from_db()
    assert (school.place, school.commune_id) == (place, "49007")


def test_a_place_stays_in_its_commune(angers, avrille):
    place = places.record_place("Mairie", angers, BY, slug="mairie")
    with pytest.raises(Refused) as refusal:
        places.record_place("Mairie", avrille, BY, slug="mairie")
    assert refusal.value.code == "place_elsewhere"
    with pytest.raises(Refused) as refusal:
        places.put(register.thing_for("ecole", commune=avrille), place, BY)
    assert refusal.value.code == "thing_elsewhere"
    with pytest.raises(Refused) as refusal:
        places.record_place("Mairie", angers, BY, point=(200.0, 47.0))
    assert refusal.value.code == "not_on_earth"


def test_old_failed_sign_ins_and_sessions_are_forgotten():
    for days in (1, 8):
        attempt = AccessAttempt.objects.create(
            username=f"{days}@example.org", ip_address="192.0.2.1", failures_since_start=1
        )
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=timezone.now() - timedelta(days=days))
    for key, days in (("over", -1), ("open", 1)):
        Session.objects.create(session_key=key, expire_date=timezone.now() + timedelta(days=days))
    assert tasks.forget_sign_ins(Job()) == {"failed_sign_ins_removed": 1}
    assert AccessAttempt.objects.get().username == "1@example.org"
    assert Session.objects.get().session_key == "open"


def test_the_worker_knows_the_daily_tasks():
    jobs._discover()
    due = {job.kind for job in jobs.enqueue_due(timezone.now().replace(hour=22))}
    assert {"publish_head", "forget_old_jobs", "forget_sign_ins"} <= due
