"""Why a frame was not decoded, in words."""

from django.utils.translation import gettext_lazy as _

from mitoyen.connect.codecs.answers import Fault, Reason

WORDS = {
    Reason.TOO_SLOW: _("the codec takes too long"),
    Reason.SET_ASIDE: _("the codec took too long too often and is set aside for a while"),
    Reason.CRASHED: _("the codec ended its worker"),
    Reason.BROKEN: _("the codec can't be run"),
    Reason.THREW: _("the codec failed"),
    Reason.REFUSED: _("the codec refuses the frame"),
    Reason.TOO_LARGE: _("the codec says too much"),
    Reason.UNUSABLE: _("the codec's answer can't be used"),
}
"""What each reason is on screen."""


def told(fault: Fault) -> str:
    """The reason, with the codec's or the engine's own word behind it."""
    return f"{WORDS[fault.reason]}: {fault.message}" if fault.message else str(WORDS[fault.reason])
