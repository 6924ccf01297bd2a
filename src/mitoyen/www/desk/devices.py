"""The register of devices, one device's story, and who is silent."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.connect.devices import perms, replacing
from mitoyen.connect.devices.models import DeviceModel, Gateway, Health, Registration
from mitoyen.connect.devices.places import DEPLOYED, commune_of, things_of
from mitoyen.connect.devices.silence import EVERYTHING
from mitoyen.connect.uplinks import keeping
from mitoyen.connect.uplinks.messages import Frame
from mitoyen.territory.models import Commune, Person, Thing
from mitoyen.www.charts_frame import Table
from mitoyen.www.charts_series import Event, time_series
from mitoyen.www.desk import devices_words as words
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.devices_forms import BackForm
from mitoyen.www.desk.page import page
from mitoyen.www.numbers import number
from mitoyen.www.portal import label_object

A_PAGE = 50
FRAMES_SHOWN, FRAME_DAYS = 8, 3
STATES = (
    ("", gettext_lazy("All in service")),
    ("silent", gettext_lazy("Silent")),
    ("battery", gettext_lazy("Battery low")),
    ("never", gettext_lazy("Never heard")),
    ("well", gettext_lazy("Well")),
    ("retired", gettext_lazy("Out of service")),
)


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The devices of one's communes: found by number, model, commune or state."""
    person = rules.person_of(request)
    wanted, model = request.GET.get("nom", "").strip(), request.GET.get("modele", "")
    commune, state = request.GET.get("commune", ""), request.GET.get("etat", "")
    found = seen_by(person).select_related("device__health", "model", "thing").prefetch_related(DEPLOYED)
    if wanted:
        at = Q(device__deployments__thing__name__icontains=wanted)
        found = found.filter(Q(address__icontains=wanted) | Q(device__serial__icontains=wanted) | at).distinct()
    if model:
        found = found.filter(model__slug=model)
    if commune:
        here = Q(device__deployments__thing__commune=commune, device__deployments__ends=None)
        inside = Q(device__deployments__thing__part_of__commune=commune, device__deployments__ends=None)
        found = found.filter(here | inside).distinct()
    found = in_state(found, state)
    shown = Paginator(found.order_by("device__serial"), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "shown": shown,
        "rows": [_row(one) for one in shown],
        "by_name": True,
        "wanted": wanted,
        "model": model,
        "commune": commune,
        "state": state,
        "states": STATES,
        "models": DeviceModel.objects.order_by("maker", "name"),
        "communes": scope.communes(scope.seen(person)),
        "generated": any(health.generated for one in shown if (health := words.health_of(one)) is not None),
        "silent": seen_by(person).filter(device__health__silent_since__isnull=False).count(),
        "manages": perms.can_manage_models(person),
    }
    return page(request, "devices.html", "devices", context)


def seen_by(person: Person) -> QuerySet[Registration]:
    """The registered devices of one's communes; those put nowhere yet with the whole territory only."""
    held = scope.seen(person)
    if held.whole:
        return Registration.objects.all()
    at, codes = "device__deployments__thing", held.communes
    here = Q(**{f"{at}__commune__in": codes}) | Q(**{f"{at}__part_of__commune__in": codes})
    served = here & (Q(device__deployments__ends=None) | Q(retired_at__isnull=False))
    waiting = Q(thing__commune__in=codes, device__deployments__isnull=True)
    return Registration.objects.filter(served | waiting).distinct()


def in_state(found: QuerySet[Registration], state: str) -> QuerySet[Registration]:
    """The devices of a state, told as `words.state_of` does."""
    if state == "retired":
        return found.filter(retired_at__isnull=False)
    found = found.filter(retired_at=None)
    silent = Q(device__health__silent_since__isnull=False)
    soon = timezone.localdate() + words.SOON
    low = Q(device__health__battery_ends__lte=soon) | Q(device__health__battery_percent__lte=words.LOW_PERCENT)
    never = Q(device__health__isnull=True)
    by_state = {"silent": silent, "never": never, "battery": low & ~silent, "well": ~silent & ~low & ~never}
    return found.filter(by_state[state]) if state in by_state else found


def story(request: HttpRequest, registration: Registration) -> HttpResponse:
    """One device: its state in a sentence, its health, battery, deployments, and the last messages."""
    person, device = rules.person_of(request), registration.device
    health = words.health_of(registration)
    deployments = device.deployments.select_related("thing").order_by("-starts")
    frames = _frames(registration)
    context = {
        "registration": registration,
        "device": device,
        "health": health,
        "state": words.state_of(registration),
        "facts": _facts(registration, health),
        "battery": _battery_chart(health) if health is not None else "",
        "battery_says": words.battery_says(health) if health is not None else "",
        "deployments": deployments,
        "fields": registration.model.fields.exclude(confirmed_by=""),
        "frames": frames,
        "came_before": bool(frames) and health is None,
        "may_replace": perms.can_replace_device(person, device) and registration.retired_at is None,
        "may_factor": perms.can_set_factor(person, device),
        "may_model": perms.can_manage_models(person),
        "labels": [one for one in things_of(registration) if label_object.has_label(one)],
        "took_over": replacing.replaced_by(device),
        "undo": BackForm(),
    }
    return page(request, "device.html", "devices", context)


