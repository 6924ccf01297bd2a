"""An alert's life: opens once, is brought up to date, groups, is raised, closes by itself, opens anew."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts import deciding, tasks
from mitoyen.operate.alerts.keeping import Settled, settle
from mitoyen.operate.alerts.models import Alert, AlertFact
from mitoyen.operate.detect import Sighting
from tests.operate.alerts.conftest import NOW

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def rule(rule_of):
    return rule_of("lamp_out")


def seen(thing, minutes=0, **more):
    last = NOW + minutes * MINUTE
    return Sighting(thing.pk, NOW - 30 * MINUTE, last, **{"observed_property": "power", **more})


def test_one_opens_once_and_is_brought_up_to_date(rule, lamps):
    lamp = lamps[0]
    first = seen(lamp, facts={"watts": 0.0})
    assert settle("streets", rule, [first], [lamp.pk], NOW) == Settled(opened=1, open=1)
    assert settle("streets", rule, [first], [lamp.pk], NOW) == Settled(open=1)
    later = seen(lamp, 5, sure=0.5, facts={"watts": 1.25})
    assert settle("streets", rule, [later], [lamp.pk], NOW + 5 * MINUTE) == Settled(open=1)
    alert = Alert.objects.get()
    assert (alert.key, alert.state, alert.level) == (f"streets/lamp_out/{lamp.pk}", "open", "warning")
    assert (alert.seen_last, alert.sure, alert.facts) == (NOW + 5 * MINUTE, 0.5, {"watts": 1.25})
    assert (alert.since, alert.opened_at) == (NOW - 30 * MINUTE, NOW)
    assert alert.commune_id == "49028"
    assert alert.datastream == lamp.datastreams.get()


def test_it_closes_by_itself_when_its_thing_was_looked_at_and_not_otherwise(rule, lamps):
    settle("streets", rule, [seen(lamps[0]), seen(lamps[1])], [one.pk for one in lamps], NOW)
    assert settle("streets", rule, [], [lamps[1].pk], NOW + MINUTE) == Settled(closed=1, open=1)
    assert Alert.objects.get(thing=lamps[0]).state == "open"
    closed = Alert.objects.get(thing=lamps[1])
    assert (closed.state, closed.closed_at) == ("closed", NOW + MINUTE)


def test_one_that_comes_back_is_a_new_one(rule, lamps):
    for minutes, found in ((0, [seen(lamps[0])]), (1, []), (2, [seen(lamps[0], 2)])):
        settle("streets", rule, found, [lamps[0].pk], NOW + minutes * MINUTE)
    assert list(Alert.objects.order_by("id").values_list("state", flat=True)) == ["closed", "open"]


def test_a_worker_that_lags_behind_neither_closes_nor_opens_what_another_settled(rule, lamps):
    settle("streets", rule, [seen(lamps[0], 10)], [lamps[0].pk], NOW + 10 * MINUTE)
    assert settle("streets", rule, [], [lamps[0].pk], NOW + MINUTE).closed == 0
    settle("streets", rule, [], [lamps[0].pk], NOW + 20 * MINUTE)
    assert settle("streets", rule, [seen(lamps[0], 12)], [lamps[0].pk], NOW + 12 * MINUTE).opened == 0
    assert Alert.objects.get().state == "closed"


def test_a_cabinet_s_fault_covers_its_lamps_until_it_is_over(rule, cabinet, lamps):
    looked = [cabinet.pk, *(lamp.pk for lamp in lamps)]
    settle("streets", rule, [seen(lamps[0])], looked, NOW)
    whole = seen(cabinet, 5, mark="cabinet", covers=tuple(lamp.pk for lamp in lamps))
    settle("streets", rule, [seen(lamps[0], 5), whole], looked, NOW + 5 * MINUTE)
    one = Alert.objects.get(thing=lamps[0])
    assert one.part_of == Alert.objects.get(thing=cabinet)
    settle("streets", rule, [seen(lamps[0], 9)], looked, NOW + 9 * MINUTE)
    after = Alert.objects.get(thing=lamps[0])
    assert after.part_of is None, "the cabinet is well again"
    assert after.state == "open", "this lamp is not"


def test_two_that_cover_each_other_do_not_both_vanish(rule, cabinet, lamps):
    pair = [
        seen(cabinet, mark="cabinet", covers=(lamps[0].pk, lamps[1].pk)),
        seen(lamps[0], covers=(cabinet.pk,)),
    ]
    settle("streets", rule, pair, [cabinet.pk, lamps[0].pk], NOW)
    assert Alert.objects.get(thing=cabinet).part_of is None
    assert Alert.objects.get(thing=lamps[0]).part_of == Alert.objects.get(thing=cabinet)


def test_nobody_took_it_so_it_is_raised_once(rule, lamps):
    settle("streets", rule, [seen(lamps[0]), seen(lamps[1])], [], NOW)
    deciding.decide([Alert.objects.get(thing=lamps[1])], "taken", "a@example.org")
    for minutes in (119, 120, 121):
        settle("streets", rule, [seen(lamps[0], minutes), seen(lamps[1], minutes)], [], NOW + minutes * MINUTE)
    raised, taken = Alert.objects.get(thing=lamps[0]), Alert.objects.get(thing=lamps[1])
    assert (raised.level, raised.escalated_at) == ("danger", NOW + 120 * MINUTE)
    assert (taken.level, taken.escalated_at) == ("warning", None)
    assert [fact.act for fact in raised.acts.all()] == ["raised"]


def test_one_set_aside_stays_so_as_long_as_it_lasts(rule, lamps):
    looked = [lamps[0].pk]
    settle("streets", rule, [seen(lamps[0])], looked, NOW)
    deciding.decide(Alert.objects.all(), "dismissed", "a@example.org", "Travaux.")
    assert settle("streets", rule, [seen(lamps[0], 1)], looked, NOW + MINUTE) == Settled()
    settle("streets", rule, [], looked, NOW + 2 * MINUTE)
    alert = Alert.objects.get()
    assert (alert.state, alert.closed_at) == ("dismissed", NOW + 2 * MINUTE)
    assert settle("streets", rule, [seen(lamps[0], 3)], looked, NOW + 3 * MINUTE).opened == 1


def test_what_people_do_is_kept_and_audited_and_machines_do_not_flood_the_trail(rule, lamps):
    settle("streets", rule, [seen(lamps[0])], [], NOW)
    assert not AuditEntry.objects.filter(action__startswith="alert").exists()
    alert = Alert.objects.get()
    deciding.decide([alert], "taken", "a@example.org")
    deciding.decide([alert], "left", "a@example.org")
    with pytest.raises(Refused):
        deciding.decide([alert], "dismissed", "a@example.org", " ")
    deciding.decide([alert], "dismissed", "b@example.org", "Travaux.")
    deciding.decide([alert], "back", "b@example.org")
    assert [fact.act for fact in alert.acts.all()] == ["taken", "left", "dismissed", "back"]
    told = AuditEntry.objects.filter(subject=alert.key, action="alert.decide").order_by("number")
    assert [json.loads(one.detail)["act"] for one in told] == ["taken", "left", "dismissed", "back"]


def test_what_machines_open_and_close_is_told_once_a_day_by_counts(rule, lamps):
    settle("streets", rule, [seen(lamps[0]), seen(lamps[1])], [lamps[0].pk], NOW)
    settle("streets", rule, [], [lamps[0].pk], NOW + 1440 * MINUTE)
    assert tasks.account(None, day="2026-11-20") == {"opened": 2, "closed": 0}
    tasks.account(None, day="2026-11-20")
    assert tasks.account(None, day="2026-11-21") == {"opened": 0, "closed": 1}
    assert tasks.account(None, day="2026-11-22") == {"opened": 0, "closed": 0}
    told = AuditEntry.objects.filter(action="alerts.account").order_by("number")
    assert [one.subject for one in told] == ["2026-11-20", "2026-11-21"]
    assert json.loads(told[0].detail) == {"opened": {"streets/lamp_out": 2}, "closed": {}}


def test_people_concerned_are_told_by_the_sighting_or_the_thing(rule, cabinet, lamps, station):
    settle("streets", rule, [seen(station), seen(lamps[0]), seen(cabinet, facts={"people": 40})], [], NOW)
    assert dict(Alert.objects.values_list("thing__slug", "people")) == {"quai": 119, "lampe-0": None, "armoire": 40}


def test_a_storm_costs_few_queries(rule, commune):
    from mitoyen.territory.models import Thing

    things = Thing.objects.bulk_create(
        Thing(slug=f"l-{n}", name=str(n), kind="lamp", commune=commune) for n in range(400)
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        settle("streets", rule, [seen(one) for one in things], [one.pk for one in things], NOW)
    assert Alert.objects.count() == 400
    assert len(queries) <= 20
    with CaptureQueriesContext(connection) as queries:
        settle("streets", rule, [seen(one) for one in things], [one.pk for one in things], NOW)
    assert len(queries) <= 8
    settle("streets", rule, [], [one.pk for one in things], NOW + MINUTE)
    assert AlertFact.objects.count() == 0
