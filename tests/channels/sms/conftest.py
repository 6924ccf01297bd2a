"""What the tests of SMS share: a real message centre, and the channel's process bound to it."""

import time
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from mitoyen.channels.sms.link import Link
from mitoyen.channels.sms.running import Served
from tests.channels.sms import message_centre
from tests.channels.sms.message_centre import MessageCentre
from tests.services.conftest import communes

__all__ = ("communes",)

MARIE = "33612345678"


@pytest.fixture(scope="module")
def centre_of_all(tmp_path_factory):
    with message_centre.running(tmp_path_factory.mktemp("smsc")) as found:
        yield found


@pytest.fixture
def centre(centre_of_all):
    centre_of_all.reset()
    return centre_of_all


@dataclass
class Bound:
    """The channel bound to a message centre, a round at a time."""

    centre: MessageCentre
    served: Served

    def until(self, done, seconds=20):
        """Go on until `done()`; its value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.served.round()
            found = done()
            if found:
                return found
        raise AssertionError(f"not within {seconds} s; the message centre has {self.centre.taken()[-3:]}")

    def say(self, text, number=MARIE):
        """Someone writes; what is sent back to them, parts joined."""
        before = len(self._to(number))
        self.centre.deliver(number, text)
        return self.until(lambda: self._answer(number, before))

    def leave(self):
        """The link ends without a word, as when the process is killed."""
        self.served.link.drop()

    def settle(self, seconds=0.6):
        """A moment in which nothing is waited for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.served.round()

    def _to(self, number):
        return [taken for taken in self.centre.taken() if taken["to"] == number]

    def _answer(self, number, before):
        parts = self._to(number)[before:]
        if not parts:
            return None
        total = int(parts[0]["udh"][0][6:8], 16) if parts[0]["udh"] else 1
        return "".join(part["text"] for part in parts[:total]) if len(parts) >= total else None


@contextmanager
def binding(centre, listen_first=0.0):
    """The channel bound to a message centre, until the end of the block."""
    link = Link("127.0.0.1", centre.port)
    try:
        link.bind("mitoyen", "secret")
        served = Served(link)
        served._may_send_from = time.monotonic() + listen_first
        yield Bound(centre, served)
    finally:
        link.drop()


@contextmanager
def bound_to(folder, **options):
    """The channel bound to a message centre of its own."""
    with message_centre.running(folder, **options) as centre, binding(centre) as bound:
        yield bound


@pytest.fixture
def sms_settings(settings):
    settings.MITOYEN = {
        **settings.MITOYEN,
        "sms_source": "38000",
        "sms_per_second": 500,
        "sms_doubt_seconds": 1,
        "contact_phone": "02 41 05 50 00",
    }
    return settings.MITOYEN


@pytest.fixture
def bound(centre, sms_settings, db, home):
    with binding(centre) as made:
        yield made
