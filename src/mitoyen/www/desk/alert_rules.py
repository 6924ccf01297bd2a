"""Alert rules as communes tune them: other thresholds, another duration, or off; each time with a reason."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.formats import localize
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts import perms, tuning
from mitoyen.operate.alerts.models import Tuning
from mitoyen.operate.alerts.wording import usage_title
from mitoyen.territory.models import Commune, Person
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.fields import DeskForm, Number, Reason
from mitoyen.www.desk.page import email_of, page, to

Named = tuple[Usage, AlertRule]
# What the thresholds of declared methods are called; those of a usage's own code are called as its texts say.
THRESHOLDS = {
    "above": gettext_lazy("Above"),
    "below": gettext_lazy("Below"),
    "clear": gettext_lazy("Over again at"),
    "rise_an_hour": gettext_lazy("Rise in an hour"),
    "fall_an_hour": gettext_lazy("Fall in an hour"),
    "intervals": gettext_lazy("Usual intervals without a reading"),
    "hours": gettext_lazy("Hours with the same value"),
    "least_readings": gettext_lazy("Readings at least"),
    "times_spread": gettext_lazy("Times the usual spread"),
    "least_peers": gettext_lazy("Others to compare with, at least"),
    "least": gettext_lazy("Difference at least"),
}


class TuningForm(DeskForm):
    """One commune's way with a rule; an empty field leaves what the usage declares."""

    def __init__(self, named: Named, communes: list[Commune], data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        usage, rule = named
        choices = [(one.insee, one.name) for one in communes]
        self.fields["commune"] = forms.ChoiceField(label=gettext_lazy("Commune"), choices=choices)
        for name, value in rule.thresholds.items():
            shown = localize(int(value) if value == int(value) else value)
            told = _("%(label)s (declared: %(value)s)") % {"label": called(usage, rule, name), "value": shown}
            self.fields[f"t_{name}"] = Number(label=told, required=False)
        told = _("Minutes that it must last (declared: %(value)d)") % {"value": rule.minutes}
        self.fields["minutes"] = forms.IntegerField(label=told, required=False, min_value=0, max_value=10_080)
        self.fields["off"] = forms.BooleanField(label=gettext_lazy("No alert of this rule here"), required=False)
        self.fields["why"] = Reason(label=gettext_lazy("Why"))

    def thresholds(self) -> dict[str, float]:
        cleaned = self.cleaned_data
        return {name[2:]: value for name, value in cleaned.items() if name[:2] == "t_" and value is not None}


def called(usage: Usage, rule: AlertRule, name: str) -> str:
    """What a threshold is called in the language of the page."""
    try:
        return usage.text(f"thresholds.{name}", (get_language() or "fr")[:2])
    except KeyError:
        known = THRESHOLDS.get(name) if rule.method != "code" else None
        return str(known) if known else name.replace("_", " ")


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Every alert rule of the installed usages, and where it is tuned."""
    tuned: dict[tuple[str, str], list[Tuning]] = {}
    for one in Tuning.objects.select_related("commune").defer("commune__geometry"):
        tuned.setdefault((one.usage, one.rule), []).append(one)
    language = (get_language() or "fr")[:2]
    groups = [
        (
            usage_title(name),
            [
                (name, rule, usage.text(f"alerts.{rule.name}.title", language), tuned.get((name, rule.name), []))
                for rule in usage.manifest.alerts
            ],
        )
        for name, usage in sorted(installed().items())
        if usage.manifest.alerts
    ]
    return page(request, "alert_rules.html", "now", {"groups": groups})


def tune(request: HttpRequest, named: Named) -> HttpResponse:
    """Tune a rule in one commune, or put it back as declared."""
    usage, rule = named
    person = rules.person_of(request)
    form = TuningForm(named, _communes(person), request.POST or None, _first(request, usage, rule))
    if request.method == "POST" and form.is_valid():
        commune = Commune.objects.get(insee=form.cleaned_data["commune"])
        if not perms.can_tune(person, commune):
            raise PermissionDenied
        try:
            said = _kept(request, form, usage.manifest.name, rule, commune)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return to(request, "alert-rules", said=said)
    past = Tuning.objects.filter(usage=usage.manifest.name, rule=rule.name).select_related("commune")
    context = {
        "form": form,
        "rule": rule,
        "title": usage.text(f"alerts.{rule.name}.title", (get_language() or "fr")[:2]),
        "usage": usage_title(usage.manifest.name),
        "tunings": past.defer("commune__geometry"),
    }
    return page(request, "alert_rule.html", "now", context, status=422 if form.errors else 200)


def _kept(request: HttpRequest, form: TuningForm, usage: str, rule: AlertRule, commune: Commune) -> str:
    given, by, why = form.cleaned_data, email_of(request), form.cleaned_data["why"]
    thresholds, minutes, off = form.thresholds(), given["minutes"], given["off"]
    if not thresholds and minutes is None and not off:
        tuning.untune(usage, rule.name, commune, by, why)
        return _("In %(commune)s this rule is as declared.") % {"commune": commune.name}
    tuning.tune(usage, rule.name, commune, by, why, thresholds=thresholds, minutes=minutes, off=off)
    return _("In %(commune)s this rule is tuned. Empty all fields to undo it.") % {"commune": commune.name}


def _communes(person: Person) -> list[Commune]:
    return scope.communes(perms.tunes(person))


def _first(request: HttpRequest, usage: Usage, rule: AlertRule) -> dict[str, Any]:
    """As it is tuned now in the commune that the address names."""
    insee = request.GET.get("commune", "")
    known = Tuning.objects.filter(usage=usage.manifest.name, rule=rule.name, commune=insee).first()
    first: dict[str, Any] = {"commune": insee}
    if known is not None:
        first |= {f"t_{name}": value for name, value in known.thresholds.items()}
        first |= {"minutes": known.minutes, "off": known.off}
    return first
