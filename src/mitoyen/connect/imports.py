"""The import itself: examine (writes nothing), run (writes all or nothing), undo."""

from dataclasses import replace
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.connect import mappings, publish
from mitoyen.connect.analysis import STAGES, Analysis, Progress, analysed, no_progress
from mitoyen.connect.errors import ImportRefused
from mitoyen.connect.numerals import grouped
from mitoyen.connect.options import Options
from mitoyen.connect.report import LINES_SHOWN, Reason, Report, reasons_of
from mitoyen.connect.sniff import proposal_of
from mitoyen.history import batches
from mitoyen.history.enums import BatchState
from mitoyen.history.models import Batch
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.register import check_slug, commune_named


def examine(path: Path, options: Options | None = None, progress: Progress = no_progress) -> Report:
    """Everything checked, nothing written: what the file holds, what is open, what can't be taken, what is known.

    `status` is "ready", "questions" or "refused". Raises Refused only for a file that is no table at all.
    """
    options = options or Options()
    _check(options)
    with analysed(Path(path), options, progress) as found:
        report = _report(found, dry_run=True)
        if report.status == "ready":
            publish.compare(found, report)
        return report


def run(path: Path, options: Options, by: str, progress: Progress = no_progress) -> Report:
    """Import the file: all of it is live when this returns, or nothing has changed.

    Raises ImportRefused (with its report) while a question is open, when lines can't be taken, or when a known time
    has another value and `options.correct` is not set. A file imported before changes nothing (status "unchanged").
    """
    _check(options)
    with analysed(Path(path), options, progress) as found:
        report = _report(found, dry_run=False)
        if report.status != "ready":
            raise _refusal(report)
        try:
            batches.recover()
            publish.publish(found, report, by, progress)
        except Refused as refusal:
            report.status, report.code = "refused", refusal.code
            report.message, report.next_step = refusal.message, refusal.next_step
            report.refused = [*refusal.grounds, *report.refused][:LINES_SHOWN]
            raise ImportRefused(
                refusal.message, refusal.next_step, refusal.grounds, refusal.code, report=report
            ) from refusal
        mappings.keep(found, by)
        progress(STAGES, STAGES, _("done"))
        return report


def undo(batch_id: int, by: str, why: str = "") -> Batch:
    """Take a batch back. Raises Refused when there is none, or it isn't live."""
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise Refused(_("There is no batch %(id)d.") % {"id": batch_id}, code="no_such_batch")
    if batch.state == BatchState.UNDONE:
        raise Refused(_("Batch %(id)d was taken back already.") % {"id": batch_id}, code="already_undone")
    batches.undo(batch, by, why)
    batch.refresh_from_db()
    return batch


def with_answers(options: Options, answers: dict[str, str]) -> Options:
    """The options with replies to questions added."""
    return replace(options, answers=options.answers | answers)


def _check(options: Options) -> None:
    if options.thing:
        check_slug(options.thing)
    if options.commune:
        commune_named(options.commune)
    if options.correct and not options.why.strip():
        raise Refused(_("A correction needs its reason."), _("Add --why “…”."), code="no_reason")


def _report(found: Analysis, *, dry_run: bool) -> Report:
    proposal = proposal_of(found)
    report = Report(
        proposal,
        dry_run,
        rows=found.count.rows,
        readings=sum(item.seen.count for item in found.series),
        duplicates=found.duplicates,
        missing=sum(item.seen.missing for item in found.series),
        blank_lines=found.count.blank,
        refused=[*found.grounds, *found.empties][:LINES_SHOWN],
        refused_count=found.blocking + found.count.empty,
        blocking=found.blocking,
        reasons=_reasons(found),
        conflicts=found.contradictions,
        learnt=mappings.learnt(found),
    )
    skipped = found.options.skip_bad_lines and not _contradictory(found)
    if found.blocking and not skipped:
        _refuse_lines(report, found)
    elif proposal.questions:
        report.status, report.code = "questions", "ambiguous"
        report.message = ngettext(
            "The file leaves one question open; nothing is guessed, nothing is imported.",
            "The file leaves %(count)d questions open; nothing is guessed, nothing is imported.",
            len(proposal.questions),
        ) % {"count": len(proposal.questions)}
        report.next_step = _("Answer with: %(options)s") % {
            "options": "  ".join(question.option for question in proposal.questions if question.option)
        }
    elif not report.readings:
        report.status, report.code, report.message = "refused", "empty", _("The file holds no reading.")
    return report


def _reasons(found: Analysis) -> list[Reason]:
    """Those of lines by themselves, then those of lines against each other."""
    overlaps = sum(item.seen.overlaps for item in found.series)
    more = [
        reasons_of((g for g in found.grounds if g.code == code), count)
        for code, count in (("contradiction", found.contradictions), ("overlap", overlaps))
    ]
    return [*found.reasons, *(reason for reason in more if reason)]


def _contradictory(found: Analysis) -> bool:
    """Faults that leaving lines out can't mend: an open quote swallows the lines after it."""
    swallowed = any(ground.code in ("open_quote", "malformed") for ground in found.grounds)
    return bool(found.contradictions) or swallowed or _overlapping(found)


def _overlapping(found: Analysis) -> bool:
    return any(item.seen.overlaps for item in found.series if item.kind not in ("gauge", "counter"))


def _refuse_lines(report: Report, found: Analysis) -> None:
    report.status, report.code = "refused", "bad_lines"
    report.message = ngettext(
        "One line can't be taken, so nothing of the file is.",
        "%(count)s lines can't be taken, so nothing of the file is.",
        found.blocking,
    ) % {"count": grouped(found.blocking)}
    questions = report.proposal.questions
    if any(question.code in ("missing", "decimal", "dates") for question in questions):
        report.next_step = _("Answer with: %(options)s") % {
            "options": "  ".join(question.option for question in questions if question.option)
        }
    elif _contradictory(found):
        report.next_step = _("Mend the file (one value for each time, quotes closed), or ask for it again.")
    else:
        report.next_step = _("Mend these lines, or leave them out with --skip-bad-lines: the report lists them.")


def _refusal(report: Report) -> ImportRefused:
    grounds = [Ground(q.code, f"{q.text} {q.evidence} [{q.option}]") for q in report.proposal.questions]
    if report.code == "bad_lines":
        grounds = [*report.refused[:20], *grounds]
    status = report.code
    report.status = "refused"
    return ImportRefused(report.message, report.next_step, grounds, status, report=report)
