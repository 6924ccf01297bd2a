"""The states of a job."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class JobState(TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("under way")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class NoticeWay(TextChoices):
    SMS = "sms", _("SMS")
    MAIL = "mail", _("e-mail")
    PHONE = "phone", _("phone call")
    LETTER = "letter", _("letter")


class NoticeState(TextChoices):
    """`handing`: given to the carrier, its word not heard yet. `arrived` is the carrier's word, where it gives one."""

    QUEUED = "queued", _("waiting")
    HANDING = "handing", _("being handed over")
    HANDED = "handed", _("handed over")
    ARRIVED = "arrived", _("arrived")
    FAILED = "failed", _("given up")
