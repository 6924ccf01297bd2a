"""The room's jobs: every night the journal's days that are over go into the archive, and small files together."""

from typing import Any

from mitoyen.history import batches, compaction, rollups, sealing
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job


@jobs.task("seal")
def seal(job: Job) -> dict[str, Any]:
    """Seal, then compact. Done again, it changes nothing."""
    mended = batches.recover()
    sealed = sealing.seal(progress=lambda day, rows: jobs.job_progress(job, rows, rows, day.isoformat()))
    merged = compaction.compact()
    rollups.refresh()
    return {"mended": mended, "days": [str(one.day) for one in sealed], "files": sum(merged.values())}


jobs.daily("seal", 1)
