"""What is answered to a message: STOP, help, a follow-up code, or the next step of the dialogue."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from mitoyen.channels.sms import acting, dialogue, stopping, words
from mitoyen.channels.sms.models import Dialogue
from mitoyen.services import codes, following
from mitoyen.services.answers import clean
from mitoyen.services.models import Request
from mitoyen.services.order import in_order

REPLY = "sms:reply"
# What a message about a request may take: three parts.
LONGEST_STORY = 450
STEPS_TOLD = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to send back."""

    text: str
    language: str


def answer(number: str, text: str) -> list[Reply]:
    """What to send back, inside the caller's transaction; the dialogue moves on."""
    text = clean(text)
    row = Dialogue.objects.filter(number=number, expires_at__gt=timezone.now()).first()
    spoken = row.language if row else _language(text)
    with translation.override(spoken):
        for says in (_stop, _help, _code):
            told = says(number, text, row)
            if told is not None:
                return [Reply(told, spoken)]
        if row is None:
            row = dialogue.begin(number, spoken)
            told = dialogue.open_with(row, text)
        else:
            told = dialogue.move_on(row, text)
        return [Reply(told, spoken)] if told else []


def unreadable(number: str) -> list[Reply]:
    """To a message that is no text: a picture, a card, an alphabet that we don't know."""
    row = Dialogue.objects.filter(number=number, expires_at__gt=timezone.now()).first()
    spoken = row.language if row else _language("")
    with translation.override(spoken):
        told = _("We can only read text messages. Write HELP to see what you can do.")
        return [Reply(told, spoken)]


def _language(text: str) -> str:
    """French, or the installation's own, unless the first word is English."""
    return "en" if words.is_english(text, in_order()) else str(settings.LANGUAGE_CODE)[:2]


def is_stop(text: str) -> bool:
    """Whether someone wants no more messages."""
    return words.said(text) in words.STOP


def _stop(number: str, text: str, _row: Dialogue | None) -> str | None:
    if not is_stop(text):
        return None
    stopping.stop(number)
    return _("It is done: we write to you no more. To ask us something again, write to this number.")


def _help(_number: str, text: str, row: Dialogue | None) -> str | None:
    if words.said(text) not in words.HELP and text != "?":
        return None
    told = [
        _(
            "%(territory)s. Write any word to begin, or your code to follow a request; your code, then words, to "
            "complete it, open it again or contest. STOP: no more messages."
        )
        % {"territory": settings.MITOYEN["territory_name"]}
    ]
    phone = dialogue.phone_offer()
    if phone:
        told.append(phone)
    told.append(dialogue.ask_again(row) if row else dialogue.menu())
    return "\n".join(told)


def _code(number: str, text: str, row: Dialogue | None) -> str | None:
    """A follow-up code typed alone, or with words after it. In a dialogue only one that is right, and where no code is
    asked for."""
    typed, more = acting.parted(text) or (text, "")
    if codes.read(typed) is None and (row is not None or not _looks_like_code(typed)):
        return None
    if row is not None and (dialogue.asks_for_code(row) or (more and not _looks_like_code(typed))):
        return None
    try:
        request = following.find(typed, number)
    except following.TooManyTries:
        told = _("Too many wrong codes were sent from this number. Try again in an hour.")
        return " ".join(part for part in (told, dialogue.phone_offer()) if part)
    if request is None:
        return _("No request has this code. It reads like %(example)s: check each character.") % {
            "example": "K7M-2XA-9FC"
        }
    return acting.act(request, more) if more else _story(request)


def _looks_like_code(text: str) -> bool:
    """Nine letters and figures, with one of each, however they are grouped."""
    flat = re.sub(r"[\s.\-]", "", text.upper())
    return bool(re.fullmatch(r"(?=.*\d)(?=.*[A-Z])[A-Z0-9]{9}", flat))


def _story(request: Request) -> str:
    """Title and the last facts, newest last, within three parts."""
    story = following.story(request)
    head, offer = f"{story.code}: {story.title}", acting.offer(story)
    told: list[str] = []
    for step in reversed(story.steps[-STEPS_TOLD:]):
        line = words.shortened(f"{timezone.localtime(step.fact.at):%d/%m} {step.sentence}", 300)
        if told and len("\n".join([head, line, *told, offer])) > LONGEST_STORY:
            break
        told.insert(0, line)
    return "\n".join(part for part in (head, *told, offer) if part)
