"""The measure of each day is kept: pages show the last one, so that two looks an hour apart tell nothing of one
person, and a year of them shows where things go."""

import datetime as dt
from typing import Any

from django.utils import timezone

from mitoyen.services.models import ParityMeasure
from mitoyen.services.parity.report import DAYS, FORM, measure

KEPT_FOR = dt.timedelta(days=800)


def keep(days: int = DAYS) -> dict[str, Any]:
    """Measure now and keep it as this day's."""
    told = measure(days=days)
    today = timezone.localdate()
    ParityMeasure.objects.update_or_create(day=today, defaults={"content": told})
    ParityMeasure.objects.filter(day__lt=today - KEPT_FOR).delete()
    return told


def last() -> dict[str, Any] | None:
    """The last measure; None before the first one in this form."""
    kept = ParityMeasure.objects.order_by("-day").first()
    return dict(kept.content) if kept and kept.content.get("form") == FORM else None
