"""Who is silent, looked at each minute beside the job worker."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import close_old_connections, connection
from django.utils import timezone

EVERY_S = 60.0
logger = logging.getLogger(__name__)


def start(look: Callable[[datetime], object], stop: threading.Event | None = None) -> threading.Thread:
    """A thread of this process that looks until `stop`; what goes wrong is told in the log, tried again."""
    thread = threading.Thread(target=_watch, args=(look, stop or threading.Event()), name="silences", daemon=True)
    thread.start()
    return thread


def _watch(look: Callable[[datetime], object], stop: threading.Event) -> None:
    while not stop.wait(EVERY_S):
        close_old_connections()
        try:
            look(timezone.now())
        except Exception:
            logger.exception("Who is silent could not be looked at; it is tried again.")
    connection.close()
