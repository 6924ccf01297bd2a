"""Organisations that the territory works with, and what was agreed with each: purpose, data, term."""

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Agreement, Partner
from mitoyen.territory.register import check_slug, slug_from


def record_partner(name: str, by: str, *, slug: str = "", kind: str = "", website: str = "") -> Partner:
    """Make a partner, or change one of this slug (made from the name when it is not given). Raises Refused."""
    slug = slug or slug_from(name, 80)
    check_slug(slug)
    if website:
        _check_website(website)
    with transaction.atomic():
        values = {"name": name.strip()[:120], "kind": kind[:40], "website": website}
        partner, created = Partner.objects.update_or_create(slug=slug, defaults=values)
        audit.record(by, "partner.recorded" if created else "partner.changed", slug, **values)
    return partner


def agree(
    partner: Partner, purpose: str, starts: date, by: str, *, data: str = "", ends: date | None = None
) -> Agreement:
    """Record an agreement. Raises Refused without a purpose, or when it would end before it starts."""
    if not purpose.strip():
        raise Refused(_("An agreement says what for."), _("Give its purpose in a sentence."), code="no_purpose")
    if ends is not None and ends < starts:
        raise Refused(_("The agreement would end before it starts."), code="bad_term")
    with transaction.atomic():
        agreement = Agreement.objects.create(
            partner=partner, purpose=purpose.strip(), data=data.strip(), starts=starts, ends=ends
        )
        about = {"id": agreement.pk, "purpose": agreement.purpose, "data": agreement.data}
        audit.record(by, "agreement.recorded", partner.slug, **about, starts=starts, ends=ends)
    return agreement


def end_agreement(agreement: Agreement, ends: date, by: str) -> None:
    """Set the last day of an agreement. Raises Refused when it would end before it starts."""
    if ends < agreement.starts:
        raise Refused(_("The agreement would end before it starts."), code="bad_term")
    with transaction.atomic():
        agreement.ends = ends
        agreement.save(update_fields=["ends"])
        audit.record(by, "agreement.ended", agreement.partner.slug, id=agreement.pk, ends=ends)


def agreements_on(day: date) -> QuerySet[Agreement]:
    """The agreements in force on a day, their partners with them."""
    in_force = Agreement.objects.filter(Q(ends=None) | Q(ends__gte=day), starts__lte=day)
    return in_force.select_related("partner").order_by("partner__name", "starts")


def _check_website(website: str) -> None:
    try:
        URLValidator(schemes=["https", "http"])(website)
    except ValidationError as error:
        raise Refused(_("%(address)s is not a web address.") % {"address": website[:80]}, code="bad_address") from error
