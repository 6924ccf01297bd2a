"""States of what is sent, steps of a dialogue."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SegmentState(TextChoices):
    """`handing`: written before it is sent, no answer yet. `doubt`: the link broke before the answer came."""

    READY = "ready", _("ready to send")
    HANDING = "handing", _("being handed over")
    DOUBT = "doubt", _("perhaps handed over")
    HANDED = "handed", _("handed over")
    ARRIVED = "arrived", _("arrived")
    FAILED = "failed", _("given up")


class Step(TextChoices):
    """What the next message of a person answers."""

    MENU = "menu", _("which service")
    QUESTION = "question", _("a question of the service")
    WHICH = "which", _("which of these places")
    COMMUNE = "commune", _("in which commune")
    SAME = "same", _("whether it was reported already")
    CONFIRM = "confirm", _("whether to hand it in")
