"""The facts of a request, in the order in which they happened, and what follows from each: one function an act.

Each act is one transaction, writes the audit trail when an agent does it, and tells the person in the way that they
chose. Raises Refused when the request's state doesn't allow it.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.registry import services
from mitoyen.services import appointments, joining, routing, subscriptions
from mitoyen.services.answers import clean
from mitoyen.services.appointments import Slot
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.services.models import Appointment, Contact, Fact, Request
from mitoyen.services.telling import tell
from mitoyen.territory.models import Commune

LIVE = frozenset({State.OPEN, State.ANSWERED})
ENDED = frozenset({State.CLOSED, State.REFUSED})
LONGEST = 4000


def note(request: Request, kind: FactKind, **told: Any) -> Fact:
    """Add one fact, inside the caller's transaction."""
    at = told.pop("at", None) or timezone.now()
    return Fact.objects.create(request=request, kind=kind, at=at, **told)


def answer(request: Request, words: str, by: str, channel: Channel = Channel.WEB) -> Fact:
    """A human's answer, told to the person and to those whose request was joined."""
    with transaction.atomic():
        request = _locked(request, LIVE)
        fact = note(request, FactKind.ANSWERED, words=_needed(words), by=by, channel=channel)
        request.state = State.ANSWERED
        request.answered_at = request.answered_at or fact.at
        request.save(update_fields=["state", "answered_at"])
        audit.record(by, "request.answered", request.code)
        joining.tell_all(request, fact)
    return fact


def close(request: Request, words: str, by: str) -> Fact:
    """The end, with what was done. Counts as the first answer when there was none."""
    with transaction.atomic():
        request = _locked(request, LIVE)
        fact = note(request, FactKind.CLOSED, words=_needed(words), by=by)
        request.state = State.CLOSED
        request.closed_at = fact.at
        request.answered_at = request.answered_at or fact.at
        request.save(update_fields=["state", "closed_at", "answered_at"])
        audit.record(by, "request.closed", request.code)
        joining.tell_all(request, fact)
    return fact


def reopen(request: Request, words: str, by: str = "", channel: Channel = Channel.WEB) -> Fact:
    """It isn't solved: the person says so (by empty), or an agent."""
    with transaction.atomic():
        request = _locked(request, {State.CLOSED, State.ANSWERED})
        fact = note(request, FactKind.REOPENED, words=_needed(words), by=by, channel=channel)
        request.state, request.closed_at = State.OPEN, None
        request.reopened += 1
        request.save(update_fields=["state", "closed_at", "reopened"])
        if by:
            audit.record(by, "request.reopened", request.code)
        joining.tell_all(request, fact)
    return fact


def add_words(request: Request, words: str, channel: Channel, by: str = "") -> Fact:
    """The person completes their request."""
    with transaction.atomic():
        request = _locked(request, LIVE | {State.HELD})
        fact = note(request, FactKind.ADDED, words=_needed(words), by=by, channel=channel)
        if request.state != State.HELD:
            tell(request, fact)
    return fact


def note_between_agents(request: Request, words: str, by: str) -> Fact:
    """A note that the person never sees."""
    with transaction.atomic():
        audit.record(by, "request.noted", request.code)
        return note(request, FactKind.NOTED, words=_needed(words), by=by, between_agents=True)


def pass_on(request: Request, team: str, words: str, by: str) -> Fact:
    """To another team of the same service."""
    names = [declared.name for declared in _manifest(request).teams]
    if team not in names:
        raise Refused(_("This service has no such team."), _("Choose one of: %(teams)s.") % {"teams": ", ".join(names)})
    with transaction.atomic():
        request = _locked(request, LIVE)
        if request.team == team:
            raise Refused(_("The request is already with this team."))
        detail = {"from": request.team, "to": team}
        fact = note(request, FactKind.PASSED_ON, words=_given(words), by=by, detail=detail)
        request.team = team
        request.save(update_fields=["team"])
        audit.record(by, "request.passed_on", request.code, **detail)
        joining.tell_all(request, fact)
    return fact


