"""A link to an SMSC: bound as transceiver over TCP, kept alive, closed when it doesn't answer.

One thread only: whoever holds the link calls `receive` in a loop, and it answers what needs no thought by itself.
"""

import select
import socket
from collections import deque
from time import monotonic

from mitoyen.channels.sms import pdu
from mitoyen.channels.sms.pdu import Garbled, Pdu, Stream, Value

CONNECT_S = 10.0
ANSWER_S = 30.0
IDLE_S = 30.0
VERSION_3_4 = 0x34
LAST_SEQUENCE = 0x7FFF_FFFF
AT_ONCE = 65_536


class LinkLost(OSError):
    """The link ended, or the SMSC refused it; what was in flight has no answer."""


class Link:
    """Raises LinkLost from every method when the link is no more."""

    def __init__(self, host: str, port: int, *, idle_s: float = IDLE_S, answer_s: float = ANSWER_S) -> None:
        self.idle_s, self.answer_s = idle_s, answer_s
        self._sequence = 0
        self._stream = Stream()
        self._came: deque[Pdu] = deque()
        self._heard = monotonic()
        self._asked_at: float | None = None
        try:
            self._socket = socket.create_connection((host, port), CONNECT_S)
        except OSError as error:
            raise LinkLost(f"{host}:{port} can't be reached: {error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(answer_s)

    def bind(self, user: str, password: str) -> None:
        """Say who we are. Raises LinkLost when the SMSC refuses."""
        fields: dict[str, Value] = {"system_id": user, "password": password, "interface_version": VERSION_3_4}
        try:
            asked = self.send("bind_transceiver", fields)
        except ValueError as error:
            self.drop()
            raise LinkLost(f"sms_user or sms_password can't be sent: {str(error).split(' must')[0]}") from None
        answer = self._wait_for("bind_transceiver_resp", asked)
        if answer is None or answer.status:
            self.drop()
            raise LinkLost(
                "the SMSC does not answer the bind" if answer is None else f"refused with {answer.status:#x}"
            )

    def send(self, command: str, fields: dict[str, Value], more: dict[int, bytes] | None = None) -> int:
        """Send a request; its sequence number. Raises ValueError when a field doesn't fit: nothing is sent then."""
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        self._write(Pdu(command, self._sequence, fields=fields, more=more or {}))
        return self._sequence

    def respond(self, to: Pdu, status: int = pdu.OK) -> None:
        """Answer a request."""
        self._write(Pdu(f"{to.command}_resp", to.sequence, status))

    def receive(self, timeout: float) -> list[Pdu]:
        """What came within `timeout` seconds, oldest first; returns as soon as there is something."""
        self._keep_alive()
        if not self._came:
            self._read(timeout)
        came = [message for message in self._came if not self._is_routine(message)]
        self._came.clear()
        return came

    def unbind(self) -> bool:
        """Say goodbye, wait for the answer for a moment, close; whether the SMSC answered, and so read all before."""
        try:
            return self._wait_for("unbind_resp", self.send("unbind", {}), seconds=2.0) is not None
        except LinkLost:
            return False
        finally:
            self.drop()

    def drop(self) -> None:
        """Close without a word."""
        self._socket.close()

    def _is_routine(self, message: Pdu) -> bool:
        """Answered here; raises LinkLost when the SMSC says goodbye."""
        if message.command == "enquire_link":
            self.respond(message)
        elif message.command == "unbind":
            self.respond(message)
            self.drop()
            raise LinkLost("the SMSC closed the link")
        elif not message.is_known:
            # Responses that we never asked for are let go.
            if not int(message.command, 16) & pdu.RESPONSE:
                self._write(Pdu("generic_nack", message.sequence, pdu.INVALID_COMMAND))
        elif message.command != "enquire_link_resp":
            return False
        return True

    def _wait_for(self, command: str, sequence: int, seconds: float | None = None) -> Pdu | None:
        """The answer to a request; what comes before it stays for `receive`."""
        deadline = monotonic() + (seconds if seconds is not None else self.answer_s)
        while monotonic() < deadline:
            for message in self._came:
                if message.sequence == sequence and message.command in (command, "generic_nack"):
                    self._came.remove(message)
                    return message
            self._read(max(0.0, deadline - monotonic()))
        return None

    def _keep_alive(self) -> None:
        now = monotonic()
        if self._asked_at is not None and now - self._asked_at > self.answer_s:
            self.drop()
            raise LinkLost("the SMSC does not answer any more")
        if self._asked_at is None and now - self._heard > self.idle_s:
            self._asked_at = now
            self.send("enquire_link", {})

    def _read(self, timeout: float) -> None:
        try:
            ready, _writable, _broken = select.select([self._socket], [], [], timeout)
            if not ready:
                return
            octets = self._socket.recv(AT_ONCE)
        except (OSError, ValueError) as error:
            raise LinkLost(f"the link broke: {error}") from error
        if not octets:
            self.drop()
            raise LinkLost("the SMSC closed the link")
        self._heard, self._asked_at = monotonic(), None
        self._take(octets)

    def _take(self, octets: bytes) -> None:
        try:
            for whole in self._stream.feed(octets):
                self._decode(whole)
        except Garbled as error:
            self._write(Pdu("generic_nack", 0, pdu.SYSTEM_ERROR))
            self.drop()
            raise LinkLost(f"the SMSC sends what is no SMPP: {error}") from error

    def _decode(self, whole: bytes) -> None:
        """A message with a wrong field is refused; the next one can still be read."""
        try:
            self._came.append(pdu.decode(whole))
        except Garbled as error:
            if not error.command.endswith("_resp"):
                self._write(Pdu("generic_nack", error.sequence, pdu.INVALID_TLV_STREAM))

    def _write(self, message: Pdu) -> None:
        octets = pdu.encode(message)
        try:
            self._socket.sendall(octets)
        except OSError as error:
            self.drop()
            raise LinkLost(f"the link broke: {error}") from error
