"""“What to do Monday”: findings ranked by what is at stake, each with its evidence and its one-line action."""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from mitoyen.ledger.models import AuditEntry
from mitoyen.operate.enums import FindingState
from mitoyen.operate.findings import OPEN, decide, ranked
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import Described, describe
from mitoyen.territory.models import Person
from mitoyen.www.charts import Stretch
from mitoyen.www.dates import day
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.evidence import days_chart, hours_chart
from mitoyen.www.desk.fields import DeskForm, Reason
from mitoyen.www.desk.page import email_of, page, to
from mitoyen.www.desk.words import state_word
from mitoyen.www.numbers import amount, number

PLOTTED = 3
LISTED = 100
CHOICES = (FindingState.SEEN, FindingState.PLANNED, FindingState.DONE, FindingState.DISMISSED)
BEFORE = dt.timedelta(days=60)
AFTER = dt.timedelta(days=30)
LONGEST = dt.timedelta(days=800)


SHOWN = (
    ("ouvertes", pgettext_lazy("findings", "to be dealt with")),
    (FindingState.PLANNED.value, pgettext_lazy("findings", "planned")),
    (FindingState.DONE.value, pgettext_lazy("findings", "done")),
    (FindingState.DISMISSED.value, pgettext_lazy("findings", "set aside")),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A finding in the list: in words, with its plot for the first ones."""

    finding: Finding
    words: Described
    chart: SafeString | None

    @property
    def state(self) -> str:
        return state_word(self.finding.state)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, as the audit trail has it."""

    at: dt.datetime
    by: str
    before: str
    after: str
    reason: str

    @property
    def label(self) -> str:
        return state_word(self.after)


class DecisionForm(DeskForm):
    """What was decided. Setting a finding aside needs a reason; the others may have a note."""

    state = forms.ChoiceField(choices=[(s.value, s.label) for s in FindingState], widget=forms.HiddenInput)
    reason = Reason(label=gettext_lazy("Note"), required=False)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("state") == FindingState.DISMISSED and not self.cleaned_data.get("reason"):
            self.add_error("reason", _("Say why it is set aside: whoever sees it again will ask."))
        return self.cleaned_data


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The list, ranked by euros at stake; the first ones with their readings plotted."""
    person = rules.person_of(request)
    state, commune = request.GET.get("etat", SHOWN[0][0]), request.GET.get("commune", "")
    found = list(of_person(person, commune, _states(state))[:LISTED])
    lines = [
        Line(finding, describe(finding), evidence(finding) if rank < PLOTTED else None)
        for rank, finding in enumerate(found)
    ]
    context = {
        "lines": lines,
        "total_eur": sum(f.eur or 0 for f in found),
        "total_kwh": sum(f.amount or 0 for f in found if f.unit == "kWh"),
        "states": [(code, label, code == state) for code, label in SHOWN],
        "communes": scope.communes(scope.seen(person)),
        "commune": commune,
        "state": state,
    }
    return page(request, "findings.html", "findings", context)


def story(request: HttpRequest, finding: Finding) -> HttpResponse:
    """One finding on a page of its own: evidence, action, decisions made so far."""
    return page(request, "finding.html", "findings", **context_of(rules.person_of(request), finding, DecisionForm()))


def decision(request: HttpRequest, finding: Finding) -> HttpResponse:
    """Write a decision. Each is in the audit trail; the finding's page undoes the last one."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        context = context_of(rules.person_of(request), finding, form)
        return page(request, "finding.html", "findings", context, status=422)
    state = FindingState(form.cleaned_data["state"])
    decide(finding, state, email_of(request), form.cleaned_data["reason"])
    said = _("Noted: %(state)s. To undo it, choose “Undo the last decision” on this page.")
    return to(request, "finding", finding.pk, said=said % {"state": state_word(state)})


def undo(request: HttpRequest, finding: Finding) -> HttpResponse:
    """Put the finding back as it was before the last decision; the audit trail keeps both."""
    past = decisions(finding)
    if not past:
        return to(request, "finding", finding.pk, said=_("Nothing was decided yet: there is nothing to undo."))
    reason = past[1].reason if len(past) > 1 else ""
    before = past[0].before
    if before == FindingState.DISMISSED and not reason:
        reason = _("As it was before.")
    decide(finding, before, email_of(request), reason)
    said = _("The last decision is undone: %(state)s again.") % {"state": state_word(before)}
    return to(request, "finding", finding.pk, said=said)


def of_person(person: Person, commune: str = "", states: Iterable[str] = OPEN) -> QuerySet[Finding]:
    """The findings that lie where the person sees, the most at stake first."""
    rows = ranked(commune or None, states).defer("commune__geometry")
    return scope.seen(person).restrict(rows)


def context_of(person: Person, finding: Finding, form: DecisionForm) -> dict[str, Any]:
    """What a finding's story shows."""
    return {
        "finding": finding,
        "words": describe(finding),
        "state_word": state_word(finding.state),
        "chart": evidence(finding),
        "may_decide": rules.decides_finding(person, finding),
        "may_order": rules.opens_order(person, finding.thing) and finding.state in OPEN,
        "form": form,
        "choices": [state for state in CHOICES if state != finding.state],
        "decisions": decisions(finding),
        "building": scope.building_of(finding.thing),
    }


def evidence(finding: Finding) -> SafeString | None:
    """What was seen, marked where it happened: the hours that the rule kept, else the meter's days around it."""
    if finding.datastream is None:
        return None
    series = finding.evidence.get("series") or {}
    if series.get("step") == "hour":
        return hours_chart(series, evidence_title(finding), _("closed"))
    last = min(finding.last, timezone.localdate())
    first = max(finding.first - BEFORE, last - LONGEST)
    until = min(last + AFTER, timezone.localdate())
    marked = Stretch(max(first, finding.first), last, _("what was seen"))
    return days_chart(finding.datastream, first, until, evidence_title(finding), [marked])


def evidence_title(finding: Finding) -> str:
    """What the plot shows, in a few words with its two numbers."""
    kept, unit = finding.evidence, finding.unit
    since = day(finding.first)
    if "code" in kept:
        return _("From %(day)s on, these readings prove nothing") % {"day": since}
    values = {
        "measured": amount(kept.get("measured"), unit),
        "against": amount(kept.get("against"), unit),
        "day": since,
    }
    if (kept.get("series") or {}).get("step") == "hour":
        return _("Closed, %(measured)s an hour where %(against)s would do") % values
    if kept.get("against"):
        return _("%(measured)s a day where a usual day takes %(against)s") % values
    # A few litres an hour: three decimals of a m³ say nothing to anyone.
    values["litres"] = number(1000 * float(kept.get("measured") or 0))
    return _("Since %(day)s, never less than %(litres)s litres an hour at night") % values


def decisions(finding: Finding) -> list[Decision]:
    """What was decided, newest first, out of the audit trail."""
    entries = AuditEntry.objects.filter(subject=finding.key, action="finding.decide").order_by("-number")[:20]
    return [_decision(entry) for entry in entries]


def _decision(entry: AuditEntry) -> Decision:
    detail = json.loads(entry.detail)
    return Decision(entry.at, entry.actor, detail["before"], detail["after"], detail.get("reason", ""))


def _states(chosen: str) -> tuple[str, ...]:
    return (chosen,) if chosen in FindingState.values else tuple(OPEN)
