"""A broker killed while its consumer is away: it loses no more than the changes that it had not written yet."""

import random
import time

import pytest

from tests.connect.mqtt.conftest import Mosquitto
from tests.connect.mqtt.test_consuming import consuming_from

# Numbers of a run: the last one is published when the broker is back.
MOST = 1_000_000
# It writes once a second or, as it counts whole seconds, two; and takes its time.
BETWEEN_S = 2.5


def lost_by_a_kill(broker, seconds, first):
    """How many messages, of all that it said yes to, the broker forgets that is killed after so long.

    Also how many it said yes to, and how many of these of late.
    """
    last = first + MOST - 1
    broker.start()
    with consuming_from(broker):
        pass
    # It writes when it stops: from here on it knows the session.
    broker.stop()
    broker.start()
    with broker.publisher() as publisher:
        count, end, before = first, time.monotonic() + seconds, 0
        while (now := time.monotonic()) < end:
            if now < end - BETWEEN_S:
                before = len(publisher.acknowledged)
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
    return len(said_yes - came), len(said_yes), len(said_yes) - before


def kills(folder, save_after, count, longest_s):
    folder.mkdir()
    broker = Mosquitto(folder, save_after=save_after)
    broker.configure()
    chance = random.Random(save_after)
    return [lost_by_a_kill(broker, chance.uniform(0.5, longest_s), MOST * number) for number in range(count)]


def test_it_loses_no_more_than_it_had_not_written(tmp_path):
    ((lost, said_yes, _late),) = kills(tmp_path / "broker", 200, 1, 0.8)
    assert lost <= 200 < said_yes


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("save_after", [1, 10, 100, 1000])
def test_twenty_kills_each(tmp_path, capsys, save_after):
    found = kills(tmp_path / "broker", save_after, 20, 4)
    told(f"after {save_after} changes", found, capsys)
    assert max(lost for lost, _said_yes, _late in found) <= save_after


@pytest.mark.long
@pytest.mark.timeout(900)
def test_twenty_kills_as_it_is_configured(tmp_path, capsys):
    found = kills(tmp_path / "broker", 0, 20, 8)
    told("every second", found, capsys)
    assert all(lost <= late for lost, _said_yes, late in found)
    assert any(late < said_yes for _lost, said_yes, late in found)


def told(when, found, capsys):
    lost, said_yes, _late = (sum(column) for column in zip(*found, strict=True))
    with capsys.disabled():
        print(f"\nwritten {when}, 20 kills: at most {max(one[0] for one in found)} lost, {lost} of {said_yes} in all")
