"""The job of kind "import": a file dropped at the desk."""

import json
from typing import Any

import pytest

from mitoyen.connect.models import Mapping, Upload
from mitoyen.connect.tasks import import_upload, options_of
from mitoyen.history.models import Batch
from mitoyen.ledger import jobs
from mitoyen.ledger.enums import JobState
from mitoyen.ledger.models import AuditEntry

ANSWERS = {"thing": "ecole", "property": "gas", "unit": "kWh", "kind": "delta", "tz": "UTC", "stamps": "end"}


def dropped(home, content: str, **answers: Any) -> Upload:
    path = home / "staging" / "upload-1.csv"
    path.write_text(content)
    return Upload.objects.create(
        name="relevé d'école.csv", path=path.name, sha256="", size=path.stat().st_size, by="camille", answers=answers
    )


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_imported_behind_the_page(db, home, hours):
    upload = dropped(home, hours(1.5, 2.5, 3.5), **ANSWERS)
    job = jobs.enqueue("import", "camille", upload=upload.pk)
    assert jobs.work_once()
    job.refresh_from_db()
    upload.refresh_from_db()
    assert (job.state, job.result["status"], job.result["accepted"]) == (JobState.DONE, "imported", 3)
    assert upload.batch is not None
    assert (upload.batch.source, upload.report["file"]) == ("relevé d'école.csv", "relevé d'école.csv")
    # Handed out again after its worker was killed: nothing is doubled.
    again = import_upload(job, upload.pk)
    assert again is not None
    assert again["status"] == "unchanged"
    assert Batch.objects.count() == 1
    assert Mapping.objects.get().spec["tz"] == "UTC"


@pytest.mark.django_db(transaction=True)
def test_what_is_kept_for_the_next_file_of_a_sort_is_audited_when_it_changes(db, home, hours):
    def kept() -> list[tuple[str, str, Any]]:
        found = AuditEntry.objects.filter(action="mapping.keep").order_by("number")
        return [(entry.actor, entry.subject, json.loads(entry.detail)) for entry in found]

    def bring(content: str, **answers: Any) -> None:
        upload = dropped(home, content, **{**ANSWERS, **answers})
        jobs.enqueue("import", "camille", upload=upload.pk)
        assert jobs.work_once()

    bring(hours(1.5, 2.5, 3.5))
    ((actor, subject, detail),) = kept()
    assert (actor, subject) == ("camille", f"mapping:{Mapping.objects.get().pk}")
    assert (detail["columns"], detail["before"], detail["after"]["tz"]) == ("date, value", None, "UTC")
    bring(hours(1.5, 2.5, 3.5, 4.5))
    assert len(kept()) == 1, "nothing new was said"
    bring(hours(1.5, 2.5, 3.5), thing="mairie", stamps="start")
    before, after = kept()[1][2]["before"], kept()[1][2]["after"]
    assert (before["stamps"], after["stamps"]) == ("end", "start")


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_found_after_its_installation_was_moved(db, home, hours, settings):
    upload = dropped(home, hours(1.5, 2.5, 3.5), **ANSWERS)
    Upload.objects.update(path=str(home / "staging" / upload.path))
    settings.MITOYEN_HOME = home.rename(home.with_name("elsewhere"))
    job = jobs.enqueue("import", "camille", upload=upload.pk)
    assert jobs.work_once()
    job.refresh_from_db()
    assert (job.state, job.result.get("accepted")) == (JobState.DONE, 3)


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_is_told_with_its_lines(db, home, hours):
    upload = dropped(home, hours(1.5, "abc", 3.5), **ANSWERS)
    job = jobs.enqueue("import", "camille", upload=upload.pk)
    assert jobs.work_once()
    job.refresh_from_db()
    upload.refresh_from_db()
    assert job.state == JobState.FAILED
    assert [(ground["line"], ground["code"]) for ground in upload.report["refused"]] == [(3, "bad_value")]
    assert not Batch.objects.exists()


def test_answers_become_options(db, home, hours):
    upload = dropped(home, hours(1, 2), missing="-200", correct="on", why="relu", mapping={"tz": "UTC"}, **ANSWERS)
    options = options_of(upload)
    assert (options.declared_missing(), options.correct, options.why) == (("-200",), True, "relu")
    assert options.mapping is not None
    assert (options.mapping.tz, options.observed_property) == ("UTC", "gas")
