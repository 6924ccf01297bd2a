"""Meter swaps: the last index of the old meter, the first one of the new, and the moment between."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.history.models import Datastream
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment
from mitoyen.territory.swaps import swap_device, undo_swap
from mitoyen.www.desk import recompute
from mitoyen.www.desk.fields import DeskForm, Moment, Number, Reason
from mitoyen.www.desk.page import email_of, page, say_refusal, to
from mitoyen.www.desk.scope import building_of
from mitoyen.www.desk.words import meter_label, unit_word


class SwapForm(DeskForm):
    """What a technician writes down when a meter is changed."""

    at = Moment(label=gettext_lazy("Moment of the swap"), help_text=gettext_lazy("Time in France."))
    last_index = Number(label=gettext_lazy("Last index of the old meter"), required=False, min_value=0)
    new_serial = forms.CharField(label=gettext_lazy("Serial number of the new meter"), max_length=120)
    first_index = Number(label=gettext_lazy("First index of the new meter"), required=False, min_value=0)
    factor = Number(
        label=gettext_lazy("Coefficient of the new meter"),
        required=False,
        help_text=gettext_lazy("What a reading is multiplied by. Left empty: the same as the old meter's."),
    )


class UndoForm(DeskForm):
    """Which swap is taken back (the number of the deployment it opened), and why: a second click names the same one."""

    why = Reason(label=gettext_lazy("Why do you take this swap back?"))
    opened = forms.IntegerField(widget=forms.HiddenInput, required=False)


def swap(request: HttpRequest, stream: Datastream) -> HttpResponse:
    """The form, and on POST the swap recorded. The last swap can be taken back below."""
    form = SwapForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said: dict[str, Any] = dict(form.cleaned_data)
        at: datetime = said.pop("at")
        factor = said.pop("factor")
        try:
            swap_device(stream.thing, stream.observed_property, at, by=email_of(request), factor=factor, **said)
        except Refused as refusal:
            form.add_error(_field_of(refusal), str(refusal))
        else:
            recompute.ask(email_of(request))
            words = _(
                "The swap is recorded: the readings go on without a false consumption. It can be taken back here."
            )
            return to(request, "swap", stream.thing.slug, stream.observed_property, said=words)
    return _shown(request, stream, form)


def undo(request: HttpRequest, stream: Datastream) -> HttpResponse:
    """Take the last swap back: the old meter goes on as before. The audit trail keeps both."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _shown(request, stream, SwapForm(), form)
    opened, why = form.cleaned_data["opened"] or 0, form.cleaned_data["why"]
    said = ""
    try:
        undo_swap(stream.thing, stream.observed_property, opened, email_of(request), why)
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        recompute.ask(email_of(request))
        said = _("The swap is taken back. Record it again if this was a mistake.")
    return to(request, "swap", stream.thing.slug, stream.observed_property, said=said)


def deployments(stream: Datastream) -> list[Deployment]:
    """The meters of this datastream, newest first."""
    found = Deployment.objects.filter(thing=stream.thing, observed_property=stream.observed_property)
    return list(found.select_related("device").order_by("-starts"))


def _shown(request: HttpRequest, stream: Datastream, form: SwapForm, undo: UndoForm | None = None) -> HttpResponse:
    building, past = building_of(stream.thing), deployments(stream)
    context = {
        "form": form,
        "undo": undo or UndoForm(initial={"opened": past[0].pk if past else None}),
        "stream": stream,
        "building": building,
        "label": meter_label(stream.thing, stream.observed_property),
        "unit": unit_word(stream.unit),
        "past": past,
        "back": reverse("desk:building", args=[building.slug]),
    }
    return page(request, "swap.html", "buildings", context)


def _field_of(refusal: Refused) -> str | None:
    """Beside which field a refusal is said."""
    fields = {"same_device": "new_serial", "bad_serial": "new_serial", "device_elsewhere": "new_serial"}
    fields |= {"swap_before_start": "at", "future": "at", "bad_factor": "factor"}
    return fields.get(refusal.code)
