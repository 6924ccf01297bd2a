"""`mitoyen run mail`: takes mails in and hands notices over, until stopped."""

import asyncio
import signal
import threading

from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.channels.mail import listening, sending
from mitoyen.ledger.refusal import Refused


def is_wanted() -> bool:
    """Whether this installation speaks mail at all."""
    return bool(settings.MITOYEN["mail_listen"] or settings.MITOYEN["mail_host"])


def run_forever() -> None:
    """Raises Refused when nothing is set, or something is set wrongly."""
    if not is_wanted():
        raise Refused(
            _("This installation speaks no mail."), _("Set mail_listen, mail_host and mail_from (docs/mail.md).")
        )
    if "@" not in str(settings.MITOYEN["mail_from"]):
        raise Refused(_("mail_from is no mail address."), _("Write, for example: demande@mairie.example"))
    stop = threading.Event()
    sender = threading.Thread(target=sending.send_forever, args=(stop,), name="mail-out")
    if settings.MITOYEN["mail_host"]:
        sender.start()
    try:
        asyncio.run(_listen())
    finally:
        stop.set()
        if sender.ident is not None:
            sender.join()


async def _listen() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    where = str(settings.MITOYEN["mail_listen"])
    if not where:
        await stop.wait()
        return
    try:
        host, port = listening.address_of(where)
    except ValueError as error:
        raise Refused(
            _("mail_listen can’t be used: %(value)s.") % {"value": where},
            _("Write host:port, for example 127.0.0.1:2525."),
        ) from error
    await listening.listen(host, port, stop)