def move(request: Request, commune: Commune, words: str, by: str) -> Fact:
    """Into another commune, under the same code; the person is told, the commune's own team takes over."""
    with transaction.atomic():
        request = _locked(request, LIVE)
        if request.commune_id == commune.insee:
            raise Refused(_("The request is already in %(commune)s.") % {"commune": commune.name})
        detail = {"from": request.commune_id or "", "to": commune.insee}
        fact = note(request, FactKind.MOVED, words=_given(words), by=by, detail=detail)
        request.commune = commune
        request.team = routing.team_for(_manifest(request), request.category, commune.insee).name
        request.save(update_fields=["commune", "team"])
        audit.record(by, "request.moved", request.code, **detail)
        joining.tell_all(request, fact)
    return fact


def join(request: Request, to: Request, by: str) -> Fact:
    """Say that two requests are about the same thing. Each keeps its code; what happens to one is told to both."""
    with transaction.atomic():
        # Both are held, in one order, so that two can't be joined to each other at once.
        head = Request.objects.select_related("joined_to").get(pk=to.pk)
        head = head.joined_to or head
        list(Request.objects.select_for_update().filter(pk__in=(request.pk, head.pk)).order_by("pk"))
        request, head = _locked(request, LIVE | {State.HELD}), _locked(head, LIVE)
        if request.pk in (head.pk, head.joined_to_id):
            raise Refused(_("A request can’t be joined to itself."))
        if head.service != request.service:
            raise Refused(_("Only requests of the same service can be joined."))
        request.joined_to = head
        Request.objects.filter(joined_to=request).update(joined_to=head)
        fact = note(request, FactKind.JOINED, by=by)
        request.save(update_fields=["joined_to"])
        if by:
            audit.record(by, "request.joined", request.code, to=head.code)
        tell(request, fact)
        if request.state in LIVE:
            joining.catch_up(request, head, fact.at)
    return fact


def give_time(request: Request, slot: Slot, by: str) -> Fact:
    """An appointment for who could not choose one; the person is told. Raises Refused when the time was taken."""
    with transaction.atomic():
        request = _locked(request, LIVE)
        if Appointment.objects.filter(request=request).exists():
            raise Refused(_("This request has its appointment already."), code="has_time")
        appointments.book(request, slot)
        names = [question.name for question in _manifest(request).questions if question.type == "venue"]
        wish = " ".join(str(request.answers[name].get("label", "")) for name in names if name in request.answers)
        if wish:
            words = _("Asked for: %(wish)s") % {"wish": wish}
            note(request, FactKind.NOTED, words=words, by=by, between_agents=True)
        request.answers = {**request.answers, **dict.fromkeys(names, slot.as_answer())}
        request.commune = request.commune or slot.venue.place.commune
        request.save(update_fields=["answers", "commune"])
        audit.record(by, "request.appointment", request.code, venue=slot.venue.place.slug, starts=slot.starts)
        return request.facts.filter(kind=FactKind.APPOINTMENT).latest("pk")


def release(request: Request, by: str) -> Fact:
    """A held request was read and may go on: only now is anyone notified. One that was set aside goes on when someone
    else than who decided reads it so."""
    with transaction.atomic():
        request = _locked(request, {State.HELD, State.REFUSED})
        was_refused = request.state == State.REFUSED
        _by_someone_else(request, by)
        fact = note(request, FactKind.RELEASED, by=by)
        request.state, request.closed_at = State.OPEN, None
        request.save(update_fields=["state", "closed_at"])
        audit.record(by, "request.released", request.code)
        _tell_what_waited(request)
        if was_refused:
            tell(request, fact)
            _book_again(request)
        if request.joined_to is not None:
            joining.catch_up(request, request.joined_to, fact.at)
    return fact


def refuse(request: Request, reason: str, words: str, by: str) -> Fact:
    """Set aside by moderation, for a reason from the published list; the person may contest it. Contested, someone
    else may set it aside again, and that is the end."""
    if reason not in REASONS:
        raise Refused(_("Choose a reason from the list."))
    with transaction.atomic():
        contested = {State.REFUSED} if is_contested(request) else set()
        request = _locked(request, LIVE | {State.HELD} | contested)
        _by_someone_else(request, by)
        fact = note(request, FactKind.REFUSED, words=_needed(words), by=by, detail={"reason": reason})
        request.state, request.closed_at = State.REFUSED, fact.at
        request.save(update_fields=["state", "closed_at"])
        audit.record(by, "request.refused", request.code, reason=reason)
        # It keeps neither a seat, nor a place among those told, nor the answer to others.
        Appointment.objects.filter(request=request).delete()
        request.subscriptions.filter(ended_at=None).update(ended_at=timezone.now())
        joining.let_go(request)
        tell(request, fact)
    return fact


