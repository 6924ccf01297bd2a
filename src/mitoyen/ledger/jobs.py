"""Work done behind a page: a small queue in the state database.

A worker takes a job under a lease and renews it from a thread of its own. When the worker is killed the lease runs out
and another hands the job out again, so every task must be idempotent. A task is a function registered with `task`;
a worker knows those of each room's `tasks.py`.
"""

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _

from mitoyen.ledger.enums import JobState
from mitoyen.ledger.models import Job
from mitoyen.ledger.refusal import Refused

LEASE = timedelta(seconds=30)
BEAT_S = 5.0
MAX_ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=10)
KEPT_FOR = timedelta(days=90)
GROUNDS_KEPT = 1000

Function = Callable[..., dict[str, Any] | None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Regular:
    """Once a day from an hour on, or (hour None) once an hour."""

    kind: str
    hour: int | None
    arguments: dict[str, Any] = field(default_factory=dict)

    def due(self, local: datetime) -> str:
        """What tells this time from the others; empty when its hour has not come."""
        if self.hour is None:
            return local.strftime("%Y-%m-%dT%H%z")
        return local.date().isoformat() if local.hour >= self.hour else ""


_tasks: dict[str, Function] = {}
_regulars: list[_Regular] = []
_discovered = threading.Event()


def task(kind: str) -> Callable[[Function], Function]:
    """Register `function(job, **arguments) -> dict` for jobs of this kind. Make it idempotent: it may run again."""

    def register(function: Function) -> Function:
        _tasks[kind] = function
        return function

    return register


def daily(kind: str, hour: int, **arguments: Any) -> None:
    """Have the worker enqueue `kind` once a day, at `hour` o'clock of the installation's time zone or soon after."""
    _register(_Regular(kind, hour, arguments))


def hourly(kind: str, **arguments: Any) -> None:
    """Have the worker enqueue `kind` once an hour."""
    _register(_Regular(kind, None, arguments))


def _register(entry: _Regular) -> None:
    if entry not in _regulars:
        _regulars.append(entry)


def enqueue(kind: str, asked_by: str, **arguments: Any) -> Job:
    """Ask for a job; `arguments` must be JSON-able. It runs once the caller's transaction is committed."""
    return Job.objects.create(kind=kind, asked_by=asked_by, arguments=arguments)


def enqueue_once(kind: str, key: str, asked_by: str, **arguments: Any) -> Job:
    """Ask for a job unless one with this key was asked before; returns that one then."""
    job, _created = Job.objects.get_or_create(
        key=f"{kind}:{key}", defaults={"kind": kind, "asked_by": asked_by, "arguments": arguments}
    )
    return job


def job_progress(job: Job, done: int, total: int = 0, message: str = "") -> None:
    """Tell whoever waits how far it is; written at most four times a second."""
    now = monotonic()
    job.done, job.total, job.message = done, total, message
    if done < total and now - getattr(job, "_told_at", 0.0) < 0.25:
        return
    job._told_at = now  # type: ignore[attr-defined]
    Job.objects.filter(pk=job.pk, attempts=job.attempts).update(done=done, total=total, message=message)


def work_once() -> bool:
    """Take the oldest job that is due and run it to its end; False when there is none."""
    _discover()
    _give_up_on_the_hopeless()
    job = _take()
    if job is None:
        return False
    _run(job)
    return True


def work_forever(stop: threading.Event | None = None, poll_s: float = 1.0) -> None:
    """Run jobs as they come, and the daily ones at their hour, until `stop` is set."""
    stop = stop or threading.Event()
    next_look = 0.0
    while not stop.is_set():
        close_old_connections()
        try:
            if monotonic() >= next_look:
                _discover()
                enqueue_due(timezone.now())
                next_look = monotonic() + 30
            if not work_once():
                stop.wait(poll_s)
        except DatabaseError:
            # The database is away or busy: the worker outlives it.
            logger.exception("The job worker could not reach the database; it tries again.")
            stop.wait(5)


def enqueue_due(now: datetime) -> list[Job]:
    """Enqueue the regular tasks whose hour has come and that were not asked for yet."""
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    due = [(entry, at) for entry in _regulars if (at := entry.due(local))]
    return [enqueue_once(entry.kind, at, "mitoyen run", **entry.arguments) for entry, at in due]


def forget_old_jobs(job: Job) -> dict[str, Any]:
    """Remove the jobs that ended more than 90 days ago: they name who asked."""
    removed, _by_model = Job.objects.filter(ended_at__lt=timezone.now() - KEPT_FOR).delete()
    return {"removed": removed}


def _take() -> Job | None:
    """Claim a job: the update names the attempt it saw, so that of two workers one wins. No lock is held."""
    while True:
        now = timezone.now()
        waiting = Q(state=JobState.QUEUED) & (Q(lease_until=None) | Q(lease_until__lte=now))
        abandoned = Q(state=JobState.RUNNING, lease_until__lte=now)
        job = Job.objects.filter(waiting | abandoned, kind__in=_tasks).order_by("asked_at").first()
        if job is None:
            return None
        seen = Job.objects.filter(pk=job.pk, attempts=job.attempts, state=job.state, lease_until=job.lease_until)
        if seen.update(state=JobState.RUNNING, attempts=F("attempts") + 1, lease_until=now + LEASE):
            job.refresh_from_db()
            return job


def _run(job: Job) -> None:
    with _Heartbeat(job):
        try:
            result = _tasks[job.kind](job, **job.arguments)
        except Refused as refusal:
            _end(job, JobState.FAILED, _refusal_result(refusal), str(refusal))
        except Exception as error:
            logger.exception("Job %s (%s) failed at attempt %s.", job.pk, job.kind, job.attempts)
            _retry_or_fail(job, error)
        except BaseException:
            # The worker is told to stop: the job goes back at once, and this attempt doesn't count.
            _mine(job).update(state=JobState.QUEUED, lease_until=None, attempts=F("attempts") - 1)
            raise
        else:
            _end(job, JobState.DONE, result or {}, job.message)


def _end(job: Job, state: JobState, result: dict[str, Any], message: str) -> None:
    ended = {"state": state, "result": result, "message": message, "ended_at": timezone.now(), "lease_until": None}
    if not _mine(job).update(done=job.done, total=job.total, **ended):
        logger.warning("Job %s was handed out again meanwhile: this attempt's result is left out.", job.pk)


def _retry_or_fail(job: Job, error: Exception) -> None:
    result = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()[-2000:]}
    if job.attempts < MAX_ATTEMPTS:
        wait = timezone.now() + RETRY_AFTER * job.attempts
        _mine(job).update(state=JobState.QUEUED, lease_until=wait, result=result)
    else:
        _end(job, JobState.FAILED, result, _("This did not work after %(n)s attempts.") % {"n": job.attempts})


