"""What was agreed with a partner: recorded with its purpose, its data and its term, and ended on a day."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Agreement, Partner
from mitoyen.territory.partners import agree, end_agreement
from mitoyen.www.desk.fields import Day, DeskForm
from mitoyen.www.desk.page import email_of, page, to


class AgreementForm(DeskForm):
    """One agreement; its last day may come later."""

    purpose = forms.CharField(
        label=gettext_lazy("What for"),
        max_length=2000,
        help_text=gettext_lazy("In a sentence, for example: to publish the readings of its meters as open data."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    shared = forms.CharField(
        label=gettext_lazy("Which data"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("What each side gives, and to whom it may be shown."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    starts = Day(label=gettext_lazy("First day"))
    ends = Day(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Leave it empty while no end is agreed."),
    )

    def clean(self) -> dict[str, Any]:
        starts, ends = self.cleaned_data.get("starts"), self.cleaned_data.get("ends")
        if starts and ends and ends < starts:
            self.add_error("ends", _("The last day comes before the first one."))
        return self.cleaned_data


class EndForm(DeskForm):
    """The last day of an agreement."""

    ends = Day(label=gettext_lazy("Last day"))


def new(request: HttpRequest, partner: Partner) -> HttpResponse:
    """The form, and on POST the agreement recorded; a slip is ended on its first day."""
    form = AgreementForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        agree(partner, said["purpose"], said["starts"], email_of(request), data=said["shared"], ends=said["ends"])
        done = _("The agreement is recorded. After a slip, end it on its first day and record it again.")
        return to(request, "partner", partner.pk, said=done)
    back = reverse("desk:partner", args=[partner.pk])
    return page(request, "agreement.html", "partners", form=form, partner=partner, back=back)


def end(request: HttpRequest, agreement: Agreement) -> HttpResponse:
    """Give the agreement its last day. Undone by giving it another one."""
    partner = agreement.partner
    form = EndForm(request.POST if request.method == "POST" else None, initial={"ends": agreement.ends})
    if request.method == "POST" and form.is_valid():
        try:
            end_agreement(agreement, form.cleaned_data["ends"], email_of(request))
        except Refused as refusal:
            form.add_error("ends", str(refusal))
        else:
            said = _("The agreement has its last day. To undo it, give it another one.")
            return to(request, "partner", partner.pk, said=said)
    context = {"form": form, "partner": partner, "agreement": agreement}
    return page(
        request, "agreement_end.html", "partners", {**context, "back": reverse("desk:partner", args=[partner.pk])}
    )
