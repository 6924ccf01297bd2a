"""How sure a difference is, in three steps that people can be told."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Half a 90 % interval is 1.645 standard deviations; the sign is right four times in five from 0.84 of them on.
_LIKELY_FROM = 0.8416 / 1.6449


class Certainty(TextChoices):
    ALMOST_SURE = "almost_sure", _("almost sure")
    LIKELY = "likely", _("likely")
    NOT_KNOWN_YET = "not_known_yet", _("not known yet")


def certainty(value: float | None, low: float | None, high: float | None) -> Certainty:
    """Of the sign of `value`, from its 90 % interval: almost sure when the interval leaves 0 out (wrong once in
    twenty), likely when the sign is right four times in five, else not known yet."""
    if value is None or low is None or high is None:
        return Certainty.NOT_KNOWN_YET
    if low > 0 or high < 0:
        return Certainty.ALMOST_SURE
    half = (high - low) / 2
    return Certainty.LIKELY if half > 0 and abs(value) >= _LIKELY_FROM * half else Certainty.NOT_KNOWN_YET
