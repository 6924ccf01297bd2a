"""Once a day: what opened and closed by itself, in the audit trail by counts, so that it is not flooded."""

import datetime as dt
from collections import Counter
from typing import Any

from django.db import transaction
from django.utils import timezone

from mitoyen.history.times import paris_midnight
from mitoyen.ledger import audit, jobs
from mitoyen.ledger.models import AuditEntry, Job
from mitoyen.operate.alerts.keeping import ITSELF
from mitoyen.operate.alerts.models import Alert


@jobs.task("alerts_account")
def account(job: Job | None, day: str = "") -> dict[str, Any]:
    """How many alerts of each rule opened and closed on a local day (yesterday). Told once a day."""
    told = dt.date.fromisoformat(day) if day else timezone.localdate() - dt.timedelta(days=1)
    first, last = paris_midnight(told), paris_midnight(told + dt.timedelta(days=1))
    within = {"gte": first, "lt": last}
    counts = {
        name: _by_rule(Alert.objects.filter(**{f"{field}__{bound}": at for bound, at in within.items()}))
        for name, field in (("opened", "opened_at"), ("closed", "closed_at"))
    }
    with transaction.atomic():
        known = AuditEntry.objects.filter(action="alerts.account", subject=told.isoformat()).exists()
        if not known and any(counts.values()):
            audit.record(ITSELF, "alerts.account", told.isoformat(), **counts)
    return {name: sum(found.values()) for name, found in counts.items()}


def _by_rule(alerts: Any) -> dict[str, int]:
    return dict(Counter(f"{usage}/{rule}" for usage, rule in alerts.values_list("usage", "rule")))


jobs.daily("alerts_account", 1)
