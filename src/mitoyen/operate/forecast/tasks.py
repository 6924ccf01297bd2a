"""Each hour: the forecasts of what was read since."""

from typing import Any

from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
from mitoyen.operate.forecast import forecasting


@jobs.task("forecast")
def forecast(job: Job) -> dict[str, Any]:
    """Make the forecasts that are due, within twenty minutes."""
    summary = forecasting.refresh(progress=lambda done, total: jobs.job_progress(job, done, total))
    return {"made": summary.made, "none": summary.none, "left": summary.left}


jobs.hourly("forecast")
