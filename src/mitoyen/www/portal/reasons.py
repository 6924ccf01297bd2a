"""Why a figure is not proven, said so that a caretaker understands: what, when, and what would mend it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.evaluate import sentences
from mitoyen.evaluate.enums import ReasonCode
from mitoyen.www import dates
from mitoyen.www.portal import words


@dataclass(frozen=True, slots=True)
class Spoken:
    """`what` in a few words, `when` in days, `means` in a sentence, `mends` what to do (may be empty)."""

    code: str
    what: str
    when: str
    means: str
    mends: str


def spoken(found: Iterable[Mapping[str, Any]]) -> list[Spoken]:
    """Reasons as stored in `Figure.reasons`, in the page's language."""
    return [_spoken(reason) for reason in found]


def name(code: str) -> str:
    """The reason in a few words; for one that a newer version may have written, that there is one, with its code."""
    return str(ReasonCode(code).label) if code in ReasonCode.values else _("another check (%(code)s)") % {"code": code}


def means(code: str) -> str:
    """The reason in a sentence."""
    return str(words.REASON_MEANS.get(code) or _("It failed, and this page has no words for it yet."))


def _spoken(reason: Mapping[str, Any]) -> Spoken:
    code = str(reason.get("code", ""))
    when = _when(reason.get("first"), reason.get("last"))
    return Spoken(code=code, what=name(code), when=when, means=means(code), mends=sentences.mend(dict(reason)))


def _when(first: object, last: object) -> str:
    days = [dt.date.fromisoformat(str(day)[:10]) for day in (first, last) if day]
    texts = [dates.day(day) for day in days]
    if not texts:
        return ""
    if len(set(texts)) == 1:
        return _("on %(day)s") % {"day": texts[0]}
    return _("from %(first)s to %(last)s") % {"first": texts[0], "last": texts[1]}
