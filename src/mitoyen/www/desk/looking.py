"""Reading a dropped file and bringing it in: at once when small and plain, as a job when large or packed."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from mitoyen.connect.analysis import Progress, no_progress
from mitoyen.connect.errors import ImportRefused
from mitoyen.connect.imports import examine
from mitoyen.connect.mappings import kept
from mitoyen.connect.models import Mapping, Upload
from mitoyen.connect.tasks import import_upload, options_of
from mitoyen.ledger.jobs import enqueue, job_progress, task
from mitoyen.ledger.models import Job
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Thing
from mitoyen.www.desk import recompute, uploads
from mitoyen.www.desk.uploads import EXAMINE, IMPORT

REFUSED_SHOWN = 100


def look(upload: Upload) -> None:
    """Have the file read: now, or behind the page when that may take long."""
    upload.report, upload.job = {}, None
    if uploads.takes_long(upload):
        upload.job = enqueue(EXAMINE, upload.by, upload=upload.pk)
        upload.save(update_fields=["report", "job"])
    else:
        look_now(upload)


def look_now(upload: Upload, progress: Progress = no_progress) -> None:
    """Read the file and keep what was found; a refusal is a finding like another."""
    try:
        seen = examine(upload.file, options_of(upload), progress)
        upload.report = {**seen.to_json(), "signature": seen.proposal.signature}
    except ImportRefused as refusal:
        upload.report = refusal.report.to_json() if refusal.report else _refused(refusal)
    except Refused as refusal:
        upload.report = _refused(refusal)
    upload.save(update_fields=["report", "job"])


def bring_in(upload: Upload, asked_by: str) -> None:
    """Ask for the import; the page follows the job. A file that was never read to its end is read first."""
    if not upload.report:
        look(upload)
        return
    upload.job = enqueue(IMPORT, asked_by, upload=upload.pk)
    upload.save(update_fields=["job", "answers"])


@task(EXAMINE)
def examine_upload(job: Job, upload: int) -> dict[str, Any]:
    """Read a large or packed file. Safe to run again: it writes nothing but what it saw."""
    found = Upload.objects.get(pk=upload)
    with translation.override(settings.LANGUAGE_CODE):
        look_now(found, lambda done, total, message: job_progress(job, done, total, message))
    return {"status": found.report.get("status", "")}


@task(IMPORT)
def import_and_tidy(job: Job, upload: int) -> dict[str, Any]:
    """Bring the file in, then remove it and look for findings again. Safe to run again."""
    found = Upload.objects.get(pk=upload)
    if not found.path:
        return {"status": found.report.get("status", "")}
    with translation.override(settings.LANGUAGE_CODE):
        content = import_upload(job, upload)
    found.refresh_from_db()
    with transaction.atomic():
        name_new_thing(found)
        uploads.forget_file(found)
        found.save(update_fields=["path"])
        recompute.ask(found.by)
    return content or {}


def name_new_thing(upload: Upload) -> None:
    """A thing made by the import bears the name that was typed, not its identifier."""
    name = str(upload.answers.get("new_name", ""))
    if name:
        slug = str(upload.answers.get("thing", ""))
        Thing.objects.filter(slug=slug, name=slug).update(name=name[:160])


def likely_answers(upload: Upload) -> dict[str, Any]:
    """Replies given for the last file of this sort: proposed in the form, never taken by themselves."""
    signature = str(upload.report.get("signature", ""))
    spec = kept(signature) if signature and Mapping.objects.filter(signature=signature).exists() else None
    if spec is None:
        return {}
    codes = ("property", "unit", "kind", "tz", "stamps", "decimal", "dates", "step")
    found = {code: getattr(spec, code) for code in codes if getattr(spec, code)}
    if spec.missing is not None:
        found["missing"] = ", ".join(spec.missing)
    return found


def _refused(refusal: Refused) -> dict[str, Any]:
    grounds = [{"line": g.line, "reason": g.message, "code": g.code} for g in refusal.grounds[:REFUSED_SHOWN]]
    said = {"status": "refused", "message": refusal.message, "next_step": refusal.next_step, "code": refusal.code}
    return {**said, "refused": grounds, "refused_count": len(refusal.grounds)}
