"""Device models: what each field they send means, proposed with reasons, confirmed here."""

from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.connect.devices import fields as service
from mitoyen.connect.devices.enums import FieldRole
from mitoyen.connect.devices.fields import Choice
from mitoyen.connect.devices.models import DeviceModel, Field
from mitoyen.history.enums import Kind
from mitoyen.ledger.refusal import Refused
from mitoyen.www.desk.fields import DeskForm, Number
from mitoyen.www.desk.page import email_of, page, say_refusal, to


class FieldForm(DeskForm):
    """What one field is."""

    role = forms.ChoiceField(label=gettext_lazy("Use"), choices=FieldRole.choices)
    observed_property = forms.CharField(label=gettext_lazy("Measure"), max_length=60, required=False)
    unit = forms.CharField(label=gettext_lazy("Unit as sent"), max_length=24, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Sort"), choices=Kind.choices)
    factor = Number(label=gettext_lazy("Coefficient"), initial=1.0)


class IntervalForm(DeskForm):
    """How often devices of a model send."""

    minutes = Number(label=gettext_lazy("Sends every … minutes"), required=False, min_value=0.1, max_value=44_640)


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The models, those with something to confirm first."""
    waiting = Count("fields", filter=Q(fields__confirmed_by=""), distinct=True)
    used = Count("fields", filter=~Q(fields__confirmed_by=""), distinct=True)
    devices = Count("registrations", filter=Q(registrations__retired_at=None), distinct=True)
    found = DeviceModel.objects.select_related("codec").annotate(waiting=waiting, used=used, devices=devices)
    return page(request, "device_models.html", "devices", rows=list(found.order_by("-waiting", "maker", "name")[:500]))


def story(request: HttpRequest, model: DeviceModel) -> HttpResponse:
    """One model's fields: a form a field. POST says what one field, or all that are ticked, mean."""
    if request.method == "POST":
        return _post(request, model)
    return _shown(request, model, {})


def look_again(request: HttpRequest, model: DeviceModel) -> HttpResponse:
    """Propose the fields anew from the messages that came since."""
    try:
        found = service.refresh(model)
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "device-model", model.slug)
    return to(request, "device-model", model.slug, said=_("%(n)d fields were seen.") % {"n": len(found)})


def _post(request: HttpRequest, model: DeviceModel) -> HttpResponse:
    if "interval" in request.POST:
        form = IntervalForm(request.POST)
        if form.is_valid():
            minutes = form.cleaned_data["minutes"]
            model.expected_interval_s = round(minutes * 60) if minutes else None
            model.save(update_fields=["expected_interval_s"])
            return to(request, "device-model", model.slug, said=_("It is noted."))
        return _shown(request, model, {}, form)
    bound = {
        field.pk: FieldForm(request.POST, prefix=str(field.pk))
        for field in model.fields.all()
        if str(field.pk) in request.POST.getlist("field")
    }
    if not bound or not all(form.is_valid() for form in bound.values()):
        if not bound:
            say_refusal(request, Refused(_("Tick at least one field.")))
        return _shown(request, model, bound)
    paths = dict(model.fields.values_list("pk", "path"))
    choices = [_choice(paths[number], form.cleaned_data) for number, form in bound.items()]
    try:
        opened = service.confirm(model, choices, email_of(request))
    except Refused as refusal:
        say_refusal(request, refusal)
        return _shown(request, model, bound)
    said = _("Confirmed. From now on these fields are read so; devices now serve %(n)d more measures.") % {"n": opened}
    return to(request, "device-model", model.slug, said=said)


def _choice(path: str, said: dict[str, Any]) -> Choice:
    name, unit = said["observed_property"].strip(), said["unit"].strip()
    return Choice(path, said["role"], name, unit, said["kind"], said["factor"])


def _shown(
    request: HttpRequest, model: DeviceModel, bound: dict[int, FieldForm], interval: IntervalForm | None = None
) -> HttpResponse:
    rows = [
        (field, bound.get(field.pk) or _form(field), service.why_words(field), _is_ticked(field, bound))
        for field in sorted(model.fields.all(), key=lambda one: bool(one.confirmed_by))
    ]
    seconds = model.expected_interval_s
    context = {
        "model": model,
        "rows": rows,
        "interval": interval or IntervalForm(initial={"minutes": seconds / 60 if seconds else None}),
        "devices": model.registrations.filter(retired_at=None).count(),
    }
    return page(request, "device_model.html", "devices", context, status=422 if request.method == "POST" else 200)


def _is_ticked(field: Field, bound: dict[int, FieldForm]) -> bool:
    """What was ticked stays so; at first, all that waits for a confirmation."""
    return field.pk in bound if bound else not field.confirmed_by


def _form(field: Field) -> FieldForm:
    names = ("role", "observed_property", "unit", "kind", "factor")
    return FieldForm(prefix=str(field.pk), initial={name: getattr(field, name) for name in names})
