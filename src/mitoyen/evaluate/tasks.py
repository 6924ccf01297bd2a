"""The room's jobs: the account worked out anew, when asked for and every night."""

from typing import Any

from mitoyen.evaluate.savings import evaluate_territory
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job


@jobs.task("evaluate_territory")
def evaluate(job: Job) -> dict[str, Any]:
    """Every meter and every sum. Done again, it changes nothing."""

    def tell(done: int, total: int, message: str) -> None:
        jobs.job_progress(job, done, total, message)

    return {"meters": evaluate_territory(tell, by=job.asked_by)}


jobs.daily("evaluate_territory", 4)
