"""`mitoyen run mqtt`: messages from the broker into the journal, until stopped."""

import fcntl
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.connect.devices import health
from mitoyen.connect.mqtt import topics
from mitoyen.connect.mqtt.broker import Address, Broker
from mitoyen.connect.mqtt.consuming import Consumer
from mitoyen.connect.mqtt.inbox import Inbox
from mitoyen.connect.mqtt.topics import Topics
from mitoyen.connect.uplinks import decoding, taking
from mitoyen.ledger.refusal import Refused

TELL_EVERY_S = 60.0
# How long one thread may keep Python to itself when the other wants it: the network is read while messages are taken.
SWITCH_S = 0.0005

logger = logging.getLogger(__name__)


def run_forever(stop: threading.Event | None = None) -> None:
    """Raises Refused when no broker is set, or another process of this installation is connected to it."""
    options = settings.MITOYEN
    if not options["mqtt_host"]:
        raise Refused(_("This installation has no MQTT broker."), _("Set mqtt_host and mqtt_topics (docs/mqtt.md)."))
    asked = Topics(topics.read(str(options["mqtt_topics"])), str(options["mqtt_group"]))
    logging.getLogger("mitoyen.connect.mqtt").setLevel(logging.INFO)
    sys.setswitchinterval(SWITCH_S)
    stop = stop or _stopped_by_signals()
    with _alone():
        _serve(asked, stop)


def _serve(asked: Topics, stop: threading.Event) -> None:
    inbox = Inbox()
    broker = Broker(address(), asked, inbox)
    consumer = Consumer(inbox, broker.acknowledge, stop)
    again = taking.recover()
    if again:
        logger.info("MQTT: %d frames that were kept before the last stop are in the journal now.", again)
    health.in_background()
    broker.start()
    told = time.monotonic()
    try:
        while not stop.is_set():
            consumer.once()
            if time.monotonic() - told > TELL_EVERY_S:
                _tell(broker, consumer, inbox)
                told = time.monotonic()
    finally:
        broker.stop()
        decoding.close()
        health.stop_background()
        _tell(broker, consumer, inbox)


def address() -> Address:
    """From the settings."""
    options = settings.MITOYEN
    return Address(
        str(options["mqtt_host"]), int(options["mqtt_port"]), str(options["mqtt_client"]), str(options["mqtt_user"]),
        str(options["mqtt_password"]), bool(options["mqtt_tls"]), ca=str(options["mqtt_ca"]),
        certificate=str(options["mqtt_certificate"]), key=str(options["mqtt_key"]),
    )  # fmt: skip


def _tell(broker: Broker, consumer: Consumer, inbox: Inbox) -> None:
    """One line of what came since the start; nothing of what messages hold."""
    taken = consumer.taken
    logger.info(
        "MQTT: %s; %d messages taken in, %d acknowledged, %d wait: %d frames, %d duplicates, %d of unknown devices,"
        " %d in quarantine, %d observations. Left: %d retained, %d not asked for, %d without a promise.",
        "connected" if broker.connected else "not connected", taken.messages, consumer.acknowledged, len(inbox),
        taken.frames, taken.duplicates, taken.unknown, taken.quarantined.total(), taken.accepted, broker.retained,
        broker.unasked, inbox.dropped,
    )  # fmt: skip


@contextmanager
def _alone() -> Iterator[None]:
    """Two with one session would put each other off the broker. The lock ends with the process, however it ends."""
    with (Path(settings.MITOYEN_HOME) / "mqtt.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused(
                _("The MQTT part of this installation runs already."), _("Stop the other process first.")
            ) from error
        yield


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop
