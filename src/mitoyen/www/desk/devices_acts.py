"""What is done to a device at the desk: replaced, taken back, its factor put right."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from mitoyen.connect.devices import factors, replacing
from mitoyen.connect.devices.factors import Asked, Change
from mitoyen.connect.devices.models import DeviceModel, Registration
from mitoyen.ledger.jobs import enqueue
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Device
from mitoyen.www.desk import recompute
from mitoyen.www.desk.devices import back_to
from mitoyen.www.desk.devices_forms import BackForm, FactorForm, ReplaceForm
from mitoyen.www.desk.page import email_of, page, say_refusal, to


def replace(request: HttpRequest, registration: Registration) -> HttpResponse:
    """The form, and on POST the replacement in one action."""
    device = registration.device
    form = ReplaceForm(request.POST if request.method == "POST" else None, counters=_counters(device))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            new = replacing.replace_device(
                device, said["at"], said["address"], email_of(request), serial=said["serial"],
                last=form.indexes("last"), first=form.indexes("first"),
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(_field_of(refusal), str(refusal))
        else:
            recompute.ask(email_of(request))
            words = _("The device is replaced: its measures go on. It can be taken back below.")
            return to(request, "device", new.registration.pk, said=words)
    context = {"registration": registration, "form": form, "back": back_to(registration)}
    return page(request, "device_replace.html", "devices", context, status=422 if form.errors else 200)


def take_back(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Take the replacement back: the old device goes on as before."""
    form = BackForm(request.POST)
    if not form.is_valid():
        say_refusal(request, Refused(_("Say why, in a few words.")))
        return to(request, "device", registration.pk)
    try:
        old = replacing.undo_replacement(registration.device, email_of(request), form.cleaned_data["why"])
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "device", registration.pk)
    recompute.ask(email_of(request))
    return to(request, "device", old.registration.pk, said=_("The replacement is taken back."))


def factor(request: HttpRequest, registration: Registration) -> HttpResponse:
    """The factor of one device."""
    return _factor(request, Asked(device=registration.device), registration.device.serial, back_to(registration))


def model_factor(request: HttpRequest, model: DeviceModel) -> HttpResponse:
    """The factor of all devices of a model."""
    from django.urls import reverse

    return _factor(request, Asked(model=model), str(model), reverse("desk:device-model", args=[model.slug]))


def _factor(request: HttpRequest, about: Asked, of: str, back: str) -> HttpResponse:
    """First shown what would change (nothing is written), then, sent again with "write", done."""
    form = FactorForm(request.POST if request.method == "POST" else None)
    change: Change | None = None
    if request.method == "POST" and form.is_valid():
        asked = _asked(about, form.cleaned_data)
        try:
            if "write" in request.POST:
                done = factors.apply(asked, email_of(request), form.cleaned_data["why"])
                enqueue("devices_factor", email_of(request))
                recompute.ask(email_of(request))
                counts = {"n": done.deployments, "streams": len(done.datastreams)}
                said = _("The factor is right now: %(n)d deployments, %(streams)d measures.") % counts
                return _done(request, about, said)
            change = factors.preview(asked)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "of": of, "back": back, "change": change}
    return page(request, "device_factor.html", "devices", context, status=422 if form.errors else 200)


def _asked(about: Asked, said: dict[str, Any]) -> Asked:
    import datetime as dt

    from mitoyen.history.times import paris_midnight

    last = said["last"]
    return Asked(
        about.device, about.model, said["observed_property"].strip(), said["factor"], said["times"],
        first=paris_midnight(said["first"]) if said["first"] else None,
        last=paris_midnight(last + dt.timedelta(days=1)) if last else None,
    )  # fmt: skip


def _done(request: HttpRequest, about: Asked, said: str) -> HttpResponse:
    if about.device is not None:
        return to(request, "device", about.device.registration.pk, said=said)
    assert about.model is not None
    return to(request, "device-model", about.model.slug, said=said)


def _counters(device: Device) -> list[str]:
    """The indexes that the device serves, as `replace_device` takes them."""
    from mitoyen.history.enums import Kind
    from mitoyen.history.models import Datastream

    served = list(device.deployments.filter(ends=None).select_related("thing"))
    found = Datastream.objects.filter(thing__in={one.thing_id for one in served}, kind=Kind.COUNTER)
    known = set(found.values_list("thing_id", "observed_property"))
    keys = zip(replacing.index_keys(served), served, strict=True)
    return sorted(key for key, one in keys if (one.thing_id, one.observed_property) in known)


def _field_of(refusal: Refused) -> str | None:
    fields = {"known_address": "address", "no_address": "address", "other_address": "serial", "same_device": "serial"}
    fields |= {"swap_before_start": "at", "future": "at", "device_elsewhere": "serial", "bad_serial": "serial"}
    return fields.get(refusal.code)
