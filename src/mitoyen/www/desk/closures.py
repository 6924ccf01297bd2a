"""Closed days: of one building, of a commune's buildings, or of all."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.evaluate.actions import record_closure
from mitoyen.evaluate.models import Closure
from mitoyen.ledger import audit
from mitoyen.territory import perms
from mitoyen.territory.models import Commune, Person, Thing
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.fields import Day, DeskForm
from mitoyen.www.desk.page import email_of, page, to

LONGEST_DAYS = 731


class ClosureForm(DeskForm):
    """Where and when; the choice of places is what the person may decide for."""

    where = forms.ChoiceField(label=gettext_lazy("Where"))
    first = Day(label=gettext_lazy("First closed day"))
    last = Day(label=gettext_lazy("Last closed day"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=120, help_text=gettext_lazy("For example: school holidays, works.")
    )

    def __init__(self, *arguments: Any, person: Person, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["where"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _places(person)

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day comes before the first one."))
        elif first and last and (last - first).days > LONGEST_DAYS:
            self.add_error("last", _("A closure lasts two years at most."))
        return self.cleaned_data


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The closed days of one's communes and of the whole territory, newest first."""
    person = rules.person_of(request)
    held = scope.seen(person)
    closures = Closure.objects.select_related("thing__commune", "thing__part_of__commune", "commune")
    shown = [
        (closure, rules.edits_closure(person, closure))
        for closure in closures.order_by("-first", "-id")[:500]
        if (not closure.thing and not closure.commune) or held.covers(_commune(closure))
    ]
    may_record = rules.records_somewhere(person, None)
    return page(request, "closures.html", "closures", rows=shown, may_record=may_record)


def new(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The form, and on POST the days recorded. Undone by removing them from the list."""
    person = rules.person_of(request)
    where = request.GET.get("ou", "")
    form = ClosureForm(request.POST if request.method == "POST" else None, person=person, initial={"where": where})
    if request.method == "POST" and form.is_valid():
        thing, commune = _place(form.cleaned_data["where"])
        days = {name: form.cleaned_data[name] for name in ("first", "last", "reason")}
        record_closure(email_of(request), thing=thing, commune=commune, **days)
        return to(request, "closures", said=_("The closed days are recorded. To undo it, remove them from this list."))
    return page(request, "closure.html", "closures", form=form)


def remove(request: HttpRequest, closure: Closure) -> HttpResponse:
    """Take closed days away; the audit trail keeps them."""
    with transaction.atomic():
        days = {"first": str(closure.first), "last": str(closure.last), "reason": closure.reason}
        where = closure.thing.slug if closure.thing else closure.commune_id or "territory"
        audit.record(email_of(request), "closure.remove", where, **days)
        closure.delete()
    return to(request, "closures", said=_("The closed days are removed. Record them again if this was a mistake."))


def _places(person: Person) -> list[tuple[str, Any]]:
    """What the person may decide for, grouped: the whole territory, communes, buildings."""
    held = scope.managed(person)
    buildings = held.restrict(Thing.objects.filter(kind="building"), "commune").order_by("name")
    places: list[tuple[str, Any]] = [("", _("Choose…"))]
    if perms.can_record_action(person, None):
        places.append(("all", _("every building of the territory")))
    communes = [
        (f"commune:{c.insee}", _("every building of %(commune)s") % {"commune": c.name}) for c in scope.communes(held)
    ]
    named = [(f"thing:{slug}", name) for slug, name in buildings.values_list("slug", "name")]
    return [*places, (_("A commune"), communes), (_("One building"), named)]


def _place(chosen: str) -> tuple[Thing | None, Commune | None]:
    kind, _colon, key = chosen.partition(":")
    if kind == "thing":
        return Thing.objects.get(slug=key), None
    return None, Commune.objects.get(insee=key) if kind == "commune" else None


def _commune(closure: Closure) -> Commune | None:
    return scope.commune_of(closure.thing) if closure.thing else closure.commune
