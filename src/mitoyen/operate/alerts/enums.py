"""States and levels of an alert."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AlertState(TextChoices):
    OPEN = "open", pgettext_lazy("alert", "open")
    TAKEN = "taken", _("taken in hand")
    CLOSED = "closed", _("over")
    DISMISSED = "dismissed", _("set aside")


class Level(TextChoices):
    NOTICE = "notice", _("to know")
    WARNING = "warning", _("to do")
    DANGER = "danger", _("danger")


class Least(TextChoices):
    """From which level on a person is told by mail."""

    NOTHING = "nothing", _("nothing")
    DANGER = "danger", _("dangers only")
    WARNING = "warning", _("dangers, and what is to be done")
    NOTICE = "notice", _("every alert")


class Act(TextChoices):
    """What happened to an alert besides what its readings say."""

    TAKEN = "taken", _("taken in hand")
    LEFT = "left", _("no longer in hand")
    DISMISSED = "dismissed", _("set aside")
    BACK = "back", _("looked at again")
    RAISED = "raised", _("raised: nobody had taken it")
    NOTE = "note", _("a note")


# What takes the place of a usage's name in alerts that the platform itself raises: about its devices.
DEVICES = "devices"
