"""The room's jobs: rollups brought up to a factor that was put right, files that nobody decided on."""

from typing import Any

from mitoyen.connect.devices import factors, waiting
from mitoyen.ledger.jobs import hourly, task
from mitoyen.ledger.models import Job

FORGET = "devices.forget_files"


@task("devices_factor")
def factor(job: Job) -> dict[str, Any]:
    """Done again, it changes nothing."""
    factors.refresh()
    return {}


@task(FORGET)
def forget_files(job: Job) -> dict[str, Any]:
    """Done again, it finds nothing more."""
    return {"forgotten": waiting.forget_old()}


hourly(FORGET)
