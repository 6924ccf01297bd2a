"""The part `rules` of `mitoyen run`: declared rules every few seconds behind the journal, rules of code in their time;
agents are told by mail of what is new.

A process of its own, with a thread for each of the two: neither the job worker's long tasks nor a slow detector keep
the declared rules waiting. Several machines may each run it: settling is the same whoever does it.
"""

import json
import logging
import threading
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from mitoyen.history import journal
from mitoyen.operate.alerts import silences, telling
from mitoyen.operate.alerts.detecting import Detectors
from mitoyen.operate.alerts.live import Rules

EVERY_S, TELL_EVERY_S = 2.0, 30.0
TOLD = "rules.json"
logger = logging.getLogger(__name__)


def run_forever(stop: threading.Event | None = None) -> None:
    """Look and settle until `stop` is set. What goes wrong is told in the log, and tried again."""
    stop = stop or threading.Event()
    slow = threading.Thread(target=_detect_forever, args=(stop,), daemon=True, name="detectors")
    slow.start()
    rules = Rules()
    next_telling = 0.0
    while not stop.is_set():
        close_old_connections()
        if monotonic() >= next_telling:
            next_telling = monotonic() + TELL_EVERY_S
            _tell_agents()
        try:
            done = rules.look()
            tell({"at": timezone.now().isoformat(), "behind_s": round(rules.behind_s, 2), "open": done.open})
        except Exception:
            logger.exception("The rules could not be looked at; they begin again.")
            rules = Rules()
            stop.wait(5)
        stop.wait(EVERY_S)
    slow.join(5)


def _tell_agents() -> None:
    try:
        telling.tell(timezone.now())
    except Exception:
        logger.exception("Agents could not be told of the alerts; it is tried again.")


def _detect_forever(stop: threading.Event) -> None:
    detectors = Detectors()
    with journal.for_this_thread():
        try:
            while not stop.is_set():
                close_old_connections()
                try:
                    detectors.run_due()
                except Exception:
                    logger.exception("The rules of code could not be run; they are tried again.")
                stop.wait(EVERY_S)
        finally:
            connection.close()


def tell(said: dict[str, Any]) -> None:
    """Leave word of the last look, for the desk and for whoever watches the installation."""
    file = settings.MITOYEN_HOME / TOLD
    half = file.with_suffix(".tmp")
    half.write_text(json.dumps(said), encoding="utf-8")
    half.replace(file)


def told() -> dict[str, Any]:
    """What was told last: when, how many seconds a look took; empty when the rules never ran here."""
    try:
        said: dict[str, Any] = json.loads((settings.MITOYEN_HOME / TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said


def look_once() -> None:
    """Every rule once, now: the declared ones over the last day, those of code over what they look back; silences."""
    rules = Rules()
    rules.look()
    Detectors().run_due()
    silences.look(timezone.now())
