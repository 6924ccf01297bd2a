"""Places: an address that buildings and other things share; recorded, changed, and said of what stands there."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.refusal import Refused
from mitoyen.territory import places as register
from mitoyen.territory.models import Commune, Person, Place, Thing
from mitoyen.territory.register import slug_from
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.fields import DeskForm, Number
from mitoyen.www.desk.page import email_of, page, to

A_PAGE = 100
FIELD_OF = {"not_on_earth": "latitude", "place_elsewhere": "name", "bad_name": "name"}


class PlaceForm(DeskForm):
    """A place of a known commune."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("For example: grounds of the Ponts school.")
    )
    address = forms.CharField(label=gettext_lazy("Address"), required=False, max_length=240)
    latitude = Number(
        label=gettext_lazy("Latitude in degrees"),
        required=False,
        min_value=-90,
        max_value=90,
        help_text=gettext_lazy("For example: 47,4711. Give the longitude as well."),
    )
    longitude = Number(label=gettext_lazy("Longitude in degrees"), required=False, min_value=-180, max_value=180)

    def clean(self) -> dict[str, Any]:
        for missing, given in (("latitude", "longitude"), ("longitude", "latitude")):
            one, other = self.cleaned_data.get(missing), self.cleaned_data.get(given)
            if one is None and other is not None and missing not in self.errors:
                self.add_error(missing, _("Give both the latitude and the longitude, or neither."))
        return self.cleaned_data

    @property
    def point(self) -> tuple[float, float] | None:
        """Longitude first, as the register takes it."""
        lon, lat = self.cleaned_data["longitude"], self.cleaned_data["latitude"]
        return None if lon is None or lat is None else (lon, lat)


class NewPlaceForm(PlaceForm):
    """The same, in one of the communes that the person may describe."""

    commune = forms.ChoiceField(label=gettext_lazy("Commune"))
    field_order = ("name", "commune", "address", "latitude", "longitude")

    def __init__(self, *arguments: Any, person: Person, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["commune"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Choose…")), *((c.insee, c.name) for c in scope.communes(scope.managed(person)))]


class PutForm(DeskForm):
    """A building of the place's commune that does not stand there yet."""

    thing = forms.ChoiceField(label=gettext_lazy("Building"))

    def __init__(self, *arguments: Any, place: Place, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["thing"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Choose…")), *_elsewhere(place).values_list("slug", "name")]


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The places of one's communes by name, with how many things stand there; `?nom=` keeps those so named."""
    person = rules.person_of(request)
    wanted = request.GET.get("nom", "").strip()
    places = scope.seen(person).restrict(Place.objects.select_related("commune").defer("commune__geometry"))
    if wanted:
        places = places.filter(Q(name__icontains=wanted) | Q(address__icontains=wanted))
    counted = places.annotate(standing=Count("things", filter=Q(things__part_of=None))).order_by("name", "pk")
    shown = Paginator(counted, A_PAGE).get_page(request.GET.get("page"))
    context = {"rows": shown.object_list, "shown": shown, "by_name": True, "wanted": wanted}
    return page(request, "places.html", "places", context, may_add=rules.adds_place(person, None))


def story(request: HttpRequest, place: Place) -> HttpResponse:
    """One place: its address, what stands there, and the form that puts a building there."""
    return _shown(request, place, PutForm(place=place))


def new(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The form, and on POST the place recorded."""
    form = NewPlaceForm(request.POST if request.method == "POST" else None, person=rules.person_of(request))
    if request.method == "POST" and form.is_valid():
        commune = Commune.objects.defer("geometry").get(insee=form.cleaned_data["commune"])
        place = _recorded(form, email_of(request), commune, None)
        if place is not None:
            said = _("The place is recorded. To undo a slip, change it from its page.")
            return to(request, "place", place.pk, said=said)
    return page(request, "place_form.html", "places", form=form, back=reverse("desk:places"))


def edit(request: HttpRequest, place: Place) -> HttpResponse:
    """Change a place; the audit trail keeps each state."""
    initial = {name: getattr(place, name) for name in PlaceForm.base_fields}
    form = PlaceForm(request.POST if request.method == "POST" else None, initial=initial)
    posted = request.method == "POST" and form.is_valid()
    if posted and _recorded(form, email_of(request), place.commune, place) is not None:
        return to(request, "place", place.pk, said=_("The place is changed. To undo it, change it back."))
    back = reverse("desk:place", args=[place.pk])
    return page(request, "place_form.html", "places", form=form, place=place, back=back)


def put(request: HttpRequest, place: Place) -> HttpResponse:
    """Say that a building stands there, until it is put at another place."""
    form = PutForm(request.POST, place=place)
    if not form.is_valid():
        return _shown(request, place, form)
    thing = Thing.objects.get(slug=form.cleaned_data["thing"])
    register.put(thing, place, email_of(request))
    said = _("“%(name)s” now stands here. It can be put at another place from that place’s page.") % {
        "name": thing.name
    }
    return to(request, "place", place.pk, said=said)


def _elsewhere(place: Place) -> Any:
    """Buildings and the like of the place's commune that do not stand there, by name."""
    things = Thing.objects.filter(commune=place.commune_id, part_of=None)
    return things.exclude(pk__in=place.things.values("pk")).order_by("name", "pk")


def _shown(request: HttpRequest, place: Place, form: PutForm) -> HttpResponse:
    context = {
        "place": place,
        "things": place.things.filter(part_of=None).order_by("name", "pk"),
        "form": form,
        "may_edit": rules.edits_place(rules.person_of(request), place),
    }
    return page(request, "place.html", "places", context)


def _recorded(form: PlaceForm, by: str, commune: Commune, known: Place | None) -> Place | None:
    """The place as the form says it; None when it is refused, which the form then tells.

    A new one must not take the name for addresses of another: recording it would change that one.
    """
    name, address = form.cleaned_data["name"], form.cleaned_data["address"]
    slug = known.slug if known else slug_from(f"{name} {commune.name}")
    with transaction.atomic():
        if known is None and Place.objects.filter(slug=slug).exists():
            form.add_error("name", _("A place of this name is known already there: change it from its page."))
            return None
        try:
            return register.record_place(name, commune, by, slug=slug, address=address, point=form.point)
        except Refused as refusal:
            form.add_error(FIELD_OF.get(refusal.code), str(refusal))
            return None
