"""Several workers settle the same readings, and are killed in the middle, on both databases."""

from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures

PREPARE = """
from mitoyen.territory.models import Thing
Thing.objects.bulk_create(Thing(slug=f"l-{n}", name=str(n), kind="lamp") for n in range(40))
"""
WORK = """
import datetime as dt
import random
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts.keeping import settle
from mitoyen.operate.detect import Sighting
from mitoyen.territory.models import Thing
rule = AlertRule(name="out", method="missing", properties=["power"])
start = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
things = list(Thing.objects.order_by("pk").values_list("pk", flat=True))
for step in range(6):
    now = start + dt.timedelta(minutes=step)
    out = [t for i, t in enumerate(things) if (i + step) % 3]
    for _ in range(2):
        settle("streets", rule, [Sighting(t, start, now) for t in out], things, now)
"""
TELL = """
from django.db.models import Count
from mitoyen.operate.alerts.models import Alert
live = list(Alert.objects.filter(state="open").values_list("key", flat=True))
print(len(live), len(set(live)), Alert.objects.filter(state="closed", closed_at=None).count())
print(Alert.objects.count())
"""


def test_workers_at_once_and_killed_ones_leave_what_one_alone_would_have_left(installation):  # noqa: F811
    installation.run(PREPARE)
    kill = "import os; os.environ['MITOYEN_KILL_AT'] = 'alerts_settle:{}'\n"
    killed = [installation.start(kill.format(at) + WORK) for at in (1, 4)]
    workers = [installation.start(WORK) for _ in range(2)]
    for worker in (*killed, *workers):
        _output, errors = worker.communicate(timeout=120)
        assert worker.returncode == (-9 if worker in killed else 0), errors
    live, total = installation.run(TELL).splitlines()
    assert live == "27 27 0", "in the last step, 27 of 40 lamps are out"
    # Each lamp is well in every third step. Alone, a worker opens an alert for each run of steps between: within six
    # steps, two for 27 of them, three for the 13 that begin and end with one.
    assert int(total) == 27 * 2 + 13 * 3
