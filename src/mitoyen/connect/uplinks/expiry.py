"""Every night, frames and unreadable messages that were kept long enough are removed."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from mitoyen.connect.uplinks import days, keeping, quarantine
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job


def kept_since() -> int:
    """What was received before this time (µs) is over its term."""
    return days.now_us() - int(settings.MITOYEN["frames_kept_days"]) * days.DAY_US


@jobs.task("forget_frames")
def forget_frames(job: Job) -> dict[str, Any]:
    """Remove what came in before the time that frames are kept for. Done again, it changes nothing."""
    kept_for = timedelta(days=int(settings.MITOYEN["frames_kept_days"]))
    return {"frames": keeping.forget(kept_since()), "messages": quarantine.forget(timezone.now() - kept_for)}


jobs.daily("forget_frames", 3)
