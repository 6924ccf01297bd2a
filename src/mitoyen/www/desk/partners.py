"""The organisations that the territory works with, and what was agreed with each."""

from collections import Counter

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Partner
from mitoyen.territory.partners import agreements_on, record_partner
from mitoyen.territory.register import slug_from
from mitoyen.www.desk import rules
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.page import email_of, page, to
from mitoyen.www.desk.work_crews import CrewForm, crew_of

A_PAGE = 100
LONGEST_SLUG = 80


class PartnerForm(DeskForm):
    """An organisation."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    kind = forms.CharField(
        label=gettext_lazy("Kind of organisation"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("For example: association, company, school, network operator."),
    )
    website = forms.URLField(
        label=gettext_lazy("Website"),
        required=False,
        max_length=200,
        assume_scheme="https",
        help_text=gettext_lazy("For example: https://www.example.org"),
    )


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Every partner by name, with how many agreements are in force today."""
    shown = Paginator(Partner.objects.order_by("name", "pk"), A_PAGE).get_page(request.GET.get("page"))
    current = agreements_on(timezone.localdate()).filter(partner__in=list(shown)).order_by()
    in_force = Counter(current.values_list("partner", flat=True))
    context = {
        "rows": [(partner, in_force[partner.pk]) for partner in shown],
        "shown": shown,
        "by_name": True,
        "may_manage": rules.manages_partners(rules.person_of(request), None),
    }
    return page(request, "partners.html", "partners", context)


def story(request: HttpRequest, partner: Partner) -> HttpResponse:
    """One partner: what was agreed, from when to when; its crew, for whoever may say who works for it."""
    return shown(request, partner)


def shown(request: HttpRequest, partner: Partner, crew: CrewForm | None = None, status: int = 200) -> HttpResponse:
    """The page of a partner, with the form of its crew as it was sent, if it was."""
    today = timezone.localdate()
    agreements = [
        (agreement, agreement.starts > today, agreement.ends is not None and agreement.ends < today)
        for agreement in partner.agreements.order_by("-starts", "-pk")
    ]
    person = rules.person_of(request)
    may_say = rules.says_who_works(person, partner)
    context = {
        "partner": partner,
        "agreements": agreements,
        "may_manage": rules.manages_partners(person, partner),
        "may_say_who_works": may_say,
        "crew": crew_of(partner) if may_say else (),
        "form": (crew or CrewForm(partner)) if may_say else None,
    }
    return page(request, "partner.html", "partners", context, status=status)


def new(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The form, and on POST the partner recorded."""
    form = PartnerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        partner = _recorded(form, email_of(request), None)
        if partner is not None:
            said = _("The partner is recorded. To undo a slip, change it from its page.")
            return to(request, "partner", partner.pk, said=said)
    return page(request, "partner_form.html", "partners", form=form, back=reverse("desk:partners"))


def edit(request: HttpRequest, partner: Partner) -> HttpResponse:
    """Change a partner; the audit trail keeps each state."""
    initial = {"name": partner.name, "kind": partner.kind, "website": partner.website}
    form = PartnerForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid() and _recorded(form, email_of(request), partner) is not None:
        return to(request, "partner", partner.pk, said=_("The partner is changed. To undo it, change it back."))
    back = reverse("desk:partner", args=[partner.pk])
    return page(request, "partner_form.html", "partners", form=form, partner=partner, back=back)


def _recorded(form: PartnerForm, by: str, known: Partner | None) -> Partner | None:
    """The partner as the form says it; None when it is refused, which the form then tells.

    A new one must not take the name for addresses of another: recording it would change that one.
    """
    said = form.cleaned_data
    slug = known.slug if known else slug_from(said["name"], LONGEST_SLUG)
    with transaction.atomic():
        if known is None and Partner.objects.filter(slug=slug).exists():
            form.add_error("name", _("A partner of this name is known already: change it from its page."))
            return None
        try:
            return record_partner(said["name"], by, slug=slug, kind=said["kind"], website=said["website"])
        except Refused as refusal:
            form.add_error("website" if refusal.code == "bad_address" else "name", str(refusal))
            return None
