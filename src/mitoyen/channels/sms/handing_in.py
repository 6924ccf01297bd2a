"""The end of a dialogue: the recap, what may be the same, and the request handed in like on every channel."""

from contextlib import suppress
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.channels.sms import stopping, words
from mitoyen.channels.sms.models import Dialogue
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Service
from mitoyen.services import (
    answers,
    appointments,
    codes,
    contacts,
    nearby,
    placing,
    receiving,
    throttle,
    timeline,
    wording,
)
from mitoyen.services.answers import BadAnswer
from mitoyen.services.appointments import Slot
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, State, Way
from mitoyen.services.models import Request
from mitoyen.services.receiving import Submission
from mitoyen.territory.finding import Spot

LONGEST_ANSWER = 60


def recap(service: Service, row: Dialogue) -> str:
    """Every answer with its question's number, and how to go on."""
    told = dict(wording.answers(Request(service=row.service, answers=_answers(service, row))))
    lines = []
    for question in service.manifest.questions:
        if question.type != "photo":
            label = service.text(f"questions.{question.name}.label", wording.language())
            lines.append(words.shortened(told.get(label, "-"), LONGEST_ANSWER))
    end = _("YES to send, NO to forget it, or the number to correct.")
    used_for = service.text("data.contact", wording.language()) if service.manifest.contact != "none" else ""
    return "\n".join(part for part in (_("You told us:"), words.numbered(lines), used_for, end) if part)


def likely_same(service: Service, row: Dialogue) -> list[tuple[Request, str]]:
    """Requests that may be about the same thing, and what a stranger may read of them: where and when."""
    category, spot = service.manifest.category, _spot(row)
    if category is None or spot is None:
        return []
    code = str(row.answers.get(category.name, ""))
    found = nearby.likely_same(row.service, code, spot.longitude, spot.latitude, spot.thing)
    return [(request, _where_and_when(request)) for request in found]


def hand_in(service: Service, row: Dialogue) -> str:
    """Keep the request, inside the caller's transaction; what to say beside what the request itself tells. Raises
    NotComplete, and Refused when the time was taken meanwhile."""
    reach = _reach(service, row.number)
    request = receiving.receive(
        Submission(
            service=service,
            channel=Channel.SMS,
            raw=row.answers,
            spot=_spot(row),
            slot=_slot(row),
            reach=reach,
            language=row.language,
            token=row.token,
        )
    )
    _join(request, row.same_as or 0)
    throttle.count("submission", row.number)
    stopping.start_again(row.number)
    told = {"code": codes.shown(request.code), "day": f"{request.promised_for:%d/%m/%Y}"}
    if request.state == State.HELD:
        return _("Received. Your code: %(code)s. Someone reads it before it goes on. Answer by %(day)s.") % told
    if reach.way == Way.SMS:
        # The request tells it itself, like on every channel.
        return ""
    return _("Received. Your code: %(code)s. You get an answer by %(day)s at the latest.") % told


def _join(request: Request, same_as: int) -> None:
    """To the one that the person pointed at; on its own when that one ended meanwhile."""
    other = Request.objects.filter(pk=same_as).first()
    if other is not None and request.joined_to_id is None and request.pk != other.pk:
        with suppress(Refused):
            timeline.join(request, other, "")


def _reach(service: Service, number: str) -> Reach:
    """The number that wrote, where the service answers at all; a call to what is no mobile phone."""
    try:
        return contacts.read_contact(service, Way.SMS, number)
    except BadAnswer:
        return contacts.read_contact(service, Way.PHONE, number)


def _answers(service: Service, row: Dialogue) -> dict[str, Any]:
    """As they will be kept."""
    spot, slot = _spot(row), _slot(row)
    found: dict[str, Any] = {}
    for question in service.manifest.questions:
        if question.type == "place" and spot is not None:
            found[question.name] = placing.as_answer(spot)
        elif question.type == "venue" and slot is not None:
            found[question.name] = slot.as_answer()
        elif question.name in row.answers:
            found[question.name] = answers.read_one(question, row.answers[question.name])
    return found


def _spot(row: Dialogue) -> Spot | None:
    return Spot(**row.spot) if row.spot else None


def _slot(row: Dialogue) -> Slot | None:
    return appointments.slot_of(row.service, row.slot) if row.slot else None


def _where_and_when(request: Request) -> str:
    place = next((value["label"] for value in request.answers.values() if isinstance(value, dict)), "")
    return _("%(place)s, reported on %(day)s") % {"place": place, "day": f"{request.received_at:%d/%m/%Y}"}
