"""Which requests someone reads before anyone is notified: what looks like spam, and a sender's first one on the open
web. What an agent takes in, and what comes on paper, a human has read already."""

import re
from collections.abc import Iterator
from typing import Any

from django.db.models.functions import Lower

from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, State
from mitoyen.services.models import Contact, Request

READ_BY_A_HUMAN = frozenset({Channel.COUNTER, Channel.PHONE, Channel.PAPER, Channel.IMPORT})
LINK = re.compile(r"https?://|www\.|\[url|<a\s", re.IGNORECASE)
SHOUTING = re.compile(r"(.)\1{9,}")


def must_be_read_first(channel: Channel, answers: dict[str, Any], reach: Reach) -> bool:
    """Whether a request waits for a moderator: suspicious words, or a sender whom nobody has read yet."""
    if channel in READ_BY_A_HUMAN:
        return False
    return is_suspicious({**answers, "contact": [reach.name, reach.value]}) or not _was_read_before(reach)


def is_suspicious(answers: dict[str, Any]) -> bool:
    """Links, markup, one letter repeated: none of it is forbidden, all of it is read first."""
    text = "\n".join(_words(answers))
    return bool(LINK.search(text) or SHOUTING.search(text))


def _was_read_before(reach: Reach) -> bool:
    """Whether an earlier request of the same number or address went through, and none was set aside."""
    if not reach.value:
        return False
    named = Contact.objects.alias(known=Lower("value")).filter(way=reach.way, known=reach.value.lower())
    earlier = named.values("request")
    requests = Request.objects.filter(pk__in=earlier)
    went_through, set_aside = requests.filter(answered_at__isnull=False), requests.filter(state=State.REFUSED)
    return went_through.exists() and not set_aside.exists()


def _words(value: Any) -> Iterator[str]:
    """Every text in an answer: a place's label too is written by a person."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _words(inner)
