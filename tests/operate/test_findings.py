"""A finding's life: found once, decided by someone, closed when it no longer holds, back when it comes back."""

import datetime as dt

import numpy as np
import pytest
from django.utils import translation

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.models import UsageSwitch
from mitoyen.operate import findings
from mitoyen.operate.enums import FindingState
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import describe
from tests.operate.conftest import FIRST

DAYS = 40
LEAK = np.full(24 * DAYS, 0.1)
QUIET = np.zeros(24 * 20)


@pytest.fixture
def leak(water, tell):
    tell(water, FIRST, LEAK)
    assert findings.find_all() == 1
    return Finding.objects.get()


def test_a_leak_becomes_one_finding_priced_and_dated(leak, commune, school):
    assert leak.rule == "night_water"
    assert (leak.thing, leak.commune) == (school, commune)
    assert leak.amount == pytest.approx(0.1 * 24 * 365)
    assert leak.eur == pytest.approx(leak.amount * 4.0), "the built-in price of water is 4 EUR/m3"
    assert leak.first == FIRST + dt.timedelta(days=1), "midnight UTC is two o'clock here: the first night isn't whole"
    assert "100" in describe(leak).sentence


def test_looking_again_finds_the_same_one(leak):
    assert findings.refresh() == findings.Summary(open=1, new=0, closed=0)
    assert Finding.objects.count() == 1


def test_a_commune_that_did_not_switch_the_usage_on_is_left_alone(water, tell):
    UsageSwitch.objects.all().delete()
    tell(water, FIRST, LEAK)
    assert findings.find_all() == 0


def test_outside_the_territory_every_usage_looks(water, school, tell):
    for thing in (school, water.thing):
        thing.commune = None
        thing.save()
    UsageSwitch.objects.all().delete()
    tell(water, FIRST, LEAK)
    assert findings.find_all() == 1
    assert Finding.objects.get().commune is None


def test_a_decision_is_kept_and_audited(leak):
    findings.decide(leak, "planned", "camille@example.org", "plombier prévenu")
    leak.refresh_from_db()
    assert (leak.state, leak.reason, leak.decided_by) == ("planned", "plombier prévenu", "camille@example.org")
    entry = AuditEntry.objects.get(action="finding.decide")
    assert (entry.actor, entry.subject) == ("camille@example.org", leak.key)
    assert findings.find_all() == 1
    leak.refresh_from_db()
    assert leak.state == FindingState.PLANNED


def test_setting_aside_needs_a_reason_and_a_state_must_exist(leak):
    with pytest.raises(Refused):
        findings.decide(leak, "dismissed", "camille@example.org", "  ")
    with pytest.raises(Refused):
        findings.decide(leak, "vanished", "camille@example.org")
    leak.refresh_from_db()
    assert leak.state == FindingState.NEW


def test_a_finding_set_aside_stays_so(leak):
    findings.decide(leak, "dismissed", "camille@example.org", "fontaine du parc")
    assert findings.find_all() == 0
    assert list(findings.ranked()) == []
    assert list(findings.ranked(states=FindingState.values)) == [leak]


def test_a_leak_that_stopped_closes_its_finding_with_a_note(leak, water, tell):
    tell(water, FIRST + dt.timedelta(days=DAYS), QUIET)
    assert findings.refresh() == findings.Summary(open=0, new=0, closed=1)
    leak.refresh_from_db()
    assert (leak.state, leak.decided_by) == ("done", findings.ITSELF)
    assert leak.reason


def test_one_that_came_back_is_another_finding(leak, water, tell):
    tell(water, FIRST + dt.timedelta(days=DAYS), QUIET)
    findings.find_all()
    tell(water, FIRST + dt.timedelta(days=DAYS + 20), LEAK)
    assert findings.refresh().new == 1
    assert Finding.objects.count() == 2


def test_one_told_done_comes_back_only_in_readings_of_after_that(leak):
    findings.decide(leak, "done", "camille@example.org")
    assert findings.find_all() == 0
    Finding.objects.update(decided_at=dt.datetime(2025, 6, 20, tzinfo=dt.UTC))
    assert findings.refresh() == findings.Summary(open=1, new=1, closed=0)


def test_progress_is_told_meter_by_meter(leak):
    told = []
    findings.find_all(lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]


@pytest.mark.parametrize(("first", "told"), [("2025-03-01", "du 1er mars 2025"), ("2025-03-11", "du 11 mars 2025")])
def test_a_finding_s_days_read_as_french_writes_them(school, water, first, told):
    evidence = {"facts": {"date": first, "reason": "change_of_use"}}
    day = dt.date.fromisoformat(first)
    key = "buildings/use_changed/ecole-eau/water"
    finding = Finding(
        key=key, rule="use_changed", thing=school, datastream=water, first=day, last=day, evidence=evidence
    )
    with translation.override("fr"):
        assert told in describe(finding).sentence
