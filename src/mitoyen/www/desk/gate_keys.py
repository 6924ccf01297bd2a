"""Keys of the machines' door: whose there are and what each may do; a new one, shown once; one taken out."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from mitoyen.connect.devices.models import DeviceModel
from mitoyen.connect.uplinks.formats import FORMATS
from mitoyen.gate import issuing
from mitoyen.gate.limits import OBSERVATIONS, READ, UPLINKS, Limits
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Commune
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.page import email_of, page, say_refusal, to

RIGHTS = {
    OBSERVATIONS: gettext_lazy("send readings"),
    UPLINKS: gettext_lazy("send messages of devices"),
    READ: gettext_lazy("read what is known of a measure"),
}


class KeyForm(DeskForm):
    """Whose key, what it may do, and to what that is limited."""

    name = forms.CharField(
        label=gettext_lazy("Name of the sender"),
        max_length=60,
        help_text=gettext_lazy("Letters, digits, dots and dashes. It stands beside what comes with this key."),
        validators=[RegexValidator(r"^[\w.-]+$", gettext_lazy("Letters, digits, dots and dashes only."))],
    )
    may = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=list(RIGHTS.items()), widget=forms.CheckboxSelectMultiple
    )
    formats = forms.MultipleChoiceField(
        label=gettext_lazy("Only messages in these formats"),
        required=False,
        choices=[(one.name, one.title) for one in FORMATS],
        widget=forms.CheckboxSelectMultiple,
    )
    models = forms.MultipleChoiceField(
        label=gettext_lazy("Only devices of these models"), required=False, widget=forms.CheckboxSelectMultiple
    )
    communes = forms.MultipleChoiceField(
        label=gettext_lazy("Only what stands in these communes"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, choices in (
            ("models", [(one.slug, str(one)) for one in DeviceModel.objects.order_by("maker", "name")]),
            ("communes", list(Commune.objects.order_by("slug").values_list("insee", "name"))),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = choices


@never_cache
def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The keys there are, and the form; on POST the new one, which this answer alone shows."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    key = ""
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        limits = {name: said[name] for name in ("may", "formats", "models", "communes")}
        try:
            key = issuing.issue(said["name"], email_of(request), **limits)
        except Refused as refusal:
            form.add_error("may" if refusal.code == "may" else "name", str(refusal))
    name, status = form.data.get("name", ""), 422 if form.errors else 200
    context = {"form": KeyForm() if key else form, "key": key, "name": name, "rows": _rows()}
    return page(request, "gate_keys.html", "gate-keys", {**context, "action": reverse("desk:gate-keys")}, status=status)


def take_out(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Every key of one name, refused from now on."""
    try:
        issuing.revoke(request.POST.get("name", ""), email_of(request))
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "gate-keys")
    return to(request, "gate-keys", said=_("The key is taken out. Its sender needs a new one."))


def _rows() -> list[tuple[str, list[str], list[str]]]:
    """Name, what its key may do, and to what that is limited."""
    holders = issuing.listed()
    models = {one.slug: str(one) for one in DeviceModel.objects.all()} if any(h.limits.models for h in holders) else {}
    communes = dict(Commune.objects.values_list("insee", "name")) if any(h.limits.communes for h in holders) else {}
    return [(one.name, _rights(one.limits), _limited(one.limits, models, communes)) for one in holders]


def _rights(limits: Limits) -> list[str]:
    return [str(label) for right, label in RIGHTS.items() if right in limits.may]


def _limited(limits: Limits, models: dict[str, str], communes: dict[str, str]) -> list[str]:
    titles = {one.name: one.title for one in FORMATS}
    return [
        names.get(one, one)
        for values, names in ((limits.formats, titles), (limits.models, models), (limits.communes, communes))
        for one in sorted(values)
    ]
