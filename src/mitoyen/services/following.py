"""Following a request with its code: the timeline, never the identity, on every channel. Guessing is throttled."""

from dataclasses import dataclass

from mitoyen.services import codes, throttle, wording
from mitoyen.services.enums import State
from mitoyen.services.models import Fact, Request


class TooManyTries(Exception):
    """Too many wrong codes in an hour from the same address or number."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fact as the person reads it."""

    fact: Fact
    sentence: str


@dataclass(frozen=True, slots=True)
class Story:
    """What whoever holds the code may read: no name, no address, no note between agents."""

    request: Request
    code: str
    title: str
    commune: str
    team: str
    steps: tuple[Step, ...]

    @property
    def may_contest(self) -> bool:
        """Set aside by moderation."""
        return self.request.state == State.REFUSED

    @property
    def may_reopen(self) -> bool:
        """Answered or closed: the person may say that it isn't solved."""
        return self.request.state in (State.ANSWERED, State.CLOSED)

    @property
    def may_stop(self) -> bool:
        """Something is still told because of this request."""
        return self.request.subscriptions.filter(ended_at=None).exists()

    @property
    def may_complete(self) -> bool:
        """Still under way."""
        return self.request.state in (State.OPEN, State.HELD)


def find(typed: str, who: str) -> Request | None:
    """The request of a code as typed or said; None when it is nobody's. Raises TooManyTries.

    `who` is the visitor's address or number: only wrong codes count against it.
    """
    if throttle.is_over("wrong_code", who):
        raise TooManyTries
    code = codes.read(typed)
    request = Request.objects.filter(code=code).select_related("commune").first() if code else None
    if request is None:
        throttle.count("wrong_code", who)
    return request


def story(request: Request) -> Story:
    """The request's timeline in words."""
    facts = request.facts.filter(between_agents=False)
    return Story(
        request=request,
        code=codes.shown(request.code),
        title=wording.title(request),
        commune=request.commune.name if request.commune else "",
        team=wording.team(request),
        steps=tuple(Step(fact, wording.sentence(fact, request)) for fact in facts),
    )