def _give_up_on_the_hopeless() -> None:
    """A job whose worker died at each attempt is not handed out for ever."""
    dead = Job.objects.filter(state=JobState.RUNNING, lease_until__lte=timezone.now(), attempts__gte=MAX_ATTEMPTS)
    if dead.exists():
        message = _("Its worker stopped in the middle %(n)s times.") % {"n": MAX_ATTEMPTS}
        dead.update(state=JobState.FAILED, message=message, ended_at=timezone.now(), lease_until=None)


def _mine(job: Job) -> Any:
    """The job as long as this attempt holds it: the number of the attempt fences off a worker that came back late."""
    return Job.objects.filter(pk=job.pk, attempts=job.attempts, state=JobState.RUNNING)


def _refusal_result(refusal: Refused) -> dict[str, Any]:
    grounds = [{"code": g.code, "line": g.line, "reason": g.message} for g in refusal.grounds[:GROUNDS_KEPT]]
    said = {"refused": refusal.code, "message": refusal.message, "next_step": refusal.next_step}
    return {**said, "grounds": grounds, "grounds_count": len(refusal.grounds)}


class _Heartbeat:
    """Renews the lease from a thread with a database connection of its own, as long as the job runs."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._beat, daemon=True, name=f"lease-{job.pk}")

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        self.thread.join()

    def _beat(self) -> None:
        try:
            while not self.stop.wait(BEAT_S):
                try:
                    _mine(self.job).update(lease_until=timezone.now() + LEASE)
                except DatabaseError:
                    logger.warning("The lease of job %s could not be renewed; it is tried again.", self.job.pk)
        finally:
            connection.close()


def _discover() -> None:
    """Load each room's `tasks.py`, once."""
    if _discovered.is_set():
        return
    for room in apps.get_app_configs():
        if room.name.startswith("mitoyen.") and module_has_submodule(room.module, "tasks"):
            import_module(f"{room.name}.tasks")
    _discovered.set()
