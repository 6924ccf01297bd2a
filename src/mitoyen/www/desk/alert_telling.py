"""Which alerts a person is told of by mail: from which level on, and about what."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.manifests.registry import installed
from mitoyen.operate.alerts import telling
from mitoyen.operate.alerts.enums import DEVICES, Least
from mitoyen.operate.alerts.wording import usage_title
from mitoyen.www.desk import rules
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.page import page, to


class TellingForm(DeskForm):
    """From which level on, and about which usages."""

    least = forms.ChoiceField(label=gettext_lazy("Tell me by mail"), choices=Least.choices)
    about = forms.MultipleChoiceField(label=gettext_lazy("About"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["about"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, usage_title(name)) for name in _usages()]


def choose(request: HttpRequest, _nothing: None) -> HttpResponse:
    """What the person is told of now, and the form to change it."""
    person = rules.person_of(request)
    now = telling.wishes(person)
    first = {"least": now.least, "about": [name for name in _usages() if name not in now.quiet]}
    form = TellingForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        # What is not installed today stays as it was said.
        quiet = {*_usages(), *now.quiet} - set(form.cleaned_data["about"])
        telling.wish(person, form.cleaned_data["least"], quiet)
        return to(request, "now", said=_("Kept. To undo it, choose otherwise on the same page."))
    context = {"form": form, "email": person.email, "sends": bool(settings.MITOYEN["mail_host"])}
    return page(request, "alert_telling.html", "now", context, status=422 if form.errors else 200)


def _usages() -> list[str]:
    """Those that can raise an alert."""
    return [DEVICES, *sorted(name for name, usage in installed().items() if usage.manifest.alerts)]
