"""The mail channel's daily task."""

import datetime as dt
from typing import Any

from django.utils import timezone

from mitoyen.channels.mail import asking
from mitoyen.channels.mail.models import Taken
from mitoyen.ledger import jobs
from mitoyen.ledger.models import Job

KEPT_FOR = dt.timedelta(days=30)
"""A mail server gives up on a mail after five days: the same one doesn't come again later than that."""


@jobs.task("forget_old_mails")
def forget(job: Job) -> dict[str, Any]:
    """Forget which mails came in long ago, and what was never completed by its term."""
    removed, _by_model = Taken.objects.filter(at__lt=timezone.now() - KEPT_FOR).delete()
    return {"mails": removed, "dialogues": asking.forget_old()}


jobs.daily("forget_old_mails", 3)
