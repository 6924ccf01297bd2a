"""Answers as people give them, on any channel, into the answers that are kept: the same rules for the form, the SMS,
the counter and the scan, so that the same words end in the same record."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Service
from mitoyen.manifests.service_schema import Question
from mitoyen.services import codes

Raw = Mapping[str, str | list[str]]
YES = frozenset({"yes", "oui", "o", "y", "1", "true", "on"})
NO = frozenset({"no", "non", "n", "0", "2", "false", "off"})
# Control characters, halves of a pair, what no XML may hold, and whatever is invisible or turns the reading direction.
BAD_CHARACTERS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    r"\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
LINE_ENDS = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
# As people write it; neither 1e308 nor what only a programmer takes for a number.
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")


class BadAnswer(ValueError):
    """What is wrong with one answer, in words for whoever gave it."""


@dataclass
class Read:
    """Answers by question, and what is wrong by question. A place, a photo and an appointment are read apart
    (`placing`, `photos`, `appointments`); here they are only required."""

    answers: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def read(service: Service, raw: Raw, given: frozenset[str] = frozenset()) -> Read:
    """The answers of a whole service. `given`: questions answered apart (place, photo, venue)."""
    result = Read()
    for question in service.manifest.questions:
        if question.type in APART:
            if question.required and question.name not in given:
                result.faults[question.name] = missing(question)
            continue
        try:
            answer = read_one(question, raw.get(question.name, ""))
        except BadAnswer as error:
            result.faults[question.name] = str(error)
        else:
            if answer is not None:
                result.answers[question.name] = answer
    return result


def read_one(question: Question, raw: str | list[str]) -> Any:
    """One answer; None when nothing was answered to an optional question. Raises BadAnswer."""
    values = [clean(value) for value in ([raw] if isinstance(raw, str) else raw)]
    values = [value for value in values if value]
    if not values:
        if question.required:
            raise BadAnswer(missing(question))
        return None
    return READERS[question.type](question, values)


def clean(text: str) -> str:
    """Without control characters and invisible direction marks; line ends as \\n; no blank at either end."""
    return BAD_CHARACTERS.sub("", LINE_ENDS.sub("\n", text)).strip()


def missing(question: Question) -> str:
    """What to say when a required question has no answer."""
    if question.type in ("choice", "choices"):
        return _("Choose an answer.")
    if question.type == "place":
        return _("Say where it is: an address, a known place or a commune.")
    if question.type == "venue":
        return _("Choose a place and a time.")
    return _("Please answer this question.")


def _text(question: Question, values: list[str]) -> str:
    text = "\n".join(values)
    if question.type == "text":
        text = " ".join(text.split())
    if len(text) > question.longest:
        told = {"most": question.longest, "count": len(text)}
        raise BadAnswer(_("At most %(most)d characters; you wrote %(count)d.") % told)
    return text


def _choice(question: Question, values: list[str]) -> str:
    if len(values) > 1:
        raise BadAnswer(_("Choose one answer only."))
    return _chosen(question, values[0])


def _choices(question: Question, values: list[str]) -> list[str]:
    chosen = {_chosen(question, value) for value in values}
    return [choice for choice in question.choices if choice in chosen]


def _chosen(question: Question, value: str) -> str:
    if value in question.choices:
        return value
    raise BadAnswer(_("This answer isn’t among those proposed."))


def _yes_no(_question: Question, values: list[str]) -> bool:
    answer = values[0].lower().strip(" .!")
    if answer in YES:
        return True
    if answer in NO:
        return False
    raise BadAnswer(_("Answer yes or no."))


def _number(question: Question, values: list[str]) -> float:
    written = "".join(values[0].split()).replace(",", ".").replace("−", "-")
    if not NUMBER.fullmatch(written):
        raise BadAnswer(_("Write a number, for example 12,5."))
    number = float(written)
    if question.least is not None and number < question.least:
        raise BadAnswer(_("At least %(least)s.") % {"least": number_shown(question.least)})
    if question.most is not None and number > question.most:
        raise BadAnswer(_("At most %(most)s.") % {"most": number_shown(question.most)})
    return number


def number_shown(number: float) -> str:
    """As people write it: no point zero after a whole number, the language's own comma."""
    whole = int(number) if number == int(number) else number
    return formats.localize(whole, use_l10n=True)


def _rating(_question: Question, values: list[str]) -> int:
    if values[0] not in {"1", "2", "3", "4", "5"}:
        raise BadAnswer(_("Give a mark from 1 to 5."))
    return int(values[0])


def _date(_question: Question, values: list[str]) -> str:
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %m %Y"):
        try:
            day = dt.datetime.strptime(values[0], form).date()
        except ValueError:
            continue
        if 1900 <= day.year <= 2100:
            return day.isoformat()
    raise BadAnswer(_("Write the day as 25/11/2026."))


def _code(_question: Question, values: list[str]) -> str:
    code = codes.read(values[0])
    if code is None:
        raise BadAnswer(_("This code has a wrong character. It reads like %(example)s.") % {"example": "K7M-2XA-9FC"})
    return code


APART = frozenset({"place", "photo", "venue"})
READERS: dict[str, Callable[[Question, list[str]], Any]] = {
    "text": _text,
    "words": _text,
    "choice": _choice,
    "choices": _choices,
    "yes_no": _yes_no,
    "number": _number,
    "rating": _rating,
    "date": _date,
    "code": _code,
}
