"""Which topics are asked for, and the format of what comes on each."""

from functools import lru_cache
from typing import NamedTuple

from django.utils.translation import gettext as _
from paho.mqtt.client import topic_matches_sub

from mitoyen.connect.uplinks.formats import BY_NAME
from mitoyen.ledger.refusal import Refused


class Asked(NamedTuple):
    """A topic filter, and the format of its messages; "" when it is recognised."""

    pattern: str
    format: str


def read(text: str) -> tuple[Asked, ...]:
    """The filters of `FILTER=FORMAT, FILTER`. Raises Refused for one that a broker would refuse."""
    asked = tuple(_one(part.strip()) for part in text.split(",") if part.strip())
    if not asked:
        step = _("Write for example: %(example)s") % {"example": "application/+/device/+/event/up=chirpstack4"}
        raise Refused(_("mqtt_topics is empty."), step)
    return asked


def _one(part: str) -> Asked:
    pattern, _equals, name = (piece.strip() for piece in part.partition("="))
    if name and name not in BY_NAME:
        message = _("mqtt_topics: the format “%(name)s” is not known.") % {"name": name}
        raise Refused(message, _("Known formats: %(known)s.") % {"known": ", ".join(BY_NAME)})
    levels = pattern.split("/")
    wild = any("#" in level and (level != "#" or place < len(levels) - 1) for place, level in enumerate(levels))
    if not pattern or wild or any("+" in level and level != "+" for level in levels):
        message = _("mqtt_topics: “%(pattern)s” is no topic filter.") % {"pattern": pattern}
        raise Refused(message, _("+ stands for one level, # for all that follow."))
    if levels[0] == "$share":
        message = _("mqtt_topics: “%(pattern)s” can't be asked for.") % {"pattern": pattern}
        raise Refused(message, _("Leave $share out: mqtt_group names the group that shares the messages."))
    return Asked(pattern, name)


class Topics:
    """What is asked for; `format_of` is the path of every message."""

    def __init__(self, asked: tuple[Asked, ...], group: str = "") -> None:
        self.asked = asked
        self.filters = [f"$share/{group}/{one.pattern}" if group else one.pattern for one in asked]
        self.format_of = lru_cache(maxsize=100_000)(self._format_of)

    def _format_of(self, topic: str) -> str | None:
        """The format of what comes on this topic, "" to be recognised; None when it isn't asked for (any more)."""
        return next((one.format for one in self.asked if topic_matches_sub(one.pattern, topic)), None)
