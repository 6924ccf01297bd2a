"""What people decide about alerts; each act is kept with who and why, and audited. Only readings close an alert."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts.enums import Act, AlertState
from mitoyen.operate.alerts.models import Alert, AlertFact

# From which states an act may come, and the state that it leads to.
ACTS = {
    Act.TAKEN: ({AlertState.OPEN}, AlertState.TAKEN),
    Act.LEFT: ({AlertState.TAKEN}, AlertState.OPEN),
    Act.DISMISSED: ({AlertState.OPEN, AlertState.TAKEN}, AlertState.DISMISSED),
    Act.BACK: ({AlertState.DISMISSED}, AlertState.OPEN),
}


def decide(alerts: Iterable[Alert], act: str, by: str, words: str = "") -> int:
    """Take alerts in hand, leave them, set them aside (with a reason), or look at them again; how many changed.

    Those that are past it are left as they are. Raises Refused for an unknown act, or no reason where one is due.
    """
    if act not in ACTS:
        raise Refused(_("Nobody can do “%(act)s” to an alert.") % {"act": act}, code="unknown_act")
    if act == Act.DISMISSED and not words.strip():
        raise Refused(
            _("Setting an alert aside needs a reason."),
            next_step=_("Say in a few words why nothing needs to be done."),
            code="reason_missing",
        )
    before, after = ACTS[Act(act)]
    with transaction.atomic():
        pks = [alert.pk for alert in alerts]
        # One that was set aside and is over since is history.
        chosen = list(Alert.objects.select_for_update().filter(pk__in=pks, state__in=before, closed_at=None))
        for alert in chosen:
            _one(alert, Act(act), after, by, words.strip())
    return len(chosen)


def note(alert: Alert, by: str, words: str) -> None:
    """Write something down on an alert. Raises Refused without words."""
    if not words.strip():
        raise Refused(_("There is nothing to write down."), code="reason_missing")
    AlertFact.objects.create(alert=alert, at=timezone.now(), by=by, act=Act.NOTE, words=words.strip())


def _one(alert: Alert, act: Act, after: AlertState, by: str, words: str) -> None:
    alert.state, alert.decided_by, alert.reason = after, by, words
    alert.save(update_fields=["state", "decided_by", "reason"])
    AlertFact.objects.create(alert=alert, at=timezone.now(), by=by, act=act, words=words)
    audit.record(by, "alert.decide", alert.key, id=alert.pk, act=act.value, why=words)