def silent(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Who is silent: gateways that went down first, then devices by themselves, the surest first."""
    person = rules.person_of(request)
    found = seen_by(person).filter(device__health__silent_since__isnull=False, retired_at=None)
    alone = found.filter(device__health__silent_with="").select_related("device__health", "model", "thing")
    alone = alone.prefetch_related(DEPLOYED).order_by("-device__health__silent_sure", "device__health__silent_since")
    shown = Paginator(alone, A_PAGE).get_page(request.GET.get("page"))
    behind = found.exclude(device__health__silent_with="").values_list("pk", "device__health__silent_with").distinct()
    mine = Counter(where for _number, where in behind)
    gateways = Gateway.objects.filter(silent_since__isnull=False, address__in=list(mine)).order_by("silent_since")
    context = {
        "shown": shown,
        "rows": [_row(one) for one in shown],
        "gateways": [(one, one.address == EVERYTHING, mine[one.address]) for one in gateways],
    }
    return page(request, "devices_silent.html", "devices", context)


def _row(registration: Registration) -> tuple[Registration, words.State, Thing | None, Commune | None, int]:
    """As lists show it; last, how many other things its channels serve."""
    things = things_of(registration)
    first = things[0] if things else None
    return registration, words.state_of(registration), first, commune_of(first), max(0, len(things) - 1)


def _facts(registration: Registration, health: Health | None) -> list[tuple[str, str]]:
    facts = [(_("Address"), registration.address), (_("Model"), str(registration.model))]
    if health is None:
        return facts
    facts.append((_("Last heard"), f"{words.moment(health.last_seen)} ({words.ago(health.last_seen)})"))
    if health.usual_interval_s:
        facts.append((_("Usual interval"), _("every %(time)s") % {"time": words.lasting(health.usual_interval_s)}))
    lost = health.missed / max(1, health.frames + health.missed)
    facts.append((_("Messages"), _("%(n)s received, %(lost)s %% lost") % {
        "n": number(health.frames), "lost": f"{100 * lost:.1f}".replace(".", ",")}))  # fmt: skip
    if health.gateway:
        signal = {"gateway": health.gateway, "rssi": "?" if health.rssi is None else f"{health.rssi:.0f}"}
        facts.append((_("Signal"), _("%(rssi)s dBm, by the gateway %(gateway)s") % signal))
    if health.clock_drift_s is not None:
        drift = round(health.clock_drift_s)
        late = {"time": words.lasting(abs(drift))}
        says = (
            _("on time") if abs(drift) < 30 else _("%(time)s ahead") % late if drift > 0 else _("%(time)s late") % late
        )
        facts.append((_("Its clock"), says))
    return facts


def _battery_chart(health: Health) -> SafeString | str:
    """The battery from day to day, with the day when it is likely to be empty."""
    trail = [(dt.date.fromordinal(int(day)), float(value)) for day, value in health.battery_trail]
    if len(trail) < 2:
        return ""
    percent = health.battery_percent is not None
    first, last = trail[0][0], trail[-1][0]
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    values = np.full(len(days), np.nan)
    for day, value in trail:
        values[(day - first).days] = value
    unit = "%" if percent else "V"
    table = Table((_("Day"), unit), [(day.isoformat(), f"{value:g}".replace(".", ",")) for day, value in trail])
    return time_series(
        words.battery_says(health) or _("Battery"), days, values, unit=unit, events=_changes(trail),
        measured_label=_("battery"), table=table,
    )  # fmt: skip


def _changes(trail: list[tuple[dt.date, float]]) -> list[Event]:
    jumps = [later for (_day, before), later in pairwise(trail) if later[1] > before * 1.2]
    return [Event(day, _("changed")) for day, _value in jumps[:3]]


def _frames(registration: Registration) -> list[dict[str, Any]]:
    """The last messages that were kept, newest first."""
    since = int((timezone.now() - dt.timedelta(days=FRAME_DAYS)).timestamp() * 1_000_000)
    found = [frame for day in keeping.kept(since, addresses=[registration.address]) for frame in day]
    return [
        {
            "at": dt.datetime.fromtimestamp(frame.time / 1e6, dt.UTC),
            "counter": frame.counter,
            "port": frame.port,
            "content": frame.payload.hex() or ", ".join(f"{name} {value}" for name, value in _data(frame)),
        }
        for frame in reversed(found[-FRAMES_SHOWN:])
    ]


def _data(frame: Frame) -> Iterable[tuple[str, Any]]:
    return (frame.data or {}).items()


def back_to(registration: Registration) -> str:
    return reverse("desk:device", args=[registration.pk])
