"""States of a finding."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FindingState(TextChoices):
    NEW = "new", _("new")
    SEEN = "seen", _("seen")
    PLANNED = "planned", _("planned")
    DONE = "done", _("done")
    DISMISSED = "dismissed", _("set aside")
