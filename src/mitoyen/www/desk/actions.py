"""What was done, when and at what cost: recorded, changed and taken back."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.evaluate.actions import record_action, remove_action
from mitoyen.evaluate.models import Action
from mitoyen.ledger import audit
from mitoyen.territory.models import Thing
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.fields import Day, DeskForm, Number, Reason
from mitoyen.www.desk.page import email_of, page, to
from mitoyen.www.desk.scope import building_of
from mitoyen.www.desk.words import property_choices

KINDS = (
    ("insulation", gettext_lazy("insulation")),
    ("heating", gettext_lazy("heating: boiler, network, distribution")),
    ("setting", gettext_lazy("settings and time tables")),
    ("lighting", gettext_lazy("lighting")),
    ("ventilation", gettext_lazy("ventilation")),
    ("water", gettext_lazy("water")),
    ("renewable", gettext_lazy("solar panels and other renewable energy")),
    ("use", gettext_lazy("habits and use of the building")),
    ("other", gettext_lazy("other")),
)
LARGEST_COST = 1e9


class ActionForm(DeskForm):
    """One dated action; its cost may come later."""

    title = forms.CharField(
        label=gettext_lazy("What was done"),
        max_length=160,
        help_text=gettext_lazy("In a few words, for example: roof insulated."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of action"), required=False, choices=[("", gettext_lazy("not said")), *KINDS]
    )
    observed_property = forms.ChoiceField(
        label=gettext_lazy("What it acts on"),
        required=False,
        help_text=gettext_lazy("A saving on other meters will not be attributed to it."),
    )
    starts = Day(label=gettext_lazy("First day of the works"))
    ends = Day(
        label=gettext_lazy("Last day of the works"),
        required=False,
        help_text=gettext_lazy("Leave it empty while they last, or when it took a day."),
    )
    cost_eur = Number(label=gettext_lazy("Cost in euros, excluding tax"), required=False, min_value=0)
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["observed_property"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("every meter of the building")), *property_choices()]

    def clean_cost_eur(self) -> Decimal | None:
        cost: float | None = self.cleaned_data["cost_eur"]
        if cost is not None and cost >= LARGEST_COST:
            raise forms.ValidationError(_("This cost is too large to be true."))
        return None if cost is None else Decimal(str(cost)).quantize(Decimal("0.01"))

    def clean(self) -> dict[str, Any]:
        starts, ends = self.cleaned_data.get("starts"), self.cleaned_data.get("ends")
        if starts and ends and ends < starts:
            self.add_error("ends", _("The last day comes before the first one."))
        return self.cleaned_data


class TakeBackForm(DeskForm):
    """Why an action is taken back."""

    why = Reason(label=gettext_lazy("Why do you take it back?"))


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The actions of one's communes, newest first."""
    person = rules.person_of(request)
    actions = scope.restrict_things(scope.seen(person), Action.objects.all(), "thing")
    found = actions.select_related("thing__commune", "thing__part_of__commune").order_by("-starts", "-id")[:300]
    return page(request, "actions.html", "actions", rows=found, may_record=rules.records_somewhere(person, None))


def new(request: HttpRequest, thing: Thing) -> HttpResponse:
    """The form, and on POST the action recorded. Undone by taking it back."""
    form = ActionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        record_action(email_of(request), thing, **form.cleaned_data)
        said = _("“%(title)s” is recorded. To undo it, take the action back from its page.") % form.cleaned_data
        return to(request, "building", thing.slug, said=said)
    back = reverse("desk:building", args=[thing.slug])
    return page(request, "action.html", "actions", form=form, thing=thing, back=back)


def edit(request: HttpRequest, action: Action) -> HttpResponse:
    """Change an action; the audit trail keeps what it said before."""
    before = _said(action)
    form = ActionForm(request.POST if request.method == "POST" else None, initial=_stored(action))
    if request.method == "POST" and form.is_valid():
        for name, value in form.cleaned_data.items():
            setattr(action, name, value)
        with transaction.atomic():
            action.save()
            detail = {"id": action.pk, "before": before, "after": _said(action)}
            audit.record(email_of(request), "action.change", action.thing.slug, **detail)
        said = _("The action is changed. The audit trail keeps what it said before.")
        return to(request, "building", building_of(action.thing).slug, said=said)
    return _edit_page(request, action, form, TakeBackForm())


def take_back(request: HttpRequest, action: Action) -> HttpResponse:
    """Remove an action recorded by mistake; the audit trail keeps it, with the reason."""
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, action, ActionForm(initial=_stored(action)), form)
    slug = building_of(action.thing).slug
    remove_action(email_of(request), action, form.cleaned_data["why"])
    return to(request, "building", slug, said=_("The action is taken back. Record it again if this was a mistake."))


def _edit_page(request: HttpRequest, action: Action, form: ActionForm, take_back: TakeBackForm) -> HttpResponse:
    building = building_of(action.thing)
    context = {"form": form, "take_back": take_back, "action": action, "thing": building}
    return page(request, "action.html", "actions", {**context, "back": reverse("desk:building", args=[building.slug])})


def _stored(action: Action) -> dict[str, Any]:
    return {name: getattr(action, name) for name in ActionForm.base_fields}


def _said(action: Action) -> dict[str, Any]:
    """The action as the audit trail keeps it."""
    return {name: None if value is None else str(value) for name, value in _stored(action).items()}
