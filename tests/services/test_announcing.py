"""Telling those who asked to be told: each once, in the way they chose, none twice, until they say stop."""

import pytest

from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.registry import services
from mitoyen.services import announcing, subscriptions
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, Way
from mitoyen.services.models import Announcement, Request
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Commune
from mitoyen.territory.register import load_communes

ANGERS, BEHUARD = "49007", "49028"
TEXTS = {"short": "La Loire monte. Rentrez vos bêtes.", "words": "La Loire monte vite. Mettez vos affaires en hauteur."}


@pytest.fixture(autouse=True)
def communes(db, home):
    load_communes()


def subscribe(way, value, insee=BEHUARD, topics=("flood",)):
    spot = Spot(Commune.objects.get(pk=insee).name, insee)
    raw = {"topics": list(topics)}
    return receive(
        Submission(services.installed()["be_told"], Channel.COUNTER, raw, spot=spot, reach=Reach(way, value))
    )


def announce(**changes):
    told = {"topic": "flood", "communes": [BEHUARD], "by": "op@example.org", "key": "k1", **TEXTS, **changes}
    return announcing.announce(**told)


def told():
    notices = Notice.objects.filter(about__startswith="announcement:")
    return sorted((notice.way, notice.to) for notice in notices)


def test_each_is_told_once_in_the_way_they_chose():
    subscribe(Way.SMS, "+33612345678")
    subscribe(Way.SMS, "+33612345678", topics=("flood", "works"))
    subscribe(Way.MAIL, "marie@exemple.fr")
    subscribe(Way.LETTER, "1 rue du Port\n49170 Béhuard")
    subscribe(Way.SMS, "+33611111111", insee=ANGERS)
    subscribe(Way.SMS, "+33622222222", topics=("works",))
    assert announce().people == 3
    assert told() == [("letter", "1 rue du Port\n49170 Béhuard"), ("mail", "marie@exemple.fr"), ("sms", "+33612345678")]
    assert Notice.objects.get(about__startswith="announcement", way="sms").body == "La Loire monte. Rentrez vos bêtes."


def test_the_same_form_twice_tells_once():
    subscribe(Way.MAIL, "marie@exemple.fr")
    announce()
    announce()
    assert Announcement.objects.count() == 1
    assert len(told()) == 1
    assert AuditEntry.objects.filter(action="announcement.made").count() == 1


def test_who_said_stop_is_told_no_more_on_whatever_channel():
    first, second = subscribe(Way.SMS, "+33612345678"), subscribe(Way.MAIL, "marie@exemple.fr")
    subscriptions.stop(Way.SMS, "+33612345678")
    assert subscriptions.end(second, Channel.WEB) == 1
    assert announce().people == 0
    assert Request.objects.get(pk=second.pk).facts.filter(kind=FactKind.STOPPED).count() == 1
    assert not first.subscriptions.filter(ended_at=None).exists()


def test_it_says_beforehand_whom_it_reaches_and_what_it_costs():
    subscribe(Way.SMS, "+33612345678")
    subscribe(Way.MAIL, "marie@exemple.fr")
    reached = announcing.reach("flood", [BEHUARD], "x" * 161)
    assert (reached.people, reached.ways, reached.parts) == (2, {"sms": 1, "mail": 1}, 2)


@pytest.mark.parametrize(
    "wrong", [{"topic": "dance"}, {"communes": []}, {"short": " "}, {"words": ""}, {"short": "x" * 460}]
)
def test_what_is_not_whole_is_refused_and_nobody_is_told(wrong):
    subscribe(Way.MAIL, "marie@exemple.fr")
    with pytest.raises(Refused):
        announce(**wrong)
    assert told() == []
    assert not Announcement.objects.exists()


def test_communes_are_told_in_the_order_asked_for():
    subscribe(Way.SMS, "+33611111111", insee=ANGERS)
    subscribe(Way.SMS, "+33612345678", insee=BEHUARD)
    subscribe(Way.SMS, "+33622222222", insee=ANGERS)
    made = announce(communes=[BEHUARD, ANGERS, BEHUARD])
    assert made.communes == [BEHUARD, ANGERS]
    # The channel takes the oldest first, as many as its pace allows.
    waiting = [notice.to for notice in outbox.due(NoticeWay.SMS).filter(about__startswith="announcement:")]
    assert waiting == ["+33612345678", "+33611111111", "+33622222222"]
