"""The ledger's daily tasks."""

from typing import Any

from mitoyen.ledger import jobs
from mitoyen.ledger.audit import publish_head
from mitoyen.ledger.models import Job


@jobs.task("publish_head")
def publish(job: Job) -> dict[str, Any]:
    """Publish the audit trail's head."""
    return {"file": publish_head().name}


jobs.task("forget_old_jobs")(jobs.forget_old_jobs)
jobs.daily("publish_head", 0)
jobs.daily("forget_old_jobs", 2)
