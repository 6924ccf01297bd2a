"""Every night, frames and unreadable messages that were kept long enough are removed."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from mitoyen.connect.uplinks import days, keeping, quarantine
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job


@jobs.task("forget_frames")
def forget_frames(job: Job) -> dict[str, Any]:
    """Remove what came in before the time that frames are kept for. Done again, it changes nothing."""
    kept_for = timedelta(days=int(settings.MITOYEN["frames_kept_days"]))
    frames = keeping.forget(days.now_us() - int(kept_for.total_seconds()) * 1_000_000)
    return {"frames": frames, "messages": quarantine.forget(timezone.now() - kept_for)}


jobs.daily("forget_frames", 3)
