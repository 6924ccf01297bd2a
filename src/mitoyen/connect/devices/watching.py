"""Who is silent, looked at each minute beside the job worker."""

import logging
import threading

from django.db import close_old_connections, connection
from django.utils import timezone

from mitoyen.connect.devices import health

EVERY_S = 60.0
logger = logging.getLogger(__name__)


def start(stop: threading.Event | None = None) -> threading.Thread:
    """A thread of this process that judges silences until `stop`; what goes wrong is told in the log, tried again."""
    thread = threading.Thread(target=_watch, args=(stop or threading.Event(),), name="silences", daemon=True)
    thread.start()
    return thread


def _watch(stop: threading.Event) -> None:
    while not stop.wait(EVERY_S):
        close_old_connections()
        try:
            health.silences(timezone.now())
        except Exception:
            logger.exception("Who is silent could not be looked at; it is tried again.")
    connection.close()
