"""The two methods of a forecast."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Method(TextChoices):
    NAIVE = "naive", _("what was at the same hour a week before")
    LINEAR = "linear", _("the last weeks, and how the last hours differ from them")
