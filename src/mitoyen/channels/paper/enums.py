"""States of a form that came back on paper, and what a box or a zone was read as."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FormState(TextChoices):
    WAITING = "waiting", _("to be confirmed")
    HANDED_IN = "handed_in", _("handed in")
    SET_ASIDE = "set_aside", _("set aside")


class Verdict(TextChoices):
    """`struck`: scribbled over, so not chosen; a human looks at it. Only `ticked` and `empty` are sure."""

    TICKED = "ticked", _("ticked")
    EMPTY = "empty", _("empty")
    UNSURE = "unsure", _("unsure")
    STRUCK = "struck", _("scribbled over")
