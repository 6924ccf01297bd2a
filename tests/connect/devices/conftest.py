"""What the tests of devices share: a register of some lamps' controllers."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mitoyen.connect.devices.models import DeviceModel, Registration
from mitoyen.territory.models import Commune, Device, Thing

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
S = 1_000_000


def us(moment: datetime) -> int:
    return round(moment.timestamp() * S)


@pytest.fixture
def model(db) -> DeviceModel:
    return DeviceModel.objects.create(slug="acme-lamp", maker="Acme", name="Lamp")


@pytest.fixture
def registered(model) -> Callable[[int], list[int]]:
    """Makes n registered devices; their numbers."""

    def make(count: int) -> list[int]:
        made = Device.objects.bulk_create(Device(serial=f"LAMP-{i:05}", model="Acme Lamp") for i in range(count))
        Registration.objects.bulk_create(
            Registration(device=device, address=f"70b3d5{i:010x}", model=model) for i, device in enumerate(made)
        )
        return [device.pk for device in made]

    return make


@pytest.fixture
def commune(db) -> Commune:
    return Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)


@pytest.fixture
def lamp(commune) -> Thing:
    return Thing.objects.create(slug="lampe-1", name="Lampe 1", kind="street_lamp", commune=commune)
