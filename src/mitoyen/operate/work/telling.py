"""Whoever is given a work order is told by mail, once each time it is given to them."""

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.operate.work.models import WorkFact, WorkOrder
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Person

ABOUT = "work-order"


def tell_given(order: WorkOrder, fact: WorkFact) -> int:
    """Queue a message to each who now has the order, inside the caller's transaction; how many. Nobody is told of what
    they gave to themselves."""
    if not settings.MITOYEN["mail_host"]:
        return 0
    people = list(_who(order).exclude(email=fact.by))
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Work order %(number)d: %(title)s") % {"number": order.pk, "title": order.title}
        body = _body(order)
    for person in people:
        outbox.put(
            NoticeWay.MAIL, person.email, body, key=f"{ABOUT}:{fact.pk}:{person.pk}", about=f"{ABOUT}:{order.pk}",
            name=person.name, subject=subject[:200], language=settings.LANGUAGE_CODE[:2],
        )  # fmt: skip
    return len(people)


def _who(order: WorkOrder) -> QuerySet[Person]:
    """The agent, or the partner's contractors: those who may open it."""
    able = Person.objects.filter(is_active=True)
    if order.partner_id is None:
        return able.filter(work_orders=order)
    return able.filter(crews__partner=order.partner_id, roles__name=RoleName.CONTRACTOR).distinct()


def _body(order: WorkOrder) -> str:
    where = ", ".join(part for part in (order.thing.name, str(order.commune or "")) if part)
    due = _("To be done by %(day)s.") % {"day": date_format(order.due, "DATE_FORMAT")} if order.due else ""
    base = str(settings.MITOYEN["public_url"]).rstrip("/")
    address = f"{base}{reverse('desk:order', args=[order.pk])}"
    return "\n\n".join(filter(None, [order.title, where, order.words, due, address]))
