"""What is read by someone before anyone is told: what looks like spam, and a sender's first request."""

import pytest

from mitoyen.ledger.models import Notice
from mitoyen.services import timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.services.models import Handler, Subscription
from mitoyen.territory.finding import Spot
from tests.services.conftest import MARIE, report

KNOWN = Reach(Way.MAIL, "marie@exemple.fr", "Marie")


@pytest.fixture
def team(db):
    return Handler.objects.create(team="roads", email="roads@example.org")


def seen_before(reach=KNOWN):
    timeline.answer(report(Channel.COUNTER, reach), "C’est fait.", "clerk@example.org")
    Notice.objects.all().delete()


@pytest.mark.parametrize("channel", [Channel.WEB, Channel.SMS, Channel.MAIL, Channel.OPEN311])
def test_a_first_request_is_held_and_nobody_is_told(communes, team, channel):
    request = report(channel, MARIE)
    assert request.state == State.HELD
    assert [fact.kind for fact in request.facts.all()] == [FactKind.RECEIVED, FactKind.HELD]
    assert not Notice.objects.exists()
    assert report(channel).state == State.HELD, "nor one that says nothing of who asks"


@pytest.mark.parametrize("channel", [Channel.COUNTER, Channel.PHONE, Channel.PAPER, Channel.IMPORT])
def test_what_a_human_read_already_goes_on(communes, channel):
    assert report(channel, MARIE, words="https://example.org !!!!!!!!!!!!").state == State.OPEN


def test_whoever_was_answered_before_is_known_however_the_address_is_written(communes):
    assert report(Channel.WEB, KNOWN).state == State.HELD
    seen_before()
    assert report(Channel.WEB, KNOWN).state == State.OPEN
    assert report(Channel.WEB, Reach(Way.MAIL, "Marie@exemple.fr")).state == State.OPEN
    assert report(Channel.SMS, Reach(Way.SMS, "+33699999999")).state == State.HELD


def test_whoever_was_set_aside_is_read_again(communes):
    seen_before()
    timeline.refuse(report(Channel.WEB, KNOWN), "insult", "Ce mot insulte.", "moderator@example.org")
    assert report(Channel.WEB, KNOWN).state == State.HELD


@pytest.mark.parametrize(
    "words", ["Voir https://spam.example", "WWW.spam.example", "[url=x]", "<a href=x>", "Aaaaaaaaaaa!"]
)
def test_what_looks_like_advertising_is_held_wherever_it_stands(communes, words):
    seen_before()
    assert report(Channel.WEB, KNOWN, words=words).state == State.HELD
    assert report(Channel.WEB, KNOWN, spot=Spot(f"{words}, Angers", "49007", exact=False)).state == State.HELD
    assert report(Channel.WEB, Reach(KNOWN.way, KNOWN.value, words)).state == State.HELD


def test_released_it_is_told_once_that_it_came_and_by_when_it_is_answered(communes, team):
    request = report(Channel.WEB, KNOWN)
    timeline.release(request, "moderator@example.org")
    told = Notice.objects.get(to="marie@exemple.fr")
    assert f"{request.promised_for:%d/%m/%Y}" in told.body
    assert Notice.objects.get(to="roads@example.org").about == f"request:{request.code}"


def test_set_aside_then_released_after_an_appeal_the_person_hears_all_of_it(communes):
    request = report(Channel.WEB, KNOWN)
    timeline.refuse(request, "off_topic", "Ce n’est pas une rue.", "one@example.org")
    timeline.appeal(request, "Si.", Channel.WEB)
    timeline.release(request, "two@example.org")
    kinds = [
        request.facts.get(pk=int(notice.key.removeprefix("fact:"))).kind for notice in Notice.objects.order_by("pk")
    ]
    assert kinds == [FactKind.REFUSED, FactKind.RECEIVED, FactKind.RELEASED]


def test_who_asked_to_be_told_is_so_only_once_it_was_read(communes):
    request = report(Channel.WEB, MARIE, service="be_told", raw={"topics": ["flood"]})
    assert not Subscription.objects.exists()
    timeline.release(request, "moderator@example.org")
    assert Subscription.objects.get().value == MARIE.value
    timeline.refuse(request, "advertising", "Non.", "moderator@example.org")
    assert not Subscription.objects.filter(ended_at=None).exists()


def test_a_held_request_may_be_completed_and_joined_and_still_nobody_is_told(communes, team):
    head = report(Channel.COUNTER)
    Notice.objects.all().delete()
    request = report(Channel.WEB, KNOWN)
    timeline.add_words(request, "Devant le 12.", Channel.WEB)
    timeline.join(request, head, "")
    timeline.close(head, "C’est réparé.", "clerk@example.org")
    request.refresh_from_db()
    assert request.state == State.HELD
    assert not Notice.objects.filter(about=f"request:{request.code}").exists()


def test_released_after_the_one_it_was_joined_to_was_closed_it_is_closed_and_told(communes):
    head, request = report(Channel.COUNTER), report(Channel.WEB, KNOWN)
    timeline.join(request, head, "")
    timeline.close(head, "C’est réparé.", "clerk@example.org")
    timeline.release(request, "moderator@example.org")
    request.refresh_from_db()
    assert request.state == State.CLOSED
    assert request.closed_at is not None
    assert "C’est réparé." in Notice.objects.filter(to="marie@exemple.fr").latest("pk").body
