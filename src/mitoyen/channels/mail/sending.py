"""Hands the outbox's mails to the configured relay, one by one; what became of each is noted before the next."""

import logging
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from mitoyen.channels.mail import addresses, bounces, writing
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.services import unreached
from mitoyen.services.enums import Channel, Way

A_CONNECTION = 50
TIMEOUT_S = 30.0
POLL_S = 1.0
LONGEST_WAIT_S = 300.0
SMTPS = 465
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
logger = logging.getLogger(__name__)


class RelayAway(Exception):
    """The relay can't be spoken to: nothing was taken from the outbox, no attempt counts."""


def send_due() -> int:
    """Hand over what is due, up to fifty a connection; how many the relay took or refused. Raises RelayAway."""
    if not outbox.due(NoticeWay.MAIL).exists():
        return 0
    done = 0
    with _relay() as relay:
        while done < A_CONNECTION:
            taken = outbox.take(NoticeWay.MAIL, 1)
            if not taken:
                break
            done += 1
            if not _hand_over(relay, taken[0]):
                break
    return done


def send_forever(stop: threading.Event) -> None:
    """Until `stop`; what a process that died was handing over is taken back first, under the same Message-ID."""
    outbox.take_back(NoticeWay.MAIL)
    wait = POLL_S
    while not stop.is_set():
        close_old_connections()
        try:
            if send_due() == A_CONNECTION:
                continue
            wait = POLL_S
        except RelayAway as away:
            logger.warning("The mail relay can't be reached (%s); tried again in %.0f s.", away, wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
        except DatabaseError:
            logger.exception("Mails could not be sent: the database is away; it is tried again.")
            wait = 5.0
        stop.wait(wait)


@contextmanager
def _relay() -> Iterator[smtplib.SMTP]:
    options = settings.MITOYEN
    host, port = str(options["mail_host"]), int(options["mail_port"])
    try:
        relay = _connected(host, port)
        user = str(options["mail_user"])
        if user:
            relay.login(user, str(options["mail_password"]))
    except (OSError, smtplib.SMTPException) as error:
        raise RelayAway(str(error)) from error
    try:
        yield relay
    finally:
        try:
            relay.quit()
        except (OSError, smtplib.SMTPException):
            relay.close()


def _connected(host: str, port: int) -> smtplib.SMTP:
    """Encrypted wherever the relay can; a password never leaves this machine in the clear."""
    name = addresses.domain()
    if port == SMTPS:
        return smtplib.SMTP_SSL(host, port, name, timeout=TIMEOUT_S, context=ssl.create_default_context())
    relay = smtplib.SMTP(host, port, name, timeout=TIMEOUT_S)
    relay.ehlo()
    if relay.has_extn("starttls"):
        relay.starttls(context=ssl.create_default_context())
        relay.ehlo()
    elif settings.MITOYEN["mail_user"] and host not in LOOPBACK:
        relay.close()
        raise RelayAway("it offers no encryption: the password is not sent to it")
    return relay


def _hand_over(relay: smtplib.SMTP, notice: Notice) -> bool:
    """Hand one over and note what became of it; False when the connection is of no more use."""
    reference = addresses.message_id(notice.key)
    try:
        mail = writing.compose(notice)
    except (ValueError, UnicodeError) as error:
        bounces.give_up(notice, f"no address that mail can reach: {error}")
        return True
    # Before the relay hears of it: a report may come back sooner than our own commit.
    Notice.objects.filter(pk=notice.pk).update(reference=reference)
    try:
        relay.send_message(mail, writing.sender_of(notice), [mail["To"].addresses[0].addr_spec])
    except smtplib.SMTPRecipientsRefused as refused:
        code, said = next(iter(refused.recipients.values()))
        return _refused(notice, code, said)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPNotSupportedError) as error:
        # Our own settings are at fault, not the person's address.
        _try_later(notice, str(error))
        return False
    except smtplib.SMTPResponseException as error:
        return _refused(notice, error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        _try_later(notice, str(error) or type(error).__name__)
        return False
    outbox.handed(notice, reference)
    return True


def _refused(notice: Notice, code: int, said: bytes | str) -> bool:
    told = f"{code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    if 500 <= code < 600:
        bounces.give_up(notice, told)
    else:
        _try_later(notice, told)
    return code != 421


def _try_later(notice: Notice, error: str) -> None:
    if not outbox.try_later(notice, error):
        unreached.flag(notice.about, Way.MAIL, notice.to, Channel.MAIL)
