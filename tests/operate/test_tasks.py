"""The nightly look: a job like any other, run by the worker and safe to run again."""

import numpy as np

from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
from tests.operate.conftest import FIRST


def test_the_worker_looks_for_findings_and_says_what_it_found(water, tell):
    tell(water, FIRST, np.full(24 * 40, 0.1))
    asked = [jobs.enqueue("find", "someone@example.org") for _ in range(2)]
    assert jobs.work_once()
    assert jobs.work_once()
    first, second = (Job.objects.get(pk=job.pk) for job in asked)
    assert (first.state, first.result) == ("done", {"open": 1, "new": 1, "closed": 0, "years": 0})
    assert second.result["new"] == 0
