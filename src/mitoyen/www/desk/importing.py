"""Import: files dropped, what each was taken for, what is asked, the yes, the progress, the result."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.connect.models import Upload
from mitoyen.history.enums import BatchState
from mitoyen.history.models import Batch
from mitoyen.territory import perms
from mitoyen.territory.models import Person, Thing
from mitoyen.www.desk import looking, reading_report, rules, scope, uploads
from mitoyen.www.desk.answering import AnswerForm, OtherwiseForm
from mitoyen.www.desk.fields import DeskForm, Reason
from mitoyen.www.desk.page import email_of, page, to
from mitoyen.www.desk.receiving import ReceivedFile, Receiver, upload_limit
from mitoyen.www.desk.words import COLON, size_word

HISTORY = 30
EMPTY = "no_value"


class CorrectForm(DeskForm):
    """A file that says otherwise than what is known comes in as a correction, with its reason."""

    why = Reason(label=gettext_lazy("Why is this file right and what is known wrong?"))


def drop(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The page that takes files, and on POST each of them examined."""
    person = rules.person_of(request)
    if request.method == "POST":
        received, faults = _received(request)
        made = [_keep(one, person, request.POST.get("batiment", "")) for one in received]
        if len(made) == 1 and not faults:
            return to(request, "upload", made[0].pk)
        if made and not faults:
            return to(
                request,
                "imports",
                said=_("%(count)d files have arrived: open each to confirm it.") % {"count": len(made)},
            )
        if not made and not faults:
            faults = [_("Choose a file first, or drop one here.")]
        return _drop_page(request, person, faults, status=422)
    return _drop_page(request, person, [])


def story(request: HttpRequest, upload: Upload) -> HttpResponse:
    """One file: what it was taken for, and what is next."""
    return _story_page(request, upload, None, CorrectForm())


def answer(request: HttpRequest, upload: Upload) -> HttpResponse:
    """Keep the replies and read the file again in their light; what was confirmed stays as it was."""
    if uploads.stage_of(upload).moves or not upload.path:
        return to(request, "upload", upload.pk)
    if request.POST.get("again"):
        with transaction.atomic():
            upload.answers = {key: value for key, value in upload.answers.items() if key in ("thing", "new_name")}
            looking.look(upload)
            upload.save(update_fields=["answers"])
        return to(request, "upload", upload.pk)
    if request.POST.get("otherwise"):
        other = OtherwiseForm(request.POST)
        if other.is_valid():
            upload.answers = {**upload.answers, **other.answers()}
            upload.save(update_fields=["answers"])
            looking.look(upload)
        return to(request, "upload", upload.pk)
    person = rules.person_of(request)
    form = AnswerForm(request.POST, upload=upload, person=person, likely={})
    if not form.is_valid():
        return _story_page(request, upload, form, CorrectForm(), status=422)
    upload.answers = {**upload.answers, **form.answers()}
    upload.commune = form.commune()
    upload.save(update_fields=["answers", "commune"])
    looking.look(upload)
    return to(request, "upload", upload.pk)


def confirm(request: HttpRequest, upload: Upload) -> HttpResponse:
    """The yes: the whole file comes in behind the page, or nothing of it."""
    stage = uploads.stage_of(upload)
    if stage.code not in ("ready", "refused", "failed"):
        return to(request, "upload", upload.pk)
    if elsewhere := places_refused(rules.person_of(request), upload):
        said = _("You may not import for %(places)s: ask an agent who may.") % {"places": ", ".join(elsewhere)}
        return _story_page(request, upload, None, CorrectForm(), problem=said, status=403)
    if request.POST.get("skip") == "1":
        upload.answers["skip_bad_lines"] = True
        upload.save(update_fields=["answers"])
        looking.look(upload)
        return to(request, "upload", upload.pk)
    if upload.report.get("code") == "conflict":
        form = CorrectForm(request.POST)
        if not form.is_valid():
            return _story_page(request, upload, None, form, status=422)
        upload.answers |= {"correct": True, "why": form.cleaned_data["why"]}
    elif stage.code == "refused":
        return to(request, "upload", upload.pk)
    looking.bring_in(upload, email_of(request))
    return to(request, "upload", upload.pk)


