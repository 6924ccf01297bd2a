"""Being told: once for each topic and place, until the person says stop."""

import datetime as dt

from django.utils import timezone

from mitoyen.services import subscriptions
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Way
from mitoyen.services.models import Subscription
from tests.services.conftest import MARIE, report

MAIL = Reach(Way.MAIL, "Marie@exemple.fr")


def ask(reach=MARIE, topics=("flood",), **more):
    return report(reach=reach, service="be_told", raw={"topics": list(topics)}, **more)


def live():
    return sorted(Subscription.objects.filter(ended_at=None).values_list("topic", "commune", "way"))


def test_each_topic_chosen_is_one_subscription(communes):
    ask(topics=("works", "flood"))
    assert live() == [("flood", "49007", "sms"), ("works", "49007", "sms")]
    report(reach=MARIE)
    assert len(live()) == 2, "another service subscribes to nothing"


def test_asked_again_it_replaces_the_earlier_one_even_on_an_older_letter(communes):
    ask()
    ask(received_at=timezone.now() - dt.timedelta(days=9))
    assert live() == [("flood", "49007", "sms")]
    ended = Subscription.objects.exclude(ended_at=None).get()
    assert ended.ended_at is not None
    assert ended.ended_at >= ended.since


def test_stop_ends_all_of_that_number_or_address_and_no_other(communes):
    ask(topics=("works", "flood")), ask(MAIL), ask(Reach(Way.SMS, "+33699999999"))
    assert subscriptions.stop(Way.SMS, MARIE.value) == 2
    assert subscriptions.stop(Way.SMS, MARIE.value) == 0
    assert subscriptions.stop(Way.MAIL, "marie@exemple.fr") == 1
    assert len(live()) == 1
