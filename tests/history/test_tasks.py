"""What happens by night: the worker seals the days that are over."""

from datetime import UTC, datetime

from django.utils import timezone

from mitoyen.history import journal, read
from mitoyen.history.times import micros
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
from tests.history.conftest import hours


def test_the_nightly_job_seals_what_is_over_and_keeps_today(electricity):
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = [*hours(electricity, datetime(2026, 3, 3, tzinfo=UTC), [1.0, 2.0]), (electricity.pk, today, 0, 7.0, 0)]
    journal.append([(number, micros(time), *rest) for number, time, *rest in rows])
    before = read.readings(electricity)

    jobs.enqueue("seal", "test")
    assert jobs.work_once()

    assert Job.objects.get(kind="seal").state == "done", Job.objects.get(kind="seal").message
    assert "2026-03-03" in Job.objects.get(kind="seal").result["days"]
    assert journal.count() == 1
    after = read.readings(electricity)
    assert (after.time == before.time).all()
    assert (after.value == before.value).all()
