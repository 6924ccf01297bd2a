"""A work order's life: opened, given, under way, done, or cancelled; one function an act, each a fact that stays.

Closing an order closes no alert: the readings do. One that they still show after "done" says so (`still_shown`).
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.ledger import audit, pictures
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts import deciding
from mitoyen.operate.alerts.enums import Act
from mitoyen.operate.alerts.models import STILL_OPEN, Alert
from mitoyen.operate.models import Finding
from mitoyen.operate.work import telling
from mitoyen.operate.work.enums import WorkState
from mitoyen.operate.work.models import Crew, WorkAlert, WorkFact, WorkOrder, WorkPhoto
from mitoyen.territory.models import Partner, Person, Thing

S = WorkState
LIVE = (S.TO_DO, S.GIVEN, S.UNDER_WAY)
# From each state, those that it may go to.
MOVES = {
    S.TO_DO: (S.GIVEN, S.UNDER_WAY, S.DONE, S.CANCELLED),
    S.GIVEN: (S.UNDER_WAY, S.DONE, S.TO_DO, S.CANCELLED),
    S.UNDER_WAY: (S.DONE, S.TO_DO, S.CANCELLED),
    S.DONE: (S.TO_DO,),
    S.CANCELLED: (S.TO_DO,),
}
# Going there says why or what.
NEEDS_WORDS = frozenset({S.CANCELLED, S.TO_DO})
MOST_PHOTOS, LONGEST = 8, 4000
NOTICED_AFTER = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a new order is about: where it comes from, who does it and by when."""

    title: str
    thing: Thing
    words: str = ""
    alerts: Sequence[Alert] = ()
    finding: Finding | None = None
    request: int | None = None
    partner: Partner | None = None
    person: Person | None = None
    due: dt.date | None = None
    submission: uuid.UUID | None = None


def open_order(asked: Asked, by: str) -> WorkOrder:
    """Open an order, give it when it says to whom, and take its alerts in hand. The same submission again is that one.

    Raises Refused without a title, or with a day that has passed.
    """
    _check(asked)
    with transaction.atomic():
        known = WorkOrder.objects.filter(submission=asked.submission).first() if asked.submission else None
        if known is not None:
            return known
        thing = asked.thing
        order = WorkOrder.objects.create(
            submission=asked.submission, title=asked.title.strip()[:200], words=_words(asked.words),
            thing=thing, commune_id=thing.commune_id or (thing.part_of.commune_id if thing.part_of else None),
            finding=asked.finding, request_number=asked.request, due=asked.due, opened_by=by,
        )  # fmt: skip
        WorkAlert.objects.bulk_create(WorkAlert(order=order, alert=alert) for alert in asked.alerts)
        _fact(order, by, S.TO_DO)
        audit.record(by, "work_order.opened", str(order.pk), thing=thing.slug, alerts=[a.key for a in asked.alerts])
        deciding.decide(asked.alerts, Act.TAKEN, by, _("Work order %(number)s") % {"number": order.pk})
        if asked.partner or asked.person:
            give(order, by, partner=asked.partner, person=asked.person)
    return order


def give(
    order: WorkOrder, by: str, *, partner: Partner | None = None, person: Person | None = None,
    due: dt.date | None = None,
) -> WorkOrder:  # fmt: skip
    """Give an order to a partner or an agent, or to another one. Raises Refused when it is over, or given to nobody."""
    if partner is None and person is None:
        raise Refused(_("Say who is to do it."), code="nobody")
    with transaction.atomic():
        order = _locked(order)
        if order.state not in LIVE:
            raise _not_now(order)
        order.partner, order.person, order.state = partner, person, S.GIVEN
        order.due = due or order.due
        order.save(update_fields=["partner", "person", "state", "due"])
        to = partner.name if partner else str(person)
        telling.tell_given(order, _fact(order, by, S.GIVEN, to))
        audit.record(by, "work_order.given", str(order.pk), to=partner.slug if partner else str(person), due=order.due)
    return order


