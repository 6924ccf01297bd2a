"""The door for mail: speaks SMTP and LMTP on one port, and says 250 only once a mail is committed.

It stands behind a mail server of one's own, which checks who sends (SPF, DKIM, spam) and keeps what we can't take yet.
"""

import asyncio
import logging
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from django.db import DatabaseError, close_old_connections

from mitoyen.channels.mail import addresses
from mitoyen.channels.mail.incoming import Harmful
from mitoyen.channels.mail.taking import Busy, take_in

LARGEST_MAIL = 25 * 1024 * 1024
# What one mail may send before it is cut off: aiosmtpd reads to the end, however late that comes.
LARGEST_STREAM = 2 * LARGEST_MAIL
LONGEST_LINE = 64 * 1024
MOST_CONNECTIONS = 50
MOST_WAITING = 20
TIMEOUT_S = 60.0
logger = logging.getLogger(__name__)


class Conversation(SMTP):
    """One connection. One recipient a mail: a second one is asked to come again, as both protocols foresee."""

    line_length_limit = LONGEST_LINE
    open_now = 0

    def __init__(self, handler: "Handler", **more: Any) -> None:
        super().__init__(
            handler,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            ident="Mitoyen",
            timeout=TIMEOUT_S,
            hostname=addresses.domain(),
            **more,
        )
        self.streamed = 0

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        """LMTP's greeting (RFC 2033)."""
        await self.smtp_EHLO(arg)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Conversation.open_now += 1
        if Conversation.open_now > MOST_CONNECTIONS and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 Too many connections, come again.\r\n")
            transport.close()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        Conversation.open_now -= 1
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self.streamed += len(data)
        if self.streamed > LARGEST_STREAM and isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
            return
        super().data_received(data)

    def _set_post_data_state(self) -> None:
        self.streamed = 0
        super()._set_post_data_state()  # type: ignore[no-untyped-call]


class Handler:
    """What aiosmtpd calls: who may be written to, and what becomes of a mail."""

    def __init__(self) -> None:
        # One writer: SQLite has one anyway, and a slow mail must not take every thread.
        self.threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")
        self.waiting = 0

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Only our own addresses, with a true signature: this is no relay."""
        if addresses.read(address) is None:
            return "550 5.1.1 There is no such address here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Yes"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """250 after the commit; 4xx keeps the mail where it comes from; 5xx gives it back."""
        if self.waiting >= MOST_WAITING:
            return "451 4.3.2 Busy, come again"
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self.threads, _take, envelope.original_content, envelope.rcpt_tos[0], envelope.mail_from
            )
        finally:
            self.waiting -= 1


def _take(content: bytes | None, recipient: str, envelope_from: str | None) -> str:
    close_old_connections()
    try:
        outcome = take_in(content or b"", recipient, envelope_from or "")
    except Harmful as harm:
        logger.warning("A mail was refused: %s.", harm)
        return f"554 5.6.0 Not taken: {harm}"
    except Busy:
        return "450 4.7.1 Too many mails from this sender, come again"
    except DatabaseError:
        logger.exception("A mail could not be kept; its server tries again.")
        return "451 4.3.0 It can't be kept now, come again"
    except OSError:
        logger.exception("A mail could not be written; its server tries again.")
        return "452 4.3.1 No room for it now, come again"
    except Exception:
        # A fault of ours: the mail stays where it comes from, which gives it back after some days if we don't mend it.
        logger.exception("A mail could not be taken; its server tries again.")
        return "451 4.3.0 It can't be taken now, come again"
    return f"250 2.0.0 Taken: {outcome}"


def address_of(text: str) -> tuple[str, int]:
    """`host:port` of the setting. Raises ValueError."""
    host, _colon, port = text.strip().rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


async def listen(host: str, port: int, stop: asyncio.Event, tls: ssl.SSLContext | None = None) -> None:
    """Take mails in until `stop` is set."""
    handler = Handler()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(handler, loop=loop, tls_context=tls), host, port)
    async with server:
        await stop.wait()
    handler.threads.shutdown(wait=True)