def appeal(request: Request, words: str, channel: Channel) -> Fact:
    """The person contests that their request was set aside; someone else than who decided must read it again."""
    with transaction.atomic():
        request = _locked(request, {State.REFUSED})
        if is_contested(request):
            raise Refused(_("You already contested this decision. It is being read again."))
        if _last(request, FactKind.APPEALED, FactKind.RELEASED) == FactKind.APPEALED:
            raise Refused(_("Someone else read it again already: this decision stays."))
        return note(request, FactKind.APPEALED, words=_needed(words), channel=channel)


_DECIDED = Fact.objects.filter(
    request=OuterRef("request"), kind__in=(FactKind.REFUSED, FactKind.RELEASED), pk__gt=OuterRef("pk")
)
_APPEALS = Fact.objects.filter(~Exists(_DECIDED), request=OuterRef("pk"), kind=FactKind.APPEALED)
CONTESTED = Q(Exists(_APPEALS), state=State.REFUSED)
"""Requests set aside, contested, and not read again yet."""


def is_contested(request: Request) -> bool:
    """Whether someone else has to read again what was set aside."""
    return Request.objects.filter(CONTESTED, pk=request.pk).exists()


REASONS = ("not_ours", "insult", "personal_data", "advertising", "off_topic", "repeated")


def _manifest(request: Request) -> Any:
    found = services.installed().get(request.service)
    if found is None:
        raise Refused(_("The service “%(name)s” is no longer installed.") % {"name": request.service})
    return found.manifest


def _last(request: Request, *kinds: FactKind) -> str:
    """Which of these came last; empty: none."""
    return request.facts.filter(kind__in=kinds).order_by("id").values_list("kind", flat=True).last() or ""


def _by_someone_else(request: Request, by: str) -> None:
    """Whoever set a request aside never reads it again."""
    if request.state == State.REFUSED and request.facts.filter(kind=FactKind.REFUSED, by=by).exists():
        raise Refused(_("You set this request aside: someone else must read it again."), code="same_person")


def _tell_what_waited(request: Request) -> None:
    """What nobody was told while the request was held: that it came in, by when it is answered, the appointment. A
    fact is told once, so nothing is told again."""
    for fact in request.facts.filter(kind__in=(FactKind.RECEIVED, FactKind.APPOINTMENT, FactKind.JOINED)):
        tell(request, fact)
    contact = Contact.objects.filter(request=request).first()
    if contact is not None:
        subscriptions.follow(request, Reach(Way(contact.way), contact.value, contact.name))


def _book_again(request: Request) -> None:
    """The seat was given back when the request was set aside."""
    answer = next((v for v in request.answers.values() if isinstance(v, dict) and "starts" in v), None)
    if answer is None:
        return
    slot = appointments.slot_of(request.service, appointments.key_of(answer))
    try:
        if slot is None:
            raise Refused(_("This time was taken meanwhile."))
        appointments.book(request, slot)
    except Refused:
        words = _("The time that was chosen is no longer free: agree on another one.")
        note(request, FactKind.NOTED, words=words, between_agents=True)


def _locked(request: Request, states: Iterable[State]) -> Request:
    """The request as it is now, held until the end of the transaction."""
    now = Request.objects.select_for_update().get(pk=request.pk)
    if now.state not in set(states):
        told = {"state": State(now.state).label}
        raise Refused(
            _("This request is %(state)s: that can’t be done now.") % told, _("Reload the page."), code="state"
        )
    return now


def _needed(words: str) -> str:
    text = _given(words)
    if not text:
        raise Refused(_("Write what to tell the person."), code="no_words")
    return text


def _given(words: str) -> str:
    text = clean(words)
    if len(text) > LONGEST:
        told = {"most": LONGEST, "count": len(text)}
        raise Refused(_("At most %(most)d characters; you wrote %(count)d.") % told, code="too_long")
    return text
