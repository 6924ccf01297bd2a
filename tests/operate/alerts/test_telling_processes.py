"""Several workers look at silences and tell agents at once, one is killed in the middle, on both databases."""

import pytest

from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures

PREPARE = """
import datetime as dt
from mitoyen.connect.devices.models import DeviceModel, Gateway, Health, Registration
from mitoyen.territory.models import Commune, Deployment, Device, Person, Role, Thing
here = Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)
for name in ("lea", "max"):
    Role.objects.create(person=Person.objects.create(email=f"{name}@example.org"), name="operator", commune=here)
model = DeviceModel.objects.create(slug="acme", name="Acme")
now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
for name in ("down", "up"):
    Gateway.objects.create(address=name, last_seen=now)
for n in range(60):
    device = Device.objects.create(serial=f"S{n}")
    lamp = Thing.objects.create(slug=f"l{n}", name=f"L{n}", kind="lamp", commune=here)
    Registration.objects.create(device=device, address=f"{n:016x}", model=model)
    Deployment.objects.create(device=device, thing=lamp, observed_property="power", starts=now - dt.timedelta(days=9))
    ago = dt.timedelta(minutes=24) if n < 30 else dt.timedelta(hours=9) if n == 59 else dt.timedelta(minutes=2)
    gateway = "down" if n < 30 else "up"
    Health.objects.create(device=device, last_seen=now - ago, usual_interval_s=600, gateway=gateway)
"""
WORK = """
import datetime as dt
from django.conf import settings
from mitoyen.operate.alerts import silences, telling
settings.MITOYEN["mail_host"] = "127.0.0.1"
now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
for step in range(8):
    silences.look(now + dt.timedelta(seconds=step))
    telling.tell(now + dt.timedelta(minutes=step))
"""
TELL = """
from mitoyen.ledger.models import Notice
from mitoyen.operate.alerts.models import Alert
print(sorted(Alert.objects.filter(state="open").values_list("rule", "level", "told_level")))
print(sorted(Notice.objects.values_list("to", flat=True)))
print(all("30 capteurs" in one and "S59" in one for one in Notice.objects.values_list("body", flat=True)))
"""


@pytest.mark.long
def test_each_agent_is_told_once_whatever_worker_is_killed(installation):  # noqa: F811
    installation.run(PREPARE)
    killed = installation.start("import os; os.environ['MITOYEN_KILL_AT'] = 'alerts_tell:1'\n" + WORK)
    killed.communicate(timeout=120)
    assert killed.returncode == -9
    workers = [installation.start(WORK) for _ in range(3)]
    for worker in workers:
        _output, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
    alerts, told, bodies = installation.run(TELL).splitlines()
    assert alerts == "[('device_silent', 'warning', 'warning'), ('silent_together', 'warning', 'warning')]"
    assert told == "['lea@example.org', 'max@example.org']"
    assert bodies == "True"
