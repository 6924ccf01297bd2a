"""The register and the health of devices on each of the two databases: what their SQL has to agree on."""

import pytest

from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures

LIFE = """
import datetime as dt
from pathlib import Path
from tempfile import mkdtemp
from mitoyen.connect.devices import health
from mitoyen.connect.devices.health import Seen
from mitoyen.connect.devices.models import Gateway, Health, Registration
from mitoyen.connect.devices.register import import_devices
from mitoyen.connect.devices.undoing import undo_import
from mitoyen.territory.models import Thing

lamp = Thing.objects.create(slug="lamp", name="Lamp", kind="street_lamp")
file = Path(mkdtemp()) / "devices.csv"
key = "00112233445566778899aabbccddeeff"
file.write_text(f"eui,model,thing,properties,key\\n70b3d50000000001,Acme,lamp,light,{key}\\n70b3d50000000002,Acme,,,\\n")
done = import_devices(file, "a@e.org")
assert (done.added, done.deployments) == (2, 1), done
assert import_devices(file, "a@e.org").unchanged == 2

start = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
def at(n):
    return int((start + dt.timedelta(minutes=10 * n)).timestamp()) * 1_000_000
for n in range(30):
    heard = dict(gateway="gw", rssi=-90.0, longitude=1.0, latitude=2.0)
    health.note([Seen("70b3d50000000001", at(n), n, battery=90.0, **heard)])
    if n % 10 == 9:
        assert health.flush() == 1
row = Health.objects.get()
assert (row.frames, row.usual_interval_s, row.gateway) == (30, 600.0, "gw"), vars(row)
assert row.gaps and row.battery_trail[0][1] == 90.0 and row.silent_with == "" and not row.generated
assert Gateway.objects.get().latitude == 2.0
told = health.silences(start + dt.timedelta(hours=9))
assert [one.device for one in told.alone] == [row.device_id]
row.refresh_from_db()
assert row.silent_since == row.last_seen and row.silent_sure
undone = undo_import(done.number, "a@e.org")
assert undone.removed == 2 and not Registration.objects.exists() and not Health.objects.exists()
print("well")
"""


@pytest.mark.long
def test_registered_heard_silent_and_undone(installation: Installation) -> None:  # noqa: F811
    assert installation.run(LIFE).endswith("well")
