"""States and levels of an alert."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AlertState(TextChoices):
    OPEN = "open", _("open")
    TAKEN = "taken", _("taken in hand")
    CLOSED = "closed", _("over")
    DISMISSED = "dismissed", _("set aside")


class Level(TextChoices):
    NOTICE = "notice", _("to know")
    WARNING = "warning", _("to do")
    DANGER = "danger", _("danger")
