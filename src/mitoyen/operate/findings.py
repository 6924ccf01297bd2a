"""Findings: what the installed usages' rules see in the meters, ranked by what is at stake a year."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.evaluate import factors
from mitoyen.history.models import Datastream
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed
from mitoyen.manifests.schema import Rule
from mitoyen.manifests.switches import communes_with
from mitoyen.operate import looking
from mitoyen.operate.enums import FindingState
from mitoyen.operate.looking import Seen
from mitoyen.operate.models import Finding
from mitoyen.territory.models import Commune, Thing

# Who closes a finding that no longer holds.
ITSELF = "mitoyen"
OPEN = (FindingState.NEW, FindingState.SEEN, FindingState.PLANNED)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of the rules changed."""

    open: int
    new: int
    closed: int


def find_all(progress: Progress | None = None) -> int:
    """Run every rule on every meter of the communes that switched its usage on; returns how many findings are open.

    Safe to repeat: a finding is known by its key. One that no longer holds is closed with a note.
    `progress(done, total)` is called after each meter.
    """
    return refresh(progress).open


def refresh(progress: Progress | None = None) -> Summary:
    """`find_all`, telling what changed."""
    examined = looking.meters()
    today = timezone.localdate()
    switched = {name: communes_with(name, today) for name in installed()}
    found: dict[str, tuple[Seen, Datastream]] = {}
    for done, meter in enumerate(examined, start=1):
        for usage, rule in _rules_for(meter.datastream, meter.site, switched):
            for seen in looking.look(usage, rule, meter):
                found[seen.key] = (seen, meter.datastream)
        if progress is not None:
            progress(done, len(examined))
    with transaction.atomic():
        new = sum(_keep(seen, datastream) for seen, datastream in found.values())
        closed = _close_others(set(found), [meter.datastream.pk for meter in examined])
        open_now = Finding.objects.filter(state__in=OPEN).count()
        audit.record(ITSELF, "findings.refresh", "territory", open=open_now, new=new, closed=closed)
    return Summary(open_now, new, closed)


def ranked(
    commune: Commune | str | None = None, states: Iterable[str] = OPEN, thing: Thing | None = None
) -> QuerySet[Finding]:
    """Findings in these states, the most euros a year first, then the largest amount; of one commune, or thing and
    its parts."""
    found = Finding.objects.filter(state__in=list(states)).select_related(
        "thing", "thing__part_of", "datastream", "datastream__thing", "commune"
    )
    if commune is not None:
        found = found.filter(commune_id=commune.insee if isinstance(commune, Commune) else commune)
    if thing is not None:
        found = found.filter(thing=thing)
    return found.order_by(F("eur").desc(nulls_last=True), F("amount").desc(nulls_last=True), "key")


@transaction.atomic
def decide(finding: Finding, state: str, by: str, reason: str = "") -> Finding:
    """Say what becomes of a finding: seen, planned, done, dismissed, or new again. Audited.

    Raises Refused for an unknown state, and when a finding is set aside without a reason.
    """
    if state not in FindingState.values:
        raise Refused(_("“%(state)s” is not a state of a finding.") % {"state": state}, code="unknown_state")
    if state == FindingState.DISMISSED and not reason.strip():
        raise Refused(
            _("Setting a finding aside needs a reason."),
            next_step=_("Say in a few words why nothing needs to be done."),
            code="reason_missing",
        )
    before = finding.state
    finding.state, finding.reason = FindingState(state), reason.strip()
    finding.decided_by, finding.decided_at = by, timezone.now()
    finding.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    audit.record(by, "finding.decide", finding.key, before=before, after=state, reason=reason.strip())
    return finding


def _rules_for(datastream: Datastream, site: Thing, switched: dict[str, set[str]]) -> Iterator[tuple[Usage, Rule]]:
    """Rules of the usages switched on where the meter stands; outside the territory, of every installed usage."""
    insee = datastream.thing.commune_id or site.commune_id
    for name, usage in installed().items():
        if insee is not None and insee not in switched[name]:
            continue
        for rule in usage.manifest.rules:
            if datastream.observed_property in rule.properties:
                yield usage, rule


def _keep(seen: Seen, datastream: Datastream) -> bool:
    """Make the finding, or bring it up to date; True when it is new (again)."""
    hit = seen.hit
    evidence: dict[str, Any] = {**hit.evidence, "facts": hit.facts, "sure": hit.sure}
    values = {
        "rule": seen.rule.name,
        "thing": seen.site,
        "datastream": datastream,
        "commune_id": datastream.thing.commune_id or seen.site.commune_id,
        "first": hit.first,
        "last": hit.last,
        "amount": hit.amount,
        "unit": seen.unit,
        "eur": _eur(seen, datastream),
        "evidence": evidence,
    }
    finding, created = Finding.objects.get_or_create(key=seen.key, defaults=values)
    if created:
        return True
    for name, value in values.items():
        setattr(finding, name, value)
    again = _is_back(finding, hit.last)
    if again:
        finding.state, finding.reason = FindingState.NEW, _("Seen again after it was closed.")
        audit.record(ITSELF, "finding.reopen", finding.key, last=hit.last)
    finding.save()
    return again


def _is_back(finding: Finding, last: dt.date) -> bool:
    """Closed by itself and seen again; or told done, and seen in readings of after that."""
    if finding.state != FindingState.DONE:
        return False
    if finding.decided_by == ITSELF:
        return True
    return finding.decided_at is not None and last > timezone.localdate(finding.decided_at)


def _eur(seen: Seen, datastream: Datastream) -> float | None:
    """What is at stake in euros a year, at the price of the last day seen; a doubtful meter costs nothing by itself."""
    if seen.hit.amount is None or seen.rule.method == "guard":
        return None
    price = factors.price_on(datastream.observed_property, seen.hit.last, per=seen.unit)
    return None if price is None else round(seen.hit.amount * price.value, 2)


def _close_others(found: set[str], examined: list[int]) -> int:
    """Close the open findings of examined meters that no rule sees any more."""
    gone = [
        finding
        for finding in Finding.objects.filter(state__in=OPEN, datastream_id__in=examined)
        if finding.key not in found
    ]
    for finding in gone:
        decide(finding, FindingState.DONE, ITSELF, _("The readings no longer show it."))
    return len(gone)
