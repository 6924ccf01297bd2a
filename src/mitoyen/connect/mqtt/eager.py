"""A socket that is read as far as it goes: what a broker has handed over is ours, even if it dies just then."""

import logging
import socket
import ssl
from typing import Any

READ_AT_ONCE = 256 * 1024
logger = logging.getLogger(__name__)


class Eager:
    """Reads in large pieces (a fifth of the system calls), and lets only reading tell that the link broke.

    paho drops the link, with all that it hasn't read of it, once it can't send; a broker that is killed has told its
    publishers already that it has those messages.
    """

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._read = memoryview(b"")

    def recv(self, size: int) -> bytes:
        if not self._read:
            self._read = memoryview(self._received())
        given, self._read = bytes(self._read[:size]), self._read[size:]
        return given

    def _received(self) -> bytes:
        try:
            return self._inner.recv(READ_AT_ONCE)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            # paho only says that the link broke.
            logger.warning("MQTT: the broker ends the encrypted link: %s.", error.reason or error)
            raise

    def send(self, data: bytes) -> int:
        try:
            return self._inner.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            return len(data)

    def pending(self) -> int:
        """Bytes that are here already: no need to wait for the network."""
        inner: Any = self._inner
        return len(self._read) + (inner.pending() if hasattr(inner, "pending") else 0)

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
