"""What these tests share: a device that is registered, and messages of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from mitoyen.connect.devices import health
from mitoyen.connect.devices.models import DeviceModel, Field, Registration
from mitoyen.connect.uplinks import days, decoding, encodings, taking
from mitoyen.connect.uplinks.mapping import register
from mitoyen.connect.uplinks.messages import Message
from mitoyen.history import journal, journal_sqlite
from mitoyen.territory.models import Commune, Deployment, Device, Thing
from tests.connect.uplinks.samples import EUI, content
from tests.installation import Installation

NOON = 1_780_000_000_000_000
SECOND = 1_000_000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    """Nothing is remembered from one test to the next."""
    forget()
    yield
    forget()
    decoding.close()


@pytest.fixture(scope="session")
def shared_installation(tmp_path_factory) -> Installation:
    """One for all tests of the commands: each has devices of its own."""
    made = Installation(tmp_path_factory.mktemp("uplinks") / "installation")
    made.run("init")
    return made


def forget() -> None:
    register.forget()
    taking.forget()
    encodings.forget()
    days.close_all()
    journal_sqlite.close_all()
    health._gathered.taken()


@dataclass
class Site:
    """A room with a sensor: temperature is mapped; `field` confirms another one."""

    model: DeviceModel
    device: Device
    thing: Thing
    registration: Registration

    def field(self, path: str, observed: str = "", unit: str = "Cel", **more: Any) -> Field:
        given = {"observed_property": observed or path, "unit": unit, "confirmed_by": "camille", **more}
        made, _new = Field.objects.update_or_create(model=self.model, path=path, defaults=given)
        register.forget()
        return made

    def deploy(self, observed: str, starts: datetime = LONG_AGO, ends: datetime | None = None) -> Deployment:
        register.forget()
        return Deployment.objects.create(
            device=self.device, thing=self.thing, observed_property=observed, starts=starts, ends=ends
        )


@pytest.fixture
def site(db, home) -> Site:
    commune = Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)
    thing = Thing.objects.create(slug="salle", name="Salle", kind="room", commune=commune)
    return make_site(thing, EUI)


def make_site(thing: Thing, address: str) -> Site:
    model, _new = DeviceModel.objects.get_or_create(slug="maker-th1", defaults={"maker": "Maker", "name": "TH1"})
    device = Device.objects.create(serial=address)
    registration = Registration.objects.create(device=device, address=address, model=model)
    made = Site(model, device, thing, registration)
    made.field("temperature")
    made.deploy("temperature")
    return made


def message(counter: int | None = 1, at: int = NOON, *, received: int | None = None, **more: Any) -> Message:
    """A plain message of the site's device; `at` is its own time, left out when None."""
    body: dict[str, Any] = {"device": EUI, "data": {"temperature": 20.0}, "port": 2, **more}
    if counter is not None:
        body["counter"] = counter
    if at:
        body["time"] = at
    body = {name: value for name, value in body.items() if value is not None}
    return Message("plain", content(body), received if received is not None else (at or NOON) + SECOND, "mqtt", "t")


def stored() -> list[tuple[int, float]]:
    """(time, value) of all that the journal holds, by time."""
    columns = journal.rows_between(-(1 << 62), 1 << 62)
    return list(zip(columns["time"].tolist(), columns["value"].tolist(), strict=True))


Maker = Callable[..., Message]
