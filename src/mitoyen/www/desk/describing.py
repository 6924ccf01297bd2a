"""A building's own facts (floor area, users, use, opening hours), as the installed usages declare them."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.manifests import registry
from mitoyen.manifests.load import Usage
from mitoyen.manifests.schema import Attribute
from mitoyen.operate.hours import HoursError, week
from mitoyen.territory.models import Thing
from mitoyen.www.desk.fields import DeskForm, Number
from mitoyen.www.desk.page import email_of, page, to
from mitoyen.www.desk.words import hours_word
from mitoyen.www.numbers import number

LARGEST = 1e7


def opening_hours(text: str) -> None:
    """Raises ValidationError for what can't be read as opening hours."""
    try:
        week(text)
    except HoursError as error:
        message = _("These hours cannot be read. Write, for example: Mo-Fr 08:00-18:00; Sa 09:00-12:00")
        raise forms.ValidationError(message) from error


def declared(kind: str) -> list[tuple[Usage, Attribute]]:
    """What the installed usages know of a kind of thing, each attribute once."""
    found: dict[str, tuple[Usage, Attribute]] = {}
    for usage in registry.installed().values():
        for thing_kind in usage.manifest.kinds:
            for attribute in thing_kind.attributes if thing_kind.name == kind else ():
                found.setdefault(attribute.name, (usage, attribute))
    return list(found.values())


def label_of(usage: Usage, key: str, fallback: str) -> str:
    """A text of the usage in the page's language, its key where it has none."""
    try:
        text = usage.text(key, (get_language() or "fr")[:2])
    except KeyError:
        return fallback
    return text[:1].upper() + text[1:]


class ThingForm(DeskForm):
    """The name, then one field for each attribute that a usage declares."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=160)

    def __init__(self, *arguments: Any, kind: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for usage, attribute in declared(kind):
            self.fields[attribute.name] = _field(usage, attribute)


def edit(request: HttpRequest, thing: Thing) -> HttpResponse:
    """The form, and on POST what was said is kept; the audit trail keeps what stood before."""
    initial = {**thing.attributes, "name": thing.name}
    form = ThingForm(request.POST if request.method == "POST" else None, kind=thing.kind, initial=initial)
    if request.method == "POST" and form.is_valid():
        _keep(thing, dict(form.cleaned_data), email_of(request))
        said = _("The building is described anew. The audit trail keeps what stood before.")
        return to(request, "building", thing.slug, said=said)
    back = reverse("desk:building", args=[thing.slug])
    return page(request, "describe.html", "buildings", form=form, thing=thing, back=back)


def facts(thing: Thing) -> list[tuple[str, Any, str]]:
    """(label, value, unit) of each declared attribute that the thing has a value for."""
    shown = []
    for usage, attribute in declared(thing.kind):
        value = thing.attributes.get(attribute.name)
        if value in (None, ""):
            continue
        if attribute.choices:
            value = label_of(usage, f"choices.{attribute.name}.{value}", str(value)).lower()
        elif attribute.type == "opening_hours":
            value = hours_word(str(value))
        elif attribute.type == "number":
            value = number(float(value), 0 if float(value).is_integer() else 1)
        shown.append((label_of(usage, f"attributes.{attribute.name}", attribute.name), value, attribute.unit))
    return shown


def _keep(thing: Thing, said: dict[str, Any], by: str) -> None:
    before = {"name": thing.name, **thing.attributes}
    thing.name = said.pop("name")
    for name, value in said.items():
        if value in (None, ""):
            thing.attributes.pop(name, None)
        else:
            thing.attributes[name] = value
    with transaction.atomic():
        thing.save(update_fields=["name", "attributes"])
        audit.record(by, "thing.describe", thing.slug, before=before, after={"name": thing.name, **thing.attributes})


def _field(usage: Usage, attribute: Attribute) -> forms.Field:
    label = label_of(usage, f"attributes.{attribute.name}", attribute.name)
    if attribute.choices:
        choices = [(c, label_of(usage, f"choices.{attribute.name}.{c}", c)) for c in attribute.choices]
        return forms.ChoiceField(label=label, required=attribute.required, choices=[("", _("not said")), *choices])
    if attribute.type == "number":
        return Number(label=label, required=attribute.required, min_value=0, max_value=LARGEST)
    if attribute.type == "opening_hours":
        hint = _("For example: Mo-Fr 08:00-18:00; Sa 09:00-12:00 (Mo Tu We Th Fr Sa Su: Monday to Sunday).")
        field = forms.CharField(label=label, required=attribute.required, max_length=200, help_text=hint)
        field.validators.append(opening_hours)
        return field
    return forms.CharField(label=label, required=attribute.required, max_length=200)