def move(order: WorkOrder, state: str, by: str, words: str = "") -> WorkOrder:
    """Say that it is under way, done, cancelled, or to be done (again). Raises Refused where its state forbids that, or
    where words are due and there are none."""
    if state not in WorkState.values or state == S.GIVEN:
        raise Refused(_("“%(state)s” is not a state to go to.") % {"state": state}, code="unknown_state")
    if state in NEEDS_WORDS and not words.strip():
        raise Refused(_("Say why, in a few words."), code="reason_missing")
    with transaction.atomic():
        order = _locked(order)
        if state not in MOVES[WorkState(order.state)]:
            raise _not_now(order)
        before, order.state = order.state, WorkState(state)
        order.ended_at = None if state in LIVE else timezone.now()
        if state == S.TO_DO:
            order.partner = order.person = None
        order.save(update_fields=["state", "ended_at", "partner", "person"])
        _fact(order, by, state, words)
        audit.record(by, "work_order.moved", str(order.pk), before=before, after=state)
    return order


def note(order: WorkOrder, by: str, words: str) -> WorkFact:
    """Write something down on an order. Raises Refused without words."""
    if not words.strip():
        raise Refused(_("There is nothing to write down."), code="reason_missing")
    return _fact(order, by, "", words)


def add_photo(order: WorkOrder, by: str, content: bytes) -> WorkPhoto:
    """Keep a photo of the place or of the result, without its own place, date or make. Raises Refused for what is no
    photo, and when there are too many."""
    if order.photos.count() >= MOST_PHOTOS:
        raise Refused(_("At most %(most)d photos.") % {"most": MOST_PHOTOS}, code="too_many")
    made = pictures.clean(content)
    photo, _created = WorkPhoto.objects.get_or_create(order=order, name=made.digest, defaults={"by": by})
    return photo


@pictures.names
def _digests() -> Iterable[str]:
    return WorkPhoto.objects.values_list("name", flat=True)


def still_shown(order: WorkOrder) -> list[Alert]:
    """The alerts that the readings showed again, or still, well after the order was done."""
    if order.state != S.DONE or order.ended_at is None:
        return []
    limit = order.ended_at + NOTICED_AFTER
    return [a for a in order.alerts.all() if a.state in STILL_OPEN and a.seen_last > limit]


def done_in_vain(alert: Alert) -> WorkOrder | None:
    """The last order about an alert that was told done while the readings still show it."""
    orders = alert.work_orders.filter(state=S.DONE, ended_at__lt=alert.seen_last - NOTICED_AFTER)
    return orders.order_by("-ended_at").first() if alert.state in STILL_OPEN else None


def work_for(person: Person, partner: Partner, by: str) -> None:
    """Say that a contractor works for a partner."""
    with transaction.atomic():
        _crew, created = Crew.objects.get_or_create(person=person, partner=partner, defaults={"by": by})
        if created:
            audit.record(by, "crew.joined", person.email, partner=partner.slug)


def work_no_longer_for(person: Person, partner: Partner, by: str) -> bool:
    """Say that a contractor no longer works for a partner; False when they didn't."""
    with transaction.atomic():
        gone, _models = Crew.objects.filter(person=person, partner=partner).delete()
        if gone:
            audit.record(by, "crew.left", person.email, partner=partner.slug)
    return bool(gone)


def _check(asked: Asked) -> None:
    if not asked.title.strip():
        raise Refused(_("An order says what is to be done."), code="no_title")
    if asked.due is not None and asked.due < timezone.localdate():
        raise Refused(_("The day by which it is to be done has passed."), code="past_day")


def _words(text: str) -> str:
    return text.strip()[:LONGEST]


def _fact(order: WorkOrder, by: str, state: str, words: str = "") -> WorkFact:
    return WorkFact.objects.create(order=order, by=by, state=state, words=_words(words))


def _locked(order: WorkOrder) -> WorkOrder:
    return WorkOrder.objects.select_for_update(of=("self",)).get(pk=order.pk)


def _not_now(order: WorkOrder) -> Refused:
    message = _("This can't be done to an order that is: %(state)s.") % {"state": order.get_state_display()}
    return Refused(message, code="not_now")
