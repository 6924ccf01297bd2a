"""The territory's daily task: forget what is no longer needed about people."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.core.management import call_command
from django.utils import timezone

from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job

FAILED_SIGN_INS_KEPT = timedelta(days=7)


@jobs.task("forget_sign_ins")
def forget_sign_ins(job: Job) -> dict[str, Any]:
    """Remove sessions that are over, and failed sign-ins (address, network address) older than a week."""
    call_command("clearsessions", verbosity=0)
    before = timezone.now() - FAILED_SIGN_INS_KEPT
    removed, _by_model = AccessAttempt.objects.filter(attempt_time__lt=before).delete()
    return {"failed_sign_ins_removed": removed}


jobs.daily("forget_sign_ins", 2)
