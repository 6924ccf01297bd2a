"""Kinds of datastream, states and origins of a batch."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """How a value relates to its time (see `Datastream`)."""

    GAUGE = "gauge", _("a value at a time")
    COUNTER = "counter", _("an index that only rises")
    DELTA = "delta", _("an amount over an interval")
    POWER = "power", _("a mean over an interval")


class BatchState(TextChoices):
    STAGED = "staged", _("waiting")
    COMMITTING = "committing", _("being written")
    LIVE = "live", _("in service")
    UNDOING = "undoing", _("being taken back")
    UNDONE = "undone", _("taken back")
    DISCARDED = "discarded", _("given up")


class BatchOrigin(TextChoices):
    FILE = "file", _("file")
    LIVE = "live", _("live")
    CORRECTION = "correction", _("correction")
    GENERATED = "generated", _("generated")
