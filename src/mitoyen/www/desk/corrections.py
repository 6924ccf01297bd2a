"""The page that corrects readings: what would change is shown first, then written with who and why.

What is confirmed is what was shown, and once: the form carries the digest of the change. Sent twice, or on readings
that have changed since, it writes nothing.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.history.enums import BatchOrigin
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.refusal import Refused
from mitoyen.www.desk import recompute, rules, scope
from mitoyen.www.desk.batches import of_person
from mitoyen.www.desk.correcting import Change, one_reading, period, write, written
from mitoyen.www.desk.fields import DeskForm, Moment, Number, Reason
from mitoyen.www.desk.page import email_of, page, to
from mitoyen.www.desk.words import exact, meter_label, unit_word

ONE, PERIOD = "one", "period"
LARGEST = 1e12


class CorrectionForm(DeskForm):
    """One reading (its time and right value), or a period (two moments and a factor)."""

    what = forms.ChoiceField(
        label=gettext_lazy("What is wrong"),
        widget=forms.RadioSelect,
        choices=[
            (ONE, gettext_lazy("one reading")),
            (PERIOD, gettext_lazy("every reading of a period, by a factor (a wrong unit, a wrong coefficient)")),
        ],
        initial=ONE,
    )
    at = Moment(
        label=gettext_lazy("Moment of the reading, or start of the period"), help_text=gettext_lazy("Time in France.")
    )
    value = Number(
        label=gettext_lazy("Right value"),
        required=False,
        min_value=-LARGEST,
        max_value=LARGEST,
        help_text=gettext_lazy("For one reading."),
    )
    until = Moment(label=gettext_lazy("End of the period"), required=False, help_text=gettext_lazy("For a period."))
    factor = Number(
        label=gettext_lazy("Factor"),
        required=False,
        min_value=-1e6,
        max_value=1e6,
        help_text=gettext_lazy("For a period: what each reading is multiplied by, for example 0,001 from Wh to kWh."),
    )
    why = Reason(
        label=gettext_lazy("Why"), help_text=gettext_lazy("For example: index misread, supplier's note of 3 May.")
    )

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("what") == PERIOD:
            if said.get("until") is None and "until" not in self.errors:
                self.add_error("until", _("Say when the period ends."))
            elif said.get("at") and said.get("until") and said["until"] <= said["at"]:
                self.add_error("until", _("The period ends before it starts."))
            if not said.get("factor") and "factor" not in self.errors:
                self.add_error("factor", _("Say by what to multiply; it can't be 0."))
        elif said.get("value") is None and "value" not in self.errors:
            self.add_error("value", _("Say the right value."))
        return said


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Corrections made in one's communes, newest first."""
    person = rules.person_of(request)
    rows = of_person(person, Batch.objects.filter(origin=BatchOrigin.CORRECTION))
    return page(request, "corrections.html", "corrections", rows=rows)


def correct(request: HttpRequest, stream: Datastream) -> HttpResponse:
    """The form; on POST what would change is shown, and written only once it was confirmed."""
    form = CorrectionForm(request.POST if request.method == "POST" else None)
    change: Change | None = None
    outdated = False
    if request.method == "POST" and form.is_valid():
        try:
            change = _change(stream, form.cleaned_data)
            if "confirm" in request.POST:
                answer = _confirmed(request, change, form.cleaned_data["why"])
                if answer is not None:
                    return answer
                outdated = True
        except Refused as refusal:
            form.add_error("at" if refusal.code == "no_such_reading" else None, str(refusal))
    building = scope.building_of(stream.thing)
    context = {
        "form": form,
        "change": change,
        "outdated": outdated,
        "sample": [(at, exact(old, stream.unit), exact(new, stream.unit)) for at, old, new in change.sample]
        if change
        else [],
        "stream": stream,
        "building": building,
        "label": meter_label(stream.thing, stream.observed_property),
        "unit": unit_word(stream.unit),
        "back": reverse("desk:building", args=[building.slug]),
    }
    return page(request, "correct.html", "corrections", context)


def _confirmed(request: HttpRequest, change: Change, why: str) -> HttpResponse | None:
    """Write what was shown, or say that it is written; nothing when another change was shown. Raises Refused."""
    shown = request.POST.get("shown", "")
    if shown == change.digest:
        try:
            batch = write(change, email_of(request), why)
        except Refused:
            # The same form, sent in the same moment, may have been faster.
            if written(shown) is None:
                raise
        else:
            recompute.ask(email_of(request))
            return to(request, "batch", batch.pk, said=_("The correction is written. It can be taken back here."))
    before = written(shown)
    said = _("This correction was written already: it was not made a second time.")
    return to(request, "batch", before.pk, said=said) if before else None


def _change(stream: Datastream, said: dict[str, Any]) -> Change:
    if said["what"] == ONE:
        return one_reading(stream, said["at"], said["value"])
    return period(stream, said["at"], said["until"], said["factor"])
