"""Which contractors work for a partner: they see its work orders, and no others."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.operate.work import ordering
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Partner, Person
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.page import email_of, to


class CrewForm(DeskForm):
    """One of the contractors who don't work for this partner yet."""

    person = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("Contractor"), empty_label=gettext_lazy("Choose…")
    )

    def __init__(self, partner: Partner, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)
        # Without the role, or with a closed account, the link would open nothing.
        found = Person.objects.filter(is_active=True, roles__name=RoleName.CONTRACTOR).exclude(crews__partner=partner)
        field.queryset = found.distinct().order_by("name", "email")


def crew_of(partner: Partner) -> QuerySet[Person]:
    """Who works for it, by name."""
    return Person.objects.filter(crews__partner=partner).order_by("name", "email")


def join(request: HttpRequest, partner: Partner) -> HttpResponse:
    """Say that a contractor works for it."""
    from mitoyen.www.desk import partners

    form = CrewForm(partner, request.POST)
    if not form.is_valid():
        return partners.shown(request, partner, form, status=422)
    person = form.cleaned_data["person"]
    ordering.work_for(person, partner, email_of(request))
    said = _("%(person)s works for %(partner)s and sees its work orders. To undo it, choose “Take out” below.")
    return to(request, "partner", partner.pk, said=said % {"person": person, "partner": partner.name})


def leave(request: HttpRequest, partner: Partner) -> HttpResponse:
    """Say that a contractor no longer works for it."""
    text = request.POST.get("person", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 15 else 0
    person = crew_of(partner).filter(pk=number).first()
    if person is None:
        return to(request, "partner", partner.pk, said=_("Nobody of that name works for it."))
    ordering.work_no_longer_for(person, partner, email_of(request))
    said = _("%(person)s no longer works for %(partner)s. To undo it, add them again.")
    return to(request, "partner", partner.pk, said=said % {"person": person, "partner": partner.name})
