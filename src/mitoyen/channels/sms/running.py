"""`mitoyen run sms`: one link to the SMSC, messages in and notices out, until stopped; made again when it breaks."""

import fcntl
import logging
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, OperationalError, close_old_connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.channels.sms import incoming, pdu, receipts
from mitoyen.channels.sms.link import Link, LinkLost
from mitoyen.channels.sms.pdu import Pdu
from mitoyen.channels.sms.sending import Pace, Sending
from mitoyen.ledger.refusal import Refused

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
# A link that held this long was a good one.
GOOD_AFTER_S = 30.0
# The network first gives back what it kept for us: receipts that settle doubts, messages that must not come twice.
LISTEN_FIRST_S = 1.0

logger = logging.getLogger(__name__)


def run_forever(stop: threading.Event | None = None) -> None:
    """Raises Refused when no SMSC is set, or another process of this installation holds the link."""
    options = settings.MITOYEN
    if not options["sms_host"]:
        raise Refused(
            _("This installation sends no SMS."), _("Set sms_host and the other sms_ settings (docs/sms.md).")
        )
    stop = stop or _stopped_by_signals()
    with _alone():
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            started = monotonic()
            try:
                serve(stop)
            except LinkLost as error:
                pause = FIRST_PAUSE_S if monotonic() - started > GOOD_AFTER_S else pause
                logger.warning("No link to the SMSC: %s. Again in %.0f s.", error, pause)
            except DatabaseError:
                logger.exception("The SMS channel could not reach the database; it tries again.")
                close_old_connections()
            if not stop.wait(pause):
                pause = min(pause * 2, LONGEST_PAUSE_S)


def serve(stop: threading.Event) -> None:
    """Over one link, until told to stop. Raises LinkLost."""
    options = settings.MITOYEN
    link = Link(str(options["sms_host"]), int(options["sms_port"]))
    try:
        link.bind(str(options["sms_user"]), str(options["sms_password"]))
        served = Served(link)
        _serve(served, stop)
        served.leave()
    finally:
        link.drop()


class Served:
    """What is done over one link."""

    def __init__(self, link: Link) -> None:
        options = settings.MITOYEN
        self.link, self.via = link, incoming.Via(uuid.uuid4(), timezone.now())
        doubt = timedelta(seconds=int(options["sms_doubt_seconds"]))
        pace = Pace(int(options["sms_per_second"]))
        self.sending = Sending(link, str(options["sms_source"]), int(options["sms_window"]), pace, doubt)
        self.sending.start()
        self._may_send_from = monotonic() + LISTEN_FIRST_S
        self._next_acknowledgement = 0.0
        self._told: list[Pdu] = []

    def round(self) -> None:
        """Listen, write down what was told and what goes next in one transaction, answer, send."""
        self.sending.look_for_silence()
        waits = self.sending.wait() if self.may_send else 0.1
        self._told += self.link.receive(0.0 if self._told else waits)
        answers = [message for message in self._told if message.command in ("submit_sm_resp", "generic_nack")]
        delivered = [message for message in self._told if message.command == "deliver_sm"]
        with transaction.atomic():
            self.sending.answered(answers)
            verdicts = self._written_down(delivered)
            claimed = self.sending.claim(answers) if self.may_send else []
        # Kept until they are written down, even when the database was busy.
        self._told.clear()
        # First what is written down as on its way, so that nothing stays so for another reason.
        self.sending.hand(claimed, answers)
        for message, status in verdicts:
            self.link.respond(message, status)
        if monotonic() >= self._next_acknowledgement:
            self._next_acknowledgement = monotonic() + 5
            incoming.acknowledge(self.via.link)

    def leave(self) -> None:
        """In good order: nothing that came will come again."""
        if self.link.unbind():
            incoming.acknowledge(self.via.link, all_of_it=True)

    @property
    def may_send(self) -> bool:
        """Not before the network could give back what it kept."""
        return monotonic() >= self._may_send_from

    def _written_down(self, delivered: list[Pdu]) -> list[tuple[Pdu, int]]:
        """What the network is told of each message that it brings: that it is written down, or can't ever be."""
        verdicts = []
        told = [message for message in delivered if receipts.is_receipt(message)]
        if told:
            status = self._status(lambda: receipts.take(told))
            verdicts += [(message, status) for message in told]
        for message in delivered:
            if not receipts.is_receipt(message):
                verdicts.append((message, self._status(partial(incoming.take, message, self.via))))
        return verdicts

    @staticmethod
    def _status(take: Callable[[], None]) -> int:
        try:
            with transaction.atomic():
                take()
        except OperationalError:
            raise
        except Exception as error:
            # Its words are nobody's business: only where it went wrong is logged.
            logger.error("A message could not be understood (%s).", type(error).__name__)
            return pdu.PERMANENT
        return pdu.OK


def _serve(served: Served, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            served.round()
        except DatabaseError:
            logger.exception("The SMS channel could not reach the database; it tries again.")
            close_old_connections()
            stop.wait(1)


@contextmanager
def _alone() -> Iterator[None]:
    """Two at once would take each other's messages for lost ones. The lock ends with the process, however it ends."""
    with (Path(settings.MITOYEN_HOME) / "sms.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused(
                _("The SMS channel of this installation runs already."), _("Stop the other process first.")
            ) from error
        yield


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _signal, _frame: stop.set())
    return stop
