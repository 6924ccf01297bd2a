"""Dated, costed actions and closed days: recorded by people, audited."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.evaluate.models import Action, Closure
from mitoyen.evaluate.periods import Period
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Commune, Thing


@transaction.atomic
def record_action(
    by: str,
    thing: Thing,
    title: str,
    starts: dt.date,
    *,
    ends: dt.date | None = None,
    observed_property: str = "",
    kind: str = "",
    cost_eur: Decimal | None = None,
    note: str = "",
) -> Action:
    """Something done on `thing` from `starts` on. The same action told twice is recorded once.

    Raises Refused when the title is empty, the end lies before the start, or the cost is negative.
    """
    if not title.strip():
        raise Refused(_("The action has no title."), _("Say in a few words what is done."), code="no_title")
    if ends is not None and ends < starts:
        raise Refused(_("The action ends before it starts."), _("Check the two dates."), code="bad_period")
    if cost_eur is not None and (not cost_eur.is_finite() or cost_eur < 0):
        raise Refused(
            _("The cost is not an amount in euros."), _("Write a number, or leave it empty."), code="bad_cost"
        )
    action, created = Action.objects.get_or_create(
        thing=thing,
        title=title.strip(),
        starts=starts,
        observed_property=observed_property,
        defaults={"ends": ends, "kind": kind, "cost_eur": cost_eur, "note": note, "recorded_by": by},
    )
    if created:
        cost = None if cost_eur is None else str(cost_eur)
        audit.record(by, "action.record", thing.slug, id=action.pk, title=action.title, starts=str(starts), cost=cost)
    return action


@transaction.atomic
def remove_action(by: str, action: Action, why: str) -> None:
    """Takes an action back; the audit trail keeps what it said, and why it went."""
    audit.record(
        by, "action.remove", action.thing.slug, id=action.pk, title=action.title, starts=str(action.starts), why=why
    )
    action.delete()


@transaction.atomic
def record_closure(
    by: str,
    first: dt.date,
    last: dt.date,
    *,
    thing: Thing | None = None,
    commune: Commune | None = None,
    reason: str = "",
) -> Closure:
    """Closed days of a building, or (no thing) of all those of a commune, or (neither) of the territory.

    The next evaluation takes them into account. Raises Refused when the end lies before the start.
    """
    if last < first:
        raise Refused(_("The closure ends before it starts."), _("Check the two dates."), code="bad_period")
    closure, created = Closure.objects.get_or_create(
        thing=thing, commune=commune, first=first, last=last, defaults={"reason": reason}
    )
    if created:
        subject = thing.slug if thing else commune.insee if commune else "territory"
        audit.record(by, "closure.record", subject, first=str(first), last=str(last), reason=reason)
    return closure


def closures_of(thing: Thing, commune: Commune | None, closures: Iterable[Closure]) -> list[Period]:
    """Of `closures`, those of a thing, of what it is part of, of its commune and of the territory, by date."""
    things = {thing.pk, thing.part_of_id} - {None}
    insee = commune.pk if commune else None
    found = {
        Period(one.first, one.last)
        for one in closures
        if one.thing_id in things or (one.thing_id is None and one.commune_id in (None, insee))
    }
    return sorted(found)


def actions_near(thing: Thing, observed_property: str, actions: Iterable[Action]) -> list[Action]:
    """Of `actions`, those on a thing or on what it is part of that may act on one of its properties."""
    things = {thing.pk, thing.part_of_id} - {None}
    return [one for one in actions if one.thing_id in things and one.observed_property in ("", observed_property)]
