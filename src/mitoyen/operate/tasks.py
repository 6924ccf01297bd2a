"""Daily work of this room: look again for findings, and sum the years anew."""

from typing import Any

from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
from mitoyen.operate import comparison, findings, showing


@jobs.task("find")
def find(job: Job) -> dict[str, Any]:
    """Run every rule on every meter."""
    years = comparison.refresh()
    summary = findings.refresh(lambda done, total: jobs.job_progress(job, done, total))
    return {"open": summary.open, "new": summary.new, "closed": summary.closed, "years": years}


@jobs.task("show")
def show(job: Job) -> dict[str, Any]:
    """Make anew what usages show of communes."""
    return {"made": showing.refresh()}


jobs.daily("find", 5)
jobs.daily("show", 5)
