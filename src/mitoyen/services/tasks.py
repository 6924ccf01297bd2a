"""Daily work of this room: how each channel serves, measured anew."""

from typing import Any

from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
from mitoyen.services.parity import keeping


@jobs.task("measure_parity")
def measure_parity(_job: Job) -> dict[str, Any]:
    """Done again the same day, it replaces that day's."""
    return {"services": len(keeping.keep()["services"])}


jobs.daily("measure_parity", 6)
