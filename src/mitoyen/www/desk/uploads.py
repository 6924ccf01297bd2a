"""A dropped file on its way: where it stands, in words. Its file lies in staging until it is imported or given up."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from mitoyen.connect import intake
from mitoyen.connect.models import Upload
from mitoyen.ledger.enums import JobState
from mitoyen.ledger.models import Job
from mitoyen.territory.models import Person
from mitoyen.www.desk import scope

EXAMINE, IMPORT = "desk.examine", "desk.import"
AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """Where an upload stands.

    `code`: unread, examining, refused, questions, ready, importing, failed, done, nothing_new or given_up.
    """

    code: str
    words: str
    detail: str = ""

    @property
    def moves(self) -> bool:
        """Whether something is under way that the page should follow."""
        return self.code in ("examining", "importing")


def stage_of(upload: Upload) -> Stage:
    """Read off what is stored: the job under way, the report, the batch."""
    job, report = upload.job, upload.report
    if job is not None and job.state in (JobState.QUEUED, JobState.RUNNING):
        return _under_way(job)
    if not upload.path:
        return _ended(upload)
    if job is not None and job.state == JobState.FAILED and report.get("status") != "questions":
        return _stopped(job)
    return _read(report)


def _read(report: dict[str, Any]) -> Stage:
    if not report:
        return Stage("unread", _("The file has arrived; it is not read yet."))
    if report.get("status") == "refused":
        return Stage("refused", _("This file cannot come in as it is."), str(report.get("message", "")))
    if report.get("status") == "questions":
        return Stage("questions", _("Something in this file must be asked."), _("Nothing is written yet."))
    return Stage("ready", _("The file is understood: confirm it."), _("Nothing is written yet."))


def _under_way(job: Job) -> Stage:
    waits = _("It waits for its turn.") if job.state == JobState.QUEUED else job.message
    if job.kind == EXAMINE:
        return Stage("examining", _("The file is being read."), waits)
    return Stage("importing", _("The readings are coming in."), waits)


def _stopped(job: Job) -> Stage:
    if job.kind == EXAMINE:
        return Stage("failed", _("The file could not be read to its end: nothing of it came in."), job.message)
    return Stage("failed", _("The import stopped: nothing of the file came in."), job.message)


def waiting(person: Person) -> QuerySet[Upload]:
    """Uploads that wait for a yes, a no or an answer of this person, newest first."""
    return mine(person).exclude(path="")


def mine(person: Person) -> QuerySet[Upload]:
    """Uploads for the communes where the person imports, and their own without a commune yet."""
    held = scope.managed(person)
    rows = Upload.objects.select_related("job", "batch").order_by("-pk")
    if held.whole:
        return rows
    return rows.filter(Q(commune__in=held.communes) | Q(commune="", by=person.email)) if held else rows.none()


def takes_long(upload: Upload) -> bool:
    """Whether reading the file may take longer than a page can wait: it is large, or packed whatever its name says."""
    if upload.size > AT_ONCE:
        return True
    try:
        return intake.is_packed(upload.file)
    except OSError:
        return False  # The reader says at once why it can't be opened.


def forget_file(upload: Upload) -> None:
    """Remove the file; the upload's history stays."""
    if upload.path:
        upload.file.unlink(missing_ok=True)
        upload.path = ""


def _ended(upload: Upload) -> Stage:
    report: dict[str, Any] = upload.report
    if report.get("given_up"):
        return Stage("given_up", _("Given up: nothing of this file came in."))
    if upload.batch is None or report.get("status") == "unchanged":
        return Stage(
            "nothing_new", _("Nothing new: every reading of this file was known already, with the same value.")
        )
    return Stage("done", _("The readings are in."), upload.batch.get_state_display())
