"""What a device's field stands for, and what became of a message that couldn't be read."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FieldRole(TextChoices):
    OBSERVATION = "observation", _("a reading")
    BATTERY_PERCENT = "battery_percent", _("battery, in percent")
    BATTERY_VOLTS = "battery_volts", _("battery, in volts")
    IGNORED = "ignored", _("not kept")


class QuarantineState(TextChoices):
    WAITING = "waiting", _("waiting")
    READ_AGAIN = "read_again", _("read again")
    DISCARDED = "discarded", _("discarded")
