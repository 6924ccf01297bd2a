"""Where people are received: the register of places to meet, their hours, and who comes when."""

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.registry import services
from mitoyen.services import codes, perms, venues
from mitoyen.services.models import Opening, Venue
from mitoyen.services.wording import language
from mitoyen.territory.models import Person, Place
from mitoyen.www.desk import rules
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.page import email_of, page, to


class VenueForm(DeskForm):
    """A place of one's communes, for a service that receives people."""

    place = forms.ChoiceField(
        label=gettext_lazy("Place"), help_text=gettext_lazy("A place that is missing here is recorded under “Places”.")
    )
    service = forms.ChoiceField(label=gettext_lazy("Service"))

    def __init__(self, *arguments: Any, person: Person, **options: Any) -> None:
        super().__init__(*arguments, **options)
        places = perms.arranges(person).restrict(Place.objects.select_related("commune").order_by("name"))
        shown = [(place.slug, f"{place.name}, {place.commune.name}") for place in places.defer("commune__geometry")]
        for name, choices in (("place", shown), ("service", [(one, _title(one)) for one in venues.receiving()])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


class OpeningForm(DeskForm):
    """Hours of the week."""

    weekday = forms.TypedChoiceField(label=gettext_lazy("Day of the week"), coerce=int, choices=list(WEEKDAYS.items()))
    starts = forms.TimeField(label=gettext_lazy("From"), widget=forms.TimeInput(attrs={"type": "time"}))
    ends = forms.TimeField(label=gettext_lazy("Until"), widget=forms.TimeInput(attrs={"type": "time"}))
    minutes = forms.IntegerField(label=gettext_lazy("Minutes a person"), initial=30, min_value=5, max_value=240)
    seats = forms.IntegerField(label=gettext_lazy("People at once"), initial=1, min_value=1, max_value=50)


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The places to meet of one's communes, and the form that adds one."""
    person = rules.person_of(request)
    form = VenueForm(request.POST if request.method == "POST" else None, person=person)
    if request.method == "POST" and form.is_valid():
        place = Place.objects.get(slug=form.cleaned_data["place"])
        venue = venues.open_venue(place, form.cleaned_data["service"], email_of(request))
        return to(request, "venue", venue.pk, said=_("People can be received there once its hours are said."))
    found = Venue.objects.select_related("place__commune").defer("place__commune__geometry").order_by("place__name")
    rows = [(one, _title(one.service)) for one in perms.arranges(person).restrict(found, "place__commune")]
    return page(request, "venues.html", "venues", form=form, rows=rows, status=422 if form.errors else 200)


def story(request: HttpRequest, venue: Venue) -> HttpResponse:
    """One place to meet: its hours, who comes in the next weeks, and the form that adds hours."""
    form = OpeningForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            venues.add_opening(venue, **form.cleaned_data, by=email_of(request))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return to(request, "venue", venue.pk, said=_("The hours are added. To undo it, remove them below."))
    coming = venue.appointments.filter(starts__gte=timezone.now() - dt.timedelta(hours=2)).select_related("request")
    context = {
        "venue": venue,
        "title": _title(venue.service),
        "form": form,
        "openings": [(one, WEEKDAYS[one.weekday]) for one in venue.openings.order_by("weekday", "starts")],
        "coming": [(one, codes.shown(one.request.code)) for one in coming.order_by("starts")[:200]],
        "back": reverse("desk:venues"),
    }
    return page(request, "venue.html", "venues", context, status=422 if form.errors else 200)


def close(request: HttpRequest, venue: Venue) -> HttpResponse:
    """Offer no more times there."""
    venues.close_venue(venue, email_of(request))
    return to(request, "venues", said=_("No more times are offered there. To undo it, add the place again."))


def remove_hours(request: HttpRequest, opening: Opening) -> HttpResponse:
    """Offer these hours no more."""
    number = opening.venue_id
    venues.remove_opening(opening, email_of(request))
    return to(request, "venue", number, said=_("These hours are no longer offered; the appointments made stand."))


def _title(service: str) -> str:
    found = services.installed().get(service)
    return found.text("service.title", language()) if found else service
