"""Takes a request in, from whatever channel: the one way in, so that each channel ends in the same record."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from mitoyen.ledger import audit
from mitoyen.ledger.turns import in_turn
from mitoyen.manifests.load import Service
from mitoyen.services import codes, holding, nearby, routing, subscriptions, throttle
from mitoyen.services.answers import Raw, Read, read
from mitoyen.services.appointments import Slot, book
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.models import Contact, Fact, Photo, Request
from mitoyen.services.placing import as_answer
from mitoyen.services.telling import tell
from mitoyen.territory.enums import Origin
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Thing

NOT_ASKED = frozenset({Channel.MAIL, Channel.OPEN311})
"""Channels on which what is likely the same can't be chosen from before it is handed in."""


@dataclass
class Submission:
    """What someone hands in: raw answers by question, the place as it was settled, photos already kept, a seat."""

    service: Service
    channel: Channel
    raw: Raw
    spot: Spot | None = None
    photos: Sequence[Photo] = ()
    slot: Slot | None = None
    wish: str = ""
    """Where and when suits whoever can't choose a time, by mail or on paper: an agent gives one later."""
    handed_to: str = ""
    """The commune (INSEE code) that a wish was handed to."""
    reach: Reach = field(default_factory=Reach)
    language: str = "fr"
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    taken_by: str = ""
    received_at: dt.datetime | None = None
    origin: Origin = Origin.REAL
    code: str = ""
    """A follow-up code promised beforehand, on a printed form; a new one is given when it was used already."""
    who: str = ""
    """Whose submission it counts as (an address), in the same transaction."""


class NotComplete(Exception):
    """Answers are missing or wrong: `faults` says which, by question."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = faults


def receive(submission: Submission) -> Request:
    """Keep a request and tell the person; the same token again gives the request already kept.

    Raises NotComplete; Refused when the seat was taken meanwhile.
    """
    found = _read(submission)
    if found.faults:
        known = Request.objects.filter(submission=submission.token).first()
        if known is None:
            raise NotComplete(found.faults)
        return known
    # What is only read comes first: one writer at a time, so the lock is held for the writing alone.
    fields = _fields(submission, _whole(submission, found))
    near = _near(submission, fields)
    try:
        return _keep(submission, fields, near)
    except IntegrityError:
        known = Request.objects.filter(submission=submission.token).first()
    # Stored before, or meanwhile; or else its code was taken, and another one is drawn.
    return known or _keep(submission, {**fields, "code": _code("")}, near)


def _keep(submission: Submission, fields: dict[str, Any], near: int) -> Request:
    """Store a request with all that follows from it, or nothing."""
    with in_turn(), transaction.atomic():
        request = Request.objects.create(submission=submission.token, **fields)
        _follow_up(request, submission, near)
    return request


def faults_of(submission: Submission) -> dict[str, str]:
    """What is missing or wrong in a submission, by question; nothing is kept."""
    return _read(submission).faults


def _whole(submission: Submission, found: Read) -> dict[str, Any]:
    """The answers with the place and the seat, in the manifest's order: equal requests are equal records."""
    questions = submission.service.manifest.questions
    for question in questions:
        if question.type == "place" and submission.spot is not None:
            found.answers[question.name] = as_answer(submission.spot)
        if question.type == "venue" and submission.slot is not None:
            found.answers[question.name] = submission.slot.as_answer()
        elif question.type == "venue" and submission.wish:
            found.answers[question.name] = {"label": submission.wish}
    return {question.name: found.answers[question.name] for question in questions if question.name in found.answers}


def _read(submission: Submission) -> Read:
    apart = {"place": submission.spot, "photo": submission.photos, "venue": submission.slot or submission.wish}
    questions = submission.service.manifest.questions
    given = frozenset(question.name for question in questions if apart.get(question.type))
    return read(submission.service, submission.raw, given)


def _fields(submission: Submission, answers: dict[str, Any]) -> dict[str, Any]:
    manifest, spot = submission.service.manifest, submission.spot
    at = submission.received_at or timezone.now()
    category = str(answers.get(manifest.category.name, "")) if manifest.category else ""
    commune = (spot.commune if spot else "") or _commune_of_time(submission) or None
    held = holding.must_be_read_first(submission.channel, answers, submission.reach)
    local_day = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return {
        "code": submission.code or codes.new_code(),
        "service": manifest.name,
        "version": manifest.version,
        "channel": submission.channel,
        "language": submission.language,
        "state": State.HELD if held else State.OPEN,
        "answers": answers,
        "category": category,
        "commune_id": commune,
        "longitude": spot.longitude if spot else None,
        "latitude": spot.latitude if spot else None,
        "thing": Thing.objects.filter(slug=spot.thing).first() if spot and spot.thing else None,
        "team": routing.team_for(manifest, category, commune or "").name,
        "received_at": at,
        "promised_for": local_day + dt.timedelta(days=manifest.answer_days),
        "taken_by": submission.taken_by,
        "origin": submission.origin,
    }


def _code(promised: str) -> str:
    """The one promised, or one at random: the first that no request has."""
    code = promised or codes.new_code()
    while Request.objects.filter(code=code).exists():
        code = codes.new_code()
    return code


def _commune_of_time(submission: Submission) -> str:
    """Of the place to meet; of a wish, the one that it was handed to."""
    if submission.slot is not None:
        return str(submission.slot.venue.place.commune_id)
    return submission.handed_to if submission.wish else ""


def _near(submission: Submission, fields: dict[str, Any]) -> int:
    """What is likely the same, where the channel can't ask "is it one of these?": the person is told that there is one,
    and a clerk joins them. 0 where there is none."""
    if submission.channel not in NOT_ASKED:
        return 0
    thing = submission.spot.thing if submission.spot else ""
    place = (fields["longitude"], fields["latitude"])
    found = nearby.likely_same(fields["service"], fields["category"], *place, thing)
    return found[0].pk if found else 0


def _follow_up(request: Request, submission: Submission, near: int) -> None:
    reach = submission.reach
    if reach.value or reach.name:
        Contact.objects.create(request=request, name=reach.name, way=reach.way, value=reach.value)
    _claim(request, submission.photos)
    fact = Fact(
        request=request,
        kind=FactKind.RECEIVED,
        at=request.received_at,
        channel=submission.channel,
        by=submission.taken_by,
        detail={"commune": request.commune_id or "", "team": request.team, **({"near": near} if near else {})},
    )
    held = [Fact(request=request, kind=FactKind.HELD, at=timezone.now())] if request.state == State.HELD else []
    Fact.objects.bulk_create([fact, *held])
    if submission.taken_by:
        audit.record(submission.taken_by, "request.taken_in", request.code, channel=str(submission.channel))
    if submission.slot is not None:
        book(request, submission.slot)
    if submission.who:
        throttle.count("submission", submission.who)
    if not held:
        subscriptions.follow(request, reach)
        tell(request, fact)


def _claim(request: Request, sent: Sequence[Photo]) -> None:
    """The photos that nobody claimed yet; the same one sent twice is kept once."""
    if not sent:
        return
    waiting = list(Photo.objects.filter(pk__in=[photo.pk for photo in sent], request=None).order_by("-pk"))
    once = {photo.digest: photo.pk for photo in waiting}
    Photo.objects.filter(pk__in={photo.pk for photo in waiting} - set(once.values())).delete()
    Photo.objects.filter(pk__in=once.values()).update(request=request)
