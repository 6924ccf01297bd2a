"""A thread's connection to the state, kept from one group of requests to the next."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import translation

LOOKED_AFTER_S = 1.0
_local = threading.local()


@contextmanager
def looked_after() -> Iterator[None]:
    """Close the connection before, when it broke or is old: seldom, since opening one costs more than a request."""
    if time.monotonic() - getattr(_local, "at", 0.0) > LOOKED_AFTER_S:
        connection.close_if_unusable_or_obsolete()
        _local.at = time.monotonic()
    try:
        # What a request is refused for is in the language of the other answers.
        with translation.override("en"):
            yield
    except Exception:
        # Whatever it was, the next group starts with a connection that was looked after.
        _local.at = 0.0
        raise
