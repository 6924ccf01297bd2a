"""What network servers are known to do differently, through a real Mosquitto."""

from collections import Counter

import pytest

from mitoyen.connect.devices.models import Quarantined
from mitoyen.history import journal
from tests.connect.mqtt.test_consuming import consuming_from, take
from tests.connect.uplinks.conftest import afresh, site  # noqa: F401 - fixtures
from tests.connect.uplinks.differences import expected, sent, shown

pytestmark = pytest.mark.django_db(transaction=True)
TOPICS = "town/#=plain, chirp/+/up=chirpstack4, old/#=chirpstack3"
BY_FORMAT = {"plain": "town/a", "chirpstack4": "chirp/a/up", "chirpstack3": "old/a"}


def test_each_known_difference_is_acknowledged_and_the_consumer_goes_on(mosquitto, site, monkeypatch):  # noqa: F811
    monkeypatch.setattr("tests.connect.mqtt.test_consuming.TOPICS", TOPICS)
    messages = sent()
    with consuming_from(mosquitto) as (consumer, _link, _inbox), mosquitto.publisher() as publisher:
        for number, one in enumerate(messages):
            publisher.publish(number, BY_FORMAT[one.format], one.content)
        taken = take(consumer, len(messages))
        assert consumer.acknowledged == len(messages)
    outcomes = Counter(one.outcome for one in messages)
    assert (taken.frames, taken.duplicates) == (outcomes.pop("frame"), outcomes.pop("duplicate"))
    assert taken.quarantined == outcomes
    assert sum(Quarantined.objects.values_list("count", flat=True)) == outcomes.total()
    rows = journal.rows_between(-(1 << 62), 1 << 62)
    assert shown(rows["time"].tolist(), rows["value"].tolist()) == expected()
