"""Work orders: the list (a contractor's own among them), one order's story, a new one, files to take along."""

import uuid
from dataclasses import replace
from typing import Any, TypeVar

from django import forms
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from mitoyen.channels.paper import work_list
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts import perms as alert_perms
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.wording import describe
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import describe as describe_finding
from mitoyen.operate.work import listing, ordering, perms
from mitoyen.operate.work.enums import WorkState
from mitoyen.operate.work.models import WorkOrder
from mitoyen.operate.work.ordering import LIVE, Asked
from mitoyen.services import perms as request_perms
from mitoyen.services import wording as request_wording
from mitoyen.services.models import Request
from mitoyen.services.timeline import LIVE as REQUEST_LIVE
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Partner, Person, Thing
from mitoyen.www.desk import alerts, rules, thing_story
from mitoyen.www.desk.fields import Day, DeskForm
from mitoyen.www.desk.page import email_of, page, say_refusal, to
from mitoyen.www.desk.scope import commune_of
from mitoyen.www.portal.public_requests import PHOTO

LISTED = 100
Form = TypeVar("Form", bound=DeskForm)
SHOWN = (
    ("", pgettext_lazy("work orders", "to be done"), LIVE),
    ("faits", pgettext_lazy("work orders", "done"), (WorkState.DONE,)),
    ("annules", pgettext_lazy("work orders", "cancelled"), (WorkState.CANCELLED,)),
)
FILES = {"csv": "text/csv; charset=utf-8", "geojson": "application/geo+json", "pdf": "application/pdf"}
CONTRACTOR_MOVES = (WorkState.UNDER_WAY, WorkState.DONE)


def agents() -> QuerySet[Person]:
    """Those who may do an order themselves: operators and energy officers with an open account."""
    roles = (RoleName.OPERATOR, RoleName.ENERGY_OFFICER)
    return Person.objects.filter(is_active=True, roles__name__in=roles).distinct().order_by("name", "email")


class OrderForm(DeskForm):
    """What is to be done, by whom and by when."""

    title = forms.CharField(label=gettext_lazy("What is to be done"), max_length=200)
    words = forms.CharField(
        label=gettext_lazy("What helps to know"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    partner = forms.ModelChoiceField(
        Partner.objects.order_by("name"), label=gettext_lazy("Given to the partner"), required=False,
        empty_label=gettext_lazy("nobody yet"),
    )  # fmt: skip
    person = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("Or to an agent"), required=False,
        empty_label=gettext_lazy("nobody yet"),
    )  # fmt: skip
    due = Day(label=gettext_lazy("To be done by"), required=False)
    submission = forms.UUIDField(widget=forms.HiddenInput)


class GiveForm(DeskForm):
    """To whom an order is given: a partner, or an agent."""

    partner = forms.ModelChoiceField(
        Partner.objects.order_by("name"), label=gettext_lazy("Given to the partner"), required=False,
        empty_label=gettext_lazy("nobody"),
    )  # fmt: skip
    person = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("Or to an agent"), required=False, empty_label=gettext_lazy("nobody")
    )
    due = Day(label=gettext_lazy("To be done by"), required=False)


def _with_agents(form: Form) -> Form:
    """The form, with the agents as they are now."""
    form.fields["person"].queryset = agents()  # type: ignore[attr-defined]
    return form


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The orders that the person may see, the soonest due first."""
    person = rules.person_of(request)
    wanted = next((entry for entry in SHOWN if entry[0] == request.GET.get("etat", "")), SHOWN[0])
    shown = Paginator(_visible(person).filter(state__in=wanted[2]), LISTED).get_page(request.GET.get("page"))
    context = {
        "shown": shown,
        "lines": [(one, ordering.still_shown(one), _late(one)) for one in shown],
        "states": [(code, label, code == wanted[0]) for code, label, _states in SHOWN],
        "contractor": not perms.seen(person),
        "partners": Partner.objects.filter(pk__in=perms.partners_of(person)),
    }
    return page(request, "orders.html", "orders", context)


def file(request: HttpRequest, form: str) -> HttpResponse:
    """The orders to be done that the person may see, as a file to take along."""
    person = rules.person_of(request)
    found = list(_visible(person).filter(state__in=LIVE))
    if form == "pdf":
        whose = ", ".join(Partner.objects.filter(pk__in=perms.partners_of(person)).values_list("name", flat=True))
        body: bytes | str = work_list.pdf(found, whose)
    else:
        body = listing.to_csv(found) if form == "csv" else listing.to_geojson(found)
    answer = HttpResponse(body, content_type=FILES[form])
    answer["Content-Disposition"] = f'attachment; filename="travaux-{timezone.localdate()}.{form}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _visible(person: Person) -> QuerySet[WorkOrder]:
    return perms.visible(person, listing.orders(every=True))


def _late(order: WorkOrder) -> bool:
    return order.due is not None and order.state in LIVE and order.due < timezone.localdate()


def new(request: HttpRequest, thing: Thing) -> HttpResponse:
    """Open an order about a thing: by hand, or for an alert, a finding or a request that the address names."""
    person = rules.person_of(request)
    about = _about(request, person, thing)
    first = {"title": about.title, "words": about.words, "submission": uuid.uuid4()}
    form = _with_agents(OrderForm(request.POST or None, initial=first))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        asked = replace(
            about, title=given["title"], words=given["words"], partner=given["partner"], person=given["person"],
            due=given["due"],
            submission=given["submission"],
        )  # fmt: skip
        try:
            order = ordering.open_order(asked, email_of(request))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return to(request, "order", order.pk, said=_("The work order is open: number %(n)s.") % {"n": order.pk})
    context = {"form": form, "thing": thing, "commune": commune_of(thing), "about": about}
    return page(request, "order_new.html", "orders", context, status=422 if form.errors else 200)


def _about(request: HttpRequest, person: Person, thing: Thing) -> Asked:
    """Where the order comes from, as far as the person may see it; anything else in the address is left out."""
    alert = Alert.objects.filter(pk=_number(request, "alerte"), thing=thing).select_related("thing", "commune").first()
    if alert is not None and alert_perms.can_see_alert(person, alert):
        line = alerts.line_of(alert) if request.GET.get("ensemble") else (alert,)
        words = describe(alert, line)
        return Asked(words.action or words.title, thing, words.sentence, alerts=line)
    finding = Finding.objects.filter(pk=_number(request, "piste"), thing=thing).first()
    if finding is not None and rules.sees_finding(person, finding):
        told = describe_finding(finding)
        return Asked(told.action or told.title, thing, told.sentence, finding=finding)
    asked = Request.objects.filter(pk=_number(request, "demande"), thing=thing).first()
    if asked is not None and request_perms.can_see_request(person, asked):
        # Not the person's own words: a contractor reads this.
        return Asked(request_wording.title(asked), thing, request=asked.pk)
    return Asked("", thing)


def _number(request: HttpRequest, name: str) -> int:
    """What the address names by a number; 0, which nothing has, where it doesn't."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else 0


