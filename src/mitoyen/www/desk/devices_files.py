"""Files of devices at the desk: sent, what would become of each row, the yes, what became of it, taken back."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from mitoyen.connect.devices import undoing, waiting
from mitoyen.connect.devices.models import RegisterImport
from mitoyen.ledger.refusal import Refused
from mitoyen.www.desk.fields import DeskForm, Reason
from mitoyen.www.desk.page import email_of, page, say_refusal, to
from mitoyen.www.desk.receiving import ReceivedFile, Receiver, upload_limit
from mitoyen.www.desk.words import COLON, size_word

# 10,000 devices, the most that a page takes at once, are 1 MB.
LARGEST = 2_000_000
A_PAGE, FILES_SHOWN = 100, 30
RESULTS = (
    ("refused", pgettext_lazy("line of devices", "left out")),
    ("added", pgettext_lazy("line of devices", "new")),
    ("changed", pgettext_lazy("line of devices", "changed")),
    ("unchanged", pgettext_lazy("line of devices", "as it is")),
)
_ORDER = {result: at for at, (result, _label) in enumerate(RESULTS)}


class UndoForm(DeskForm):
    """Why a file of devices is taken back."""

    why = Reason(label=gettext_lazy("Why do you take it back?"))


def receiver(request: HttpRequest) -> Receiver:
    """Takes a register in, 2 MB at most."""
    return Receiver(request, min(LARGEST, upload_limit()))


def drop(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The page that takes a file, and on POST what would become of each of its rows."""
    if request.method != "POST":
        return _drop_page(request, [])
    files = [one for one in request.FILES.getlist("fichier") if isinstance(one, ReceivedFile)]
    handler = request.upload_handlers[0]
    assert isinstance(handler, Receiver)
    faults = [f"{fault.name}{COLON}{fault.reason}" for fault in handler.faults]
    made = [one for file in files if (one := _looked_at(file, email_of(request), faults)) is not None]
    if made and not faults:
        return to(request, "devices-file", made[0].pk) if len(made) == 1 else to(request, "devices-files")
    return _drop_page(request, faults or [_("Choose a file first, or drop one here.")], status=422)


def story(request: HttpRequest, done: RegisterImport) -> HttpResponse:
    """One file: its rows, those to mend first; what can be done now."""
    return _story_page(request, done, UndoForm())


def confirm(request: HttpRequest, done: RegisterImport) -> HttpResponse:
    """The yes: all rows that can be taken come into the register."""
    try:
        report = waiting.take_in(done.pk, email_of(request))
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "devices-files")
    if report.number is None:
        return to(request, "devices-file", done.pk, said=_("Nothing was new any more: the register is as it was."))
    return to(request, "devices-file", done.pk, said=_("The devices are in the register."))


def give_up(request: HttpRequest, done: RegisterImport) -> HttpResponse:
    """The no: the file is removed, nothing of it came in."""
    try:
        waiting.give_up(done.pk)
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "devices-files")
    return to(request, "devices-files", said=_("Given up: nothing of this file came in. To undo it, send it again."))


def take_back(request: HttpRequest, done: RegisterImport) -> HttpResponse:
    """Take a file back, with a reason; what changed since stays, and is told."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _story_page(request, done, form)
    try:
        undone = undoing.undo_import(done.pk, email_of(request), form.cleaned_data["why"])
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _story_page(request, done, form)
    counts = {"removed": undone.removed, "restored": undone.restored, "kept": len(undone.kept)}
    said = _("Taken back: %(removed)d removed, %(restored)d as before, %(kept)d left because they changed since.")
    return to(request, "devices-file", done.pk, said=said % counts)


def _looked_at(file: ReceivedFile, by: str, faults: list[str]) -> RegisterImport | None:
    try:
        return waiting.look(file.path, str(file.name), by)
    except Refused as refusal:
        grounds = [ground.message for ground in refusal.grounds[:3] if ground.message != refusal.message]
        faults.append(f"{file.name}{COLON}{' '.join([str(refusal), *grounds])}")
        return None


def _drop_page(request: HttpRequest, faults: list[str], status: int = 200) -> HttpResponse:
    files = RegisterImport.objects.defer("rows").order_by("-pk")[:FILES_SHOWN]
    context = {
        "faults": faults,
        "limit": size_word(min(LARGEST, upload_limit())),
        "waiting": [one for one in files if one.path],
        "ended": [one for one in files if not one.path],
    }
    return page(request, "devices_files.html", "devices", context, status=status)


def _story_page(request: HttpRequest, done: RegisterImport, form: UndoForm) -> HttpResponse:
    labels = dict(RESULTS)
    rows = sorted(done.rows, key=lambda row: (_ORDER.get(row["result"], 0), row.get("line") or 0))
    shown = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    counts: dict[str, Any] = done.report
    known = [result for result, _label in RESULTS]
    context = {
        "done": done,
        "counts": {result: counts.get(result, sum(row["result"] == result for row in done.rows)) for result in known},
        "report": counts,
        "columns": [(column, role) for role, column in counts.get("columns", {}).items() if column],
        "shown": shown,
        "by_name": True,
        "rows": [(row, labels.get(row["result"], row["result"])) for row in shown],
        "form": form,
    }
    return page(request, "devices_file.html", "devices", context, status=422 if form.errors else 200)
