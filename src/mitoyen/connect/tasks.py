"""The job of kind "import": a file dropped at the desk, imported behind the page."""

from typing import Any

from mitoyen.connect.errors import ImportRefused
from mitoyen.connect.imports import run
from mitoyen.connect.mappings import spec_of
from mitoyen.connect.models import Upload
from mitoyen.connect.options import Options
from mitoyen.connect.uplinks import expiry  # noqa: F401 - registers its job
from mitoyen.history.models import Batch
from mitoyen.ledger.jobs import job_progress, task
from mitoyen.ledger.models import Job

# Keys of `Upload.answers` that are options of their own; all others answer questions by their code.
_OPTIONS = ("thing", "unit", "kind", "tz", "stamps", "decimal", "dates", "step", "why")


def options_of(upload: Upload) -> Options:
    """The options that the upload's answers stand for. `answers` may hold "mapping" (plain data) and flags."""
    answers = dict(upload.answers)
    mapping = answers.pop("mapping", None)
    chosen: dict[str, Any] = {name: str(answers.pop(name)) for name in _OPTIONS if answers.get(name)}
    for name in ("correct", "skip_bad_lines"):
        chosen[name] = answers.pop(name, False) in (True, "true", "on", "1")
    return Options(
        observed_property=str(answers.pop("property", "")),
        commune=upload.commune,
        mapping=spec_of(mapping) if mapping else None,
        source=upload.name,
        answers={code: str(reply) for code, reply in answers.items()},
        **chosen,
    )


@task("import")
def import_upload(job: Job, upload: int) -> dict[str, Any]:
    """Import the upload of this number; what became of it goes to `Upload.report`. Safe to run again."""
    found = Upload.objects.get(pk=upload)

    def progress(done: int, total: int, message: str) -> None:
        job_progress(job, done, total, message)

    try:
        report = run(found.file, options_of(found), found.by, progress)
    except ImportRefused as refusal:
        if refusal.report is not None:
            found.report = refusal.report.to_json()
            found.save(update_fields=["report"])
        raise
    content = report.to_json()
    found.report = content
    found.batch = Batch.objects.filter(pk=report.batch).first() if report.batch else None
    found.save(update_fields=["report", "batch"])
    return content
