"""Files that nobody came back to: removed after a month, and what a broken sending left after a day."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from mitoyen.channels.paper.models import Scan
from mitoyen.connect.models import Upload
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job
from mitoyen.www.desk import uploads
from mitoyen.www.desk.receiving import folder

KEPT = timedelta(days=30)
BROKEN_KEPT = timedelta(days=1)


@jobs.task("desk.tidy")
def tidy(job: Job) -> dict[str, Any]:
    """Give up uploads that waited a month, and remove files of staging that belong to no upload."""
    now = timezone.now()
    forgotten = [u for u in Upload.objects.exclude(path="").filter(at__lt=now - KEPT) if not uploads.stage_of(u).moves]
    for upload in forgotten:
        uploads.forget_file(upload)
        upload.report = {**upload.report, "given_up": True}
        upload.save(update_fields=["path", "report"])
    known = {upload.file.name for upload in Upload.objects.exclude(path="")}
    known |= {scan.file.name for scan in Scan.objects.exclude(path="")}
    limit = (now - BROKEN_KEPT).timestamp()
    orphans = [f for f in folder().glob("upload-*") if f.name not in known and f.stat().st_mtime < limit]
    for file in orphans:
        file.unlink(missing_ok=True)
    return {"given_up": len(forgotten), "removed": len(orphans)}


jobs.daily("desk.tidy", 3)
