"""Daily work of this room: personal data erased at their term, what is no longer needed forgotten, how each channel
serves measured anew."""

from typing import Any

from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
from mitoyen.services import photos, throttle
from mitoyen.services.erasing import acts, parts
from mitoyen.services.models import Support
from mitoyen.services.parity import keeping
from mitoyen.services.timeline import ENDED


@jobs.task("measure_parity")
def measure_parity(_job: Job) -> dict[str, Any]:
    """Done again the same day, it replaces that day's."""
    return {"services": len(keeping.keep()["services"])}


@jobs.task("erase_due")
def erase_due(_job: Job) -> dict[str, Any]:
    """Done again, nothing is left to do."""
    done = acts.erase_due("mitoyen run")
    return {"requests": done.requests, **done.counts}


@jobs.task("forget_unneeded")
def forget_unneeded(_job: Job) -> dict[str, Any]:
    """Who tried what, photos of forms that were never handed in, whom announcements reached long ago, who
    supported what ended."""
    parts.discover()
    supports = Support.objects.filter(request__state__in=ENDED)
    return {
        "tries": throttle.forget_old(),
        "photos": photos.forget_unclaimed(),
        "notices": parts.forget_old_notices(),
        "supports": parts.forget_supporters(supports),
    }


jobs.daily("erase_due", 4)
jobs.daily("forget_unneeded", 4)
jobs.daily("measure_parity", 6)