def story(request: HttpRequest, order: WorkOrder) -> HttpResponse:
    """One order: what is to be done and where, its facts and photos, what can be said of it now."""
    now = {"partner": order.partner_id, "person": order.person_id, "due": order.due}
    form = _with_agents(GiveForm(initial=now))
    return page(request, "order.html", "orders", _context(rules.person_of(request), order, form))


def act(request: HttpRequest, order: WorkOrder) -> HttpResponse:
    """Say how far it is, give it, note; what was typed stays when it is refused."""
    person, by = rules.person_of(request), email_of(request)
    name, words = request.POST.get("act", ""), request.POST.get("words", "")
    runs = perms.can_run_order(person, order)
    if not runs and name not in ("note", *CONTRACTOR_MOVES):
        raise PermissionDenied
    form = _with_agents(GiveForm(request.POST if name == "give" else None))
    try:
        if name == "give":
            if not form.is_valid():
                return page(request, "order.html", "orders", _context(person, order, form), status=422)
            ordering.give(order, by, **form.cleaned_data)
        elif name == "note":
            ordering.note(order, by, words)
        else:
            ordering.move(order, name, by, words)
    except Refused as refusal:
        say_refusal(request, refusal)
        context = _context(person, order, form) | {"typed": words}
        return page(request, "order.html", "orders", context, status=422)
    return to(request, "order", order.pk, said=_said(person, order, name))


def _said(person: Person, order: WorkOrder, name: str) -> str:
    """What was done, and whom it leaves waiting: the inhabitants who asked."""
    if name != WorkState.DONE:
        return _("Noted.")
    waiting = [one for one in _requests(person, order) if one.state in REQUEST_LIVE]
    if not waiting:
        return _("Done. The alert closes by itself once the readings show it.")
    return _("Done. People asked about it and wait for an answer: open their requests below.")


def photo(request: HttpRequest, order: WorkOrder) -> HttpResponse:
    """Add photos of the place or of the result."""
    try:
        for sent in request.FILES.getlist("photos"):
            ordering.add_photo(order, email_of(request), sent.read())
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "order", order.pk)
    kept = order.photos.count()
    return to(request, "order", order.pk, said=_("Photos of this order: %(count)d.") % {"count": kept})


def _context(person: Person, order: WorkOrder, form: GiveForm) -> dict[str, Any]:
    runs, works = perms.can_run_order(person, order), perms.can_work_on(person, order)
    moves = ordering.MOVES[WorkState(order.state)]
    linked = [one for one in order.alerts.select_related("thing", "commune") if alert_perms.can_see_alert(person, one)]
    longitude, latitude = listing.point_of(order)
    return {
        "order": order,
        "place": listing.place_of(order),
        "longitude": longitude,
        "latitude": latitude,
        "late": _late(order),
        "alerts": [(one, describe(one)) for one in linked],
        "still_shown": ordering.still_shown(order),
        "requests": [(one, request_wording.title(one)) for one in _requests(person, order)],
        "facts": order.facts.all(),
        "photos": [_photo(one.name) for one in order.photos.all()],
        "form": form,
        "may_give": runs and order.state in LIVE,
        "may_start": works and WorkState.UNDER_WAY in moves,
        "may_end": works and WorkState.DONE in moves,
        "may_cancel": runs and WorkState.CANCELLED in moves,
        "may_reopen": runs and WorkState.TO_DO in moves and order.state not in LIVE,
        "may_work": works,
    }


def _requests(person: Person, order: WorkOrder) -> list[Request]:
    """The requests that asked for it, or are about the same thing, as far as the person may see them."""
    found = thing_story.requests_about(person, order.thing)
    own = Request.objects.filter(pk=order.request_number).first() if order.request_number else None
    if own is not None and request_perms.can_see_request(person, own) and own not in found:
        found = [own, *found]
    return found


def _photo(digest: str) -> tuple[str, str]:
    """Signed addresses of the whole photo and of its thumbnail."""
    return signing.dumps([digest, False], salt=PHOTO), signing.dumps([digest, True], salt=PHOTO)
