"""Work behind the page: reading scans, and destroying them at their term."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from mitoyen.channels.paper import intake
from mitoyen.channels.paper.enums import FormState
from mitoyen.channels.paper.models import Scan, Sheet
from mitoyen.ledger import audit, jobs
from mitoyen.ledger.models import Job

READ = "paper.read"
KEPT = timedelta(days=30)
"""Pictures of handed-in and set-aside forms stay so long, in case something was typed wrong."""


@jobs.task(READ)
def read_scan(job: Job, scan: int) -> dict[str, Any]:
    """Read a dropped file. Safe to run again: it is read once."""
    found = Scan.objects.get(pk=scan)
    with translation.override(settings.LANGUAGE_CODE):
        intake.read(found, lambda done, total: jobs.job_progress(job, done, total))
    return {"pages": found.pages, "unread": len(found.unread)}


@jobs.task("paper.tidy")
def tidy(job: Job) -> dict[str, Any]:
    """Destroy the pictures of forms that ended a month ago, and files that could never be read."""
    limit = timezone.now() - KEPT
    for scan in Scan.objects.filter(at__lt=limit).exclude(path=""):
        scan.file.unlink(missing_ok=True)
        scan.path, scan.unread = (
            "",
            [{"page": 0, "code": "given_up", "why": _("It could not be read, and is destroyed.")}],
        )
        scan.save(update_fields=["path", "unread"])
    ended = Sheet.objects.filter(form__ended_at__lt=limit).exclude(form__state=FormState.WAITING)
    due = list(ended.exclude(picture=""))
    for sheet in due:
        intake.forget(sheet)
    if due:
        audit.record("mitoyen run", "paper.erased", "scans", count=len(due))
    return {"erased": len(due)}


jobs.daily("paper.tidy", 3)
