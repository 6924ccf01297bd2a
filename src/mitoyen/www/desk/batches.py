"""What came in: batches, who brought them, and taking one back."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.connect.models import Upload
from mitoyen.history.batches import undo
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Person
from mitoyen.www.desk import recompute, rules, scope
from mitoyen.www.desk.fields import DeskForm, Reason
from mitoyen.www.desk.page import email_of, page, to

LOOKED_AT = 1000
A_PAGE = 50


class UndoForm(DeskForm):
    """Why a batch is taken back."""

    why = Reason(label=gettext_lazy("Why do you take it back?"))


@dataclass(frozen=True, slots=True)
class Row:
    """A batch with the datastreams it wrote to that the person sees."""

    batch: Batch
    streams: list[Datastream]


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Files and generated readings, newest first."""
    person = rules.person_of(request)
    kept = Batch.objects.exclude(state__in=(BatchState.DISCARDED, BatchState.STAGED)).exclude(origin=BatchOrigin.LIVE)
    shown = Paginator(of_person(person, kept), A_PAGE).get_page(request.GET.get("page"))
    return page(request, "batches.html", "batches", rows=shown.object_list, shown=shown)


def story(request: HttpRequest, batch: Batch) -> HttpResponse:
    """One batch: what it brought, and the form that takes it back."""
    return _shown(request, batch, UndoForm())


def take_back(request: HttpRequest, batch: Batch) -> HttpResponse:
    """Take the batch back, with a reason; what it had corrected comes back."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _shown(request, batch, form)
    try:
        undo(batch, email_of(request), form.cleaned_data["why"])
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _shown(request, batch, form)
    recompute.ask(email_of(request))
    said = _("Taken back: none of its readings counts any more. Import the file again to bring them back.")
    return to(request, "batch", batch.pk, said=said)


def of_person(person: Person, batches: QuerySet[Batch]) -> list[Row]:
    """The latest batches that fell where the person sees, or that they brought. Two queries."""
    held = scope.seen(person)
    found = list(batches[:LOOKED_AT])
    streams = scope.streams_named(name for batch in found for name in scope.streams_of_batch(batch))
    rows = []
    for batch in found:
        named = [streams[name] for name in scope.streams_of_batch(batch) if name in streams]
        mine = [stream for stream in named if held.covers(scope.commune_of(stream.thing))]
        if mine or held.whole or batch.by == person.email:
            rows.append(Row(batch, mine))
    return rows


def _shown(request: HttpRequest, batch: Batch, form: UndoForm) -> HttpResponse:
    person = rules.person_of(request)
    rows = of_person(person, Batch.objects.filter(pk=batch.pk))
    context: dict[str, Any] = {
        "batch": batch,
        "streams": rows[0].streams if rows else [],
        "upload": Upload.objects.filter(batch=batch).first(),
        "form": form,
        "may_undo": batch.state == BatchState.LIVE and rules.undoes_batch(person, batch),
    }
    return page(request, "batch.html", "batches", context)
