"""Requests joined to another are about the same thing: what an agent does to that one happens to each, and each person
is told. What a person writes stays in their own request."""

from datetime import datetime

from mitoyen.services.enums import FactKind, State
from mitoyen.services.models import Fact, Request
from mitoyen.services.telling import tell

# Which joined requests an act reaches: those under way; opened again, those that were answered or closed with it.
REACHED: dict[FactKind, tuple[State, ...]] = {FactKind.REOPENED: (State.ANSWERED, State.CLOSED)}
UNDER_WAY = (State.OPEN, State.ANSWERED)
MOVES = (FactKind.PASSED_ON, FactKind.MOVED)
ENDS = {State.ANSWERED: FactKind.ANSWERED, State.CLOSED: FactKind.CLOSED}


def tell_all(head: Request, fact: Fact) -> None:
    """Tell the person, and do the same to the requests joined to theirs; inside the caller's transaction."""
    tell(head, fact)
    reached = REACHED.get(FactKind(fact.kind), UNDER_WAY)
    for other in head.joined.select_for_update(of=("self",)).filter(state__in=reached):
        _follow(other, head, fact, fact.at)


def catch_up(other: Request, head: Request, at: datetime) -> None:
    """A request that was joined, or read, only after the other was answered is answered now."""
    kind = ENDS.get(State(head.state))
    fact = head.facts.filter(kind=kind).last() if kind else None
    if fact is not None:
        _follow(other, head, fact, at)


def let_go(head: Request) -> None:
    """A request that was set aside answers nobody: the oldest of those joined to it takes its place."""
    first, *others = head.joined.select_for_update(of=("self",)).order_by("received_at", "pk") or [None]
    if first is not None:
        first.joined_to = None
        first.save(update_fields=["joined_to"])
        Request.objects.filter(pk__in=[other.pk for other in others if other]).update(joined_to=first)


def _follow(other: Request, head: Request, fact: Fact, at: datetime) -> None:
    """A person's own words go into nobody else's timeline; an agent's do."""
    words = fact.words if fact.by else ""
    detail = {**fact.detail, "with": head.code}
    copy = Fact.objects.create(
        request=other, kind=fact.kind, at=at, channel=fact.channel, by=fact.by, words=words, detail=detail
    )
    if fact.kind in MOVES:
        other.team, other.commune_id = head.team, head.commune_id
    else:
        other.state, other.closed_at = head.state, at if head.closed_at else None
        other.answered_at = other.answered_at or (at if head.answered_at else None)
    other.save(update_fields=["state", "team", "commune", "answered_at", "closed_at"])
    tell(other, copy)
