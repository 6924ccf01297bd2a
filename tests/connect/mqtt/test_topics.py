"""Topics are read strictly; each message gets the format of the first filter that it fits."""

import pytest

from mitoyen.connect.mqtt import topics
from mitoyen.connect.mqtt.topics import Topics
from mitoyen.ledger.refusal import Refused

ASKED = "application/+/device/+/event/up=chirpstack4, v3/+/devices/#=thethings3,town/#"


@pytest.mark.parametrize(
    ("topic", "form"),
    [
        ("application/7/device/70b3d5e75e0042a7/event/up", "chirpstack4"),
        ("application/7/device/70b3d5e75e0042a7/event/join", None),
        ("v3/app@tenant/devices/meter-1/up", "thethings3"),
        ("town/hall", ""),
        ("town", ""),
        ("$SYS/uptime", None),
    ],
)
def test_a_message_has_the_format_of_its_topic(topic, form):
    assert Topics(topics.read(ASKED)).format_of(topic) == form


def test_a_group_shares_every_filter():
    shared = Topics(topics.read("a/#=plain, b/+"), "mitoyen")
    assert shared.filters == ["$share/mitoyen/a/#", "$share/mitoyen/b/+"]
    assert shared.format_of("a/1") == "plain"


@pytest.mark.parametrize("text", ["", " , ", "a/#=chirpstack9", "a/#/b", "a+/b", "#a", "=plain", "$share/g/a/#"])
def test_what_no_broker_would_take_is_refused(text):
    with pytest.raises(Refused, match="mqtt_topics"):
        topics.read(text)
