"""Which requests someone reads before anyone is notified: what looks like spam, and a sender's first one on the open
web. What an agent takes in, and what comes on paper, a human has read already."""

import re
from collections.abc import Iterator
from typing import Any

from django.db import connection

from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, State

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
    with connection.cursor() as cursor:
        # For each request of the open web: as SQL, in the words of the index `contact_known`.
        cursor.execute(
            "SELECT DISTINCT r.state, r.answered_at IS NOT NULL FROM services_contact c "
            "JOIN services_request r ON r.id = c.request_id WHERE c.way = %s AND LOWER(c.value) = %s",
            [reach.way, reach.value.lower()],
        )
        earlier = cursor.fetchall()
    went_through = any(answered for _state, answered in earlier)
    return went_through and all(state != State.REFUSED for state, _answered in earlier)


def _words(value: Any) -> Iterator[str]:
    """Every text in an answer: a place's label too is written by a person."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _words(inner)
