"""The queue of jobs: each is done once, whoever dies meanwhile."""

import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mitoyen.ledger import jobs
from mitoyen.ledger.enums import JobState
from mitoyen.ledger.models import Job
from mitoyen.ledger.refusal import Ground, Refused
from tests.ledger.conftest import Installation


@pytest.fixture
def tasks(monkeypatch):
    """A registry of this test's own."""
    monkeypatch.setattr(jobs, "_tasks", {})
    monkeypatch.setattr(jobs, "_regulars", [])
    jobs._discovered.set()
    yield
    jobs._discovered.clear()


@pytest.mark.django_db
class TestOneWorker:
    def test_jobs_run_in_the_order_they_were_asked_for_with_their_arguments(self, tasks):
        seen: list[str] = []

        @jobs.task("note")
        def note(job, what):
            seen.append(what)
            return {"noted": what}

        first = jobs.enqueue("note", "agent@example.org", what="a")
        jobs.enqueue("note", "agent@example.org", what="b")
        assert [jobs.work_once(), jobs.work_once(), jobs.work_once()] == [True, True, False]
        assert seen == ["a", "b"]
        first.refresh_from_db()
        assert (first.state, first.result, first.attempts) == (JobState.DONE, {"noted": "a"}, 1)
        assert first.ended_at is not None

    def test_a_job_whose_task_is_not_known_here_waits_for_a_worker_that_knows_it(self, tasks):
        job = jobs.enqueue("unheard-of", "agent@example.org")
        assert not jobs.work_once()
        job.refresh_from_db()
        assert job.state == JobState.QUEUED

    def test_a_refusal_is_told_and_not_tried_again(self, tasks):
        @jobs.task("refuse")
        def refuse(job):
            raise Refused("Line 3 has no date.", "Mend it.", [Ground("no_date", "no date", 3)], "bad_file")

        job = jobs.enqueue("refuse", "agent@example.org")
        assert jobs.work_once()
        assert not jobs.work_once()
        job.refresh_from_db()
        assert (job.state, job.message) == (JobState.FAILED, "Line 3 has no date. Mend it.")
        assert job.result["refused"] == "bad_file"
        assert job.result["grounds"] == [{"code": "no_date", "line": 3, "reason": "no date"}]
        assert job.result["grounds_count"] == 1

    def test_a_refusal_says_how_many_grounds_it_has_where_it_keeps_the_first_only(self, tasks):
        @jobs.task("refuse")
        def refuse(job):
            raise Refused("No line has a date.", "Mend it.", [Ground("no_date", "no date", n) for n in range(1_500)])

        job = jobs.enqueue("refuse", "agent@example.org")
        assert jobs.work_once()
        job.refresh_from_db()
        assert (len(job.result["grounds"]), job.result["grounds_count"]) == (1_000, 1_500)

    def test_a_failure_is_tried_again_later_and_given_up_after_three_attempts(self, tasks, caplog):
        @jobs.task("fail")
        def fail(job):
            raise OSError("disk is full")

        job = jobs.enqueue("fail", "agent@example.org")
        for attempt in (1, 2, 3):
            assert jobs.work_once()
            assert not jobs.work_once(), "it waits before the next attempt"
            job.refresh_from_db()
            assert job.attempts == attempt
            Job.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now())
        assert job.state == JobState.FAILED
        assert job.result["error"] == "OSError: disk is full"
        assert not jobs.work_once()

    def test_progress_is_told_while_it_runs(self, tasks):
        @jobs.task("count")
        def count(job):
            jobs.job_progress(job, 1, 2, "half")
            told.append(Job.objects.values_list("done", "total", "message").get())
            jobs.job_progress(job, 2, 2, "all")
            return {}

        told: list[tuple[int, int, str]] = []
        job = jobs.enqueue("count", "agent@example.org")
        jobs.work_once()
        job.refresh_from_db()
        assert told == [(1, 2, "half")]
        assert (job.done, job.total, job.message) == (2, 2, "all")

    def test_a_worker_told_to_stop_gives_the_job_back_at_once(self, tasks):
        @jobs.task("interrupted")
        def interrupted(job):
            raise KeyboardInterrupt

        job = jobs.enqueue("interrupted", "agent@example.org")
        with pytest.raises(KeyboardInterrupt):
            jobs.work_once()
        job.refresh_from_db()
        assert (job.state, job.attempts, job.lease_until) == (JobState.QUEUED, 0, None)

    def test_a_worker_that_comes_back_late_does_not_overwrite_the_next_ones_result(self, tasks):
        @jobs.task("slow")
        def slow(job):
            if job.attempts == 1:  # Its lease runs out meanwhile, and another worker does the job.
                Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
                assert jobs.work_once()
            return {"attempt": job.attempts}

        job = jobs.enqueue("slow", "agent@example.org")
        jobs.work_once()
        job.refresh_from_db()
        assert (job.state, job.result) == (JobState.DONE, {"attempt": 2})

    def test_a_job_whose_worker_died_each_time_is_given_up(self, tasks):
        jobs.task("deadly")(lambda job: {})
        job = jobs.enqueue("deadly", "agent@example.org")
        past = timezone.now() - timedelta(seconds=1)
        Job.objects.update(state=JobState.RUNNING, attempts=jobs.MAX_ATTEMPTS, lease_until=past)
        assert not jobs.work_once()
        job.refresh_from_db()
        assert job.state == JobState.FAILED
        assert "3" in job.message

    def test_a_daily_task_is_asked_for_once_a_day_from_its_hour_on_paris_time(self, tasks):
        jobs.daily("seal", 2)
        before, after = datetime(2026, 7, 1, 23, 59, tzinfo=UTC), datetime(2026, 7, 2, 0, 1, tzinfo=UTC)
        assert jobs.enqueue_due(before) == []
        jobs.enqueue_due(after)
        jobs.enqueue_due(after + timedelta(hours=9))
        assert Job.objects.count() == 1
        jobs.enqueue_due(after + timedelta(days=1))
        assert Job.objects.count() == 2

    def test_jobs_ended_long_ago_are_forgotten(self, tasks):
        jobs.task("forget")(jobs.forget_old_jobs)
        Job.objects.create(kind="x", state=JobState.DONE, ended_at=timezone.now() - timedelta(days=91))
        kept = Job.objects.create(kind="x", state=JobState.DONE, ended_at=timezone.now() - timedelta(days=89))
        job = jobs.enqueue("forget", "agent@example.org")
        jobs.work_once()
        assert set(Job.objects.all()) == {kept, job}


