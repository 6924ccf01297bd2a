"""Which requests someone reads before anyone is notified: what looks like spam, and a sender's first one on the open
web. What an agent takes in, and what comes on paper, a human has read already."""

import re
from typing import Any

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
    return is_suspicious(answers) or not _was_read_before(reach)


def is_suspicious(answers: dict[str, Any]) -> bool:
    """Links, markup, one letter repeated: none of it is forbidden, all of it is read first."""
    text = "\n".join(value for value in answers.values() if isinstance(value, str))
    return bool(LINK.search(text) or SHOUTING.search(text))


def _was_read_before(reach: Reach) -> bool:
    """Whether an earlier request of the same number or address went through."""
    if not reach.value:
        return False
    earlier = Contact.objects.filter(way=reach.way, value=reach.value).exclude(request__state=State.REFUSED)
    return Request.objects.filter(pk__in=earlier.values("request"), answered_at__isnull=False).exists()
