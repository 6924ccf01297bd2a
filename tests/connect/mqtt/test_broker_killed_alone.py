"""A broker killed while its consumer is away: it loses no more than the changes that it had not written yet."""

import random
import time

import pytest

from tests.connect.mqtt.conftest import Mosquitto
from tests.connect.mqtt.test_consuming import consuming_from

# Numbers of a run: the last one is published when the broker is back.
MOST = 1_000_000


def lost_by_a_kill(broker, seconds, first):
    """How many messages, of all that it said yes to, the broker forgets that is killed after so long."""
    last = first + MOST - 1
    broker.start()
    with consuming_from(broker):
        pass
    # It writes when it stops: from here on it knows the session.
    broker.stop()
    broker.start()
    with broker.publisher() as publisher:
        count, end = first, time.monotonic() + seconds
        while time.monotonic() < end:
            if publisher.waiting < 400:
                publisher.publish(count, "town/1", b"%d" % count)
                count += 1
            else:
                time.sleep(0.001)
        broker.kill()
        said_yes = set(publisher.acknowledged)
    broker.start()
    with broker.publisher() as publisher:
        publisher.publish(last, "town/1", b"%d" % last)
        publisher.settle()
    came = set()
    with consuming_from(broker) as (_consumer, link, inbox):
        # The broker keeps the order, and may take its time: it writes its file again and again.
        while last not in came:
            held = inbox.next(500, 0.05, 60, lambda: False)
            assert held, "nothing comes any more"
            came |= {int(one.message.content) for one in held}
            link.acknowledge(held)
    broker.stop()
    return len(said_yes - came), len(said_yes)


def kills(folder, save_after, count, longest_s):
    folder.mkdir()
    broker = Mosquitto(folder, save_after=save_after)
    broker.configure()
    chance = random.Random(save_after)
    return [lost_by_a_kill(broker, chance.uniform(0.5, longest_s), MOST * number) for number in range(count)]


def test_it_loses_no_more_than_it_had_not_written(tmp_path):
    ((lost, said_yes),) = kills(tmp_path / "broker", 100, 1, 0.8)
    assert lost <= 100 < said_yes


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("save_after", [1, 10, 100, 1000])
def test_twenty_kills_each(tmp_path, capsys, save_after):
    found = kills(tmp_path / "broker", save_after, 20, 4)
    lost = [one for one, _said_yes in found]
    with capsys.disabled():
        print(
            f"\nwritten after {save_after} changes, 20 kills: at most {max(lost)} lost, {sum(lost)} of"
            f" {sum(said_yes for _lost, said_yes in found)} in all"
        )
    assert max(lost) <= save_after