WORKER = """
import os, time
from datetime import timedelta
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
jobs.LEASE, jobs.BEAT_S = timedelta(seconds={lease}), {beat}

@jobs.task("slow")
def slow(job, seconds):
    with open("started", "a") as file:
        file.write(f"{{job.attempts}}\\n")
    time.sleep(seconds)
    return {{"by": os.getpid()}}

jobs.work_forever()
"""
ASK = "from mitoyen.ledger import jobs; print(jobs.enqueue('slow', 'agent@example.org', seconds={seconds}).pk)"
LOOK = """
from mitoyen.ledger.models import Job
job = Job.objects.get(kind="slow")
print(job.state, job.attempts, job.result)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """True as soon as `condition()` holds, False when it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class TestKilledWorkers:
    def attempts(self, installation: Installation) -> list[str]:
        file = installation.home / "started"
        return file.read_text().split() if file.exists() else []

    def test_a_killed_workers_job_is_handed_out_again(self, installation):
        installation.run(ASK.format(seconds=2))
        first = installation.start(WORKER.format(lease=1.5, beat=0.3))
        assert wait_for(lambda: self.attempts(installation) == ["1"])
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        second = installation.start(WORKER.format(lease=1.5, beat=0.3))
        try:
            assert wait_for(lambda: installation.run(LOOK).startswith("done"))
            assert installation.run(LOOK) == f"done 2 {{'by': {second.pid}}}"
            assert self.attempts(installation) == ["1", "2"]
        finally:
            second.kill()
            second.communicate()

    def test_a_job_longer_than_its_lease_is_not_handed_to_a_second_worker(self, installation):
        workers = [installation.start(WORKER.format(lease=1.5, beat=0.3)) for _ in range(2)]
        try:
            installation.run(ASK.format(seconds=4))
            assert wait_for(lambda: installation.run(LOOK).startswith("done"))
            assert self.attempts(installation) == ["1"]
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
