"""A burst while the consumer is away: Mosquitto's defaults lose most of it, our configuration none."""

import pytest

from tests.connect.mqtt.conftest import Mosquitto
from tests.connect.mqtt.test_consuming import consuming_from

BURST = 20_000


def kept(broker):
    """How many of a burst the broker still has for a consumer that was away."""
    with consuming_from(broker):
        pass
    with broker.publisher() as publisher:
        for number in range(BURST):
            publisher.publish(number, "town/1", b"%d" % number)
        publisher.settle(200)
        assert len(publisher.acknowledged) == BURST
    came = set()
    with consuming_from(broker) as (_consumer, link, inbox):
        while held := inbox.next(500, 0.05, 5, lambda: False):
            came |= {one.message.content for one in held}
            link.acknowledge(held)
    return len(came)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_defaults_lose_most_of_a_burst_and_ours_none(tmp_path, capsys):
    ours = Mosquitto(tmp_path)
    ours.save_after = 1000
    ours.configure()
    ours.start()
    with_ours = kept(ours)
    ours.stop()
    (tmp_path / "mosquitto.conf").write_text(
        f"listener {ours.port} 127.0.0.1\npassword_file {tmp_path}/passwd\nallow_anonymous false\nuser root\n"
    )
    ours.start()
    with_defaults = kept(ours)
    ours.stop()
    with capsys.disabled():
        print(f"\nof {BURST} messages for one who is away {with_ours} are kept with ours, {with_defaults} by default")
    assert with_ours == BURST
    assert with_defaults < BURST / 2