def give_up(request: HttpRequest, upload: Upload) -> HttpResponse:
    """The no: the file is removed, nothing of it came in."""
    if not uploads.stage_of(upload).moves and upload.path:
        uploads.forget_file(upload)
        upload.report = {**upload.report, "given_up": True}
        upload.save(update_fields=["path", "report"])
    return to(request, "imports", said=_("Given up: nothing of this file came in. To undo it, drop it again."))


def places_refused(person: Person, upload: Upload) -> list[str]:
    """The places that the file would write to where the person may not import: names of communes."""
    slugs = {str(view["thing"]) for view in upload.report.get("datastreams", []) if view.get("thing")}
    known = list(Thing.objects.filter(slug__in=slugs).select_related("commune", "part_of__commune"))
    places = {scope.commune_of(thing) for thing in known}
    if slugs - {thing.slug for thing in known} or not slugs:
        places.add(scope.commune(upload.commune))
    refused = [place for place in places if not perms.can_import(person, place)]
    return sorted(place.name if place else _("what lies outside the territory") for place in refused)


def _received(request: HttpRequest) -> tuple[list[ReceivedFile], list[str]]:
    """Files taken in, and in words those that were not."""
    files = [one for one in request.FILES.getlist("fichiers") if isinstance(one, ReceivedFile)]
    handler = request.upload_handlers[0]
    assert isinstance(handler, Receiver)
    return files, [f"{fault.name}{COLON}{fault.reason}" for fault in handler.faults]


def _keep(received: ReceivedFile, person: Person, thing: str) -> Upload:
    """Note that a file arrived, for a building when it was dropped from its page, and have it read."""
    found = Thing.objects.filter(slug=thing).select_related("commune", "part_of__commune").first() if thing else None
    mine = scope.communes(scope.managed(person))
    place = scope.commune_of(found) if found else mine[0] if len(mine) == 1 else None
    upload = Upload.objects.create(
        name=str(received.name),
        path=received.path.name,
        sha256=received.sha256,
        size=received.size or 0,
        by=person.email,
        commune=place.insee if place and perms.can_import(person, place) else "",
        answers={"thing": found.slug} if found and perms.can_import(person, place) else {},
    )
    looking.look(upload)
    return upload


def _drop_page(request: HttpRequest, person: Person, faults: list[str], status: int = 200) -> HttpResponse:
    slug = request.POST.get("batiment") or request.GET.get("batiment", "")
    building = Thing.objects.filter(slug=slug).first() if slug else None
    rows = [(upload, uploads.stage_of(upload)) for upload in uploads.mine(person)[:HISTORY]]
    context = {
        "faults": faults,
        "limit": size_word(upload_limit()),
        "building": building,
        "waiting": [(upload, stage) for upload, stage in rows if upload.path],
        "ended": [(upload, stage) for upload, stage in rows if not upload.path],
    }
    return page(request, "imports.html", "imports", context, status=status)


def _story_page(
    request: HttpRequest,
    upload: Upload,
    form: forms.Form | None,
    correct: CorrectForm,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    person = rules.person_of(request)
    stage = uploads.stage_of(upload)
    if form is None and stage.code == "questions":
        form = AnswerForm(None, upload=upload, person=person, likely=looking.likely_answers(upload))
    earlier = Batch.objects.filter(sha256=upload.sha256, state=BatchState.LIVE).exclude(pk=upload.batch_id or 0).first()
    context: dict[str, Any] = {
        "upload": upload,
        "stage": stage,
        "size": size_word(upload.size),
        "report": upload.report,
        "read": reading_report.read(upload.report),
        "form": form,
        "correct": correct,
        "lines": _lines(upload.report),
        "otherwise": OtherwiseForm(),
        "earlier": earlier,
        "problem": problem,
        "may_skip": upload.report.get("code") == "bad_lines" and "skip_bad_lines" not in upload.answers,
    }
    return page(request, "upload.html", "imports", context, status=status)


def _lines(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines to be shown: those in the way first; empty ones only once the file is understood."""
    refused: list[dict[str, Any]] = report.get("refused", [])
    in_the_way = [line for line in refused if line["code"] != EMPTY]
    return in_the_way or (refused if report.get("datastreams") else [])
