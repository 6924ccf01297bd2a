"""The mail channel's daily task."""

import datetime as dt
from typing import Any

from django.utils import timezone

from mitoyen.channels.mail import asking
from mitoyen.channels.mail.models import Taken
from mitoyen.ledger import jobs
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import Job, Notice

KEPT_FOR = dt.timedelta(days=30)
"""A mail server gives up on a mail after five days: the same one doesn't come again later than that."""


@jobs.task("forget_old_mails")
def forget(job: Job) -> dict[str, Any]:
    """Forget which mails came in long ago, and what was never completed by its term."""
    before = timezone.now() - KEPT_FOR
    removed, _by_model = Taken.objects.filter(at__lt=before).delete()
    # Questions sent back belong to no request: nothing else erases the address that they went to.
    asked = Notice.objects.filter(way=NoticeWay.MAIL, key__startswith="mail:", made_at__lt=before)
    erased, _by_model = asked.exclude(about__startswith="request:").delete()
    return {"mails": removed, "dialogues": asking.forget_old(), "answers": erased}


jobs.daily("forget_old_mails", 3)
