"""Rules whose method is code: run as often as they want it, over the things of the communes that switched them on."""

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from django.utils import timezone

from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed, method_of
from mitoyen.manifests.schema import AlertRule
from mitoyen.manifests.switches import communes_with
from mitoyen.operate.alerts.gathering import Lot, groups, lots
from mitoyen.operate.alerts.keeping import FOLLOWED, Settled, settle
from mitoyen.operate.alerts.models import STILL_OPEN, Alert, Tuning
from mitoyen.operate.alerts.watched import tuned
from mitoyen.operate.detect import Group, Sighting

logger = logging.getLogger(__name__)


@dataclass
class Detectors:
    """When each rule of code ran last; one that was never run is due."""

    ran: dict[tuple[str, str], dt.datetime] = field(default_factory=dict)

    def run_due(self, now: dt.datetime | None = None) -> int:
        """Run those that are due; how many. One that fails is told in the log and tried again at its time."""
        done = 0
        for usage, rule in coded():
            key, moment = (usage.manifest.name, rule.name), now or timezone.now()
            last = self.ran.get(key)
            if last is not None and moment - last < dt.timedelta(minutes=rule.every_minutes):
                continue
            self.ran[key] = moment
            try:
                detect(usage, rule, moment)
            except Exception:
                logger.exception("The rule %s/%s could not be run.", *key)
            done += 1
        return done


def coded() -> Iterator[tuple[Usage, AlertRule]]:
    """Every rule of the installed usages whose method is code."""
    for usage in installed().values():
        for rule in usage.manifest.alerts:
            if rule.method == "code":
                yield usage, rule


def detect(usage: Usage, rule: AlertRule, now: dt.datetime) -> Settled:
    """Have one rule look at every group, and settle what it sees."""
    name = usage.manifest.name
    tunings = tuned(rule, name)
    on = communes_with(name, timezone.localdate(now)) - {insee for insee, one in tunings.items() if one.off}
    units = {stream.property: stream.unit for stream in usage.manifest.datastreams}
    seen: list[Sighting] = []
    # What is no longer looked at (switched off, taken away) has no alerts either.
    examined: set[int] = set(Alert.objects.filter(FOLLOWED, usage=name, rule=rule.name).values_list("thing", flat=True))
    function = method_of(usage, rule)
    for lot, group in groups(rule, lots(rule, on), units, now, _open_since(name, rule)):
        try:
            seen += list(function(tuned_rule(rule, tunings.get(lot.commune or "")), group))
        except Exception:
            logger.exception("The rule %s/%s failed on %s.", name, rule.name, lot.things[0].name)
            examined -= _things_of(lot, group)
            continue
        examined |= _things_of(lot, group)
    return settle(name, rule, seen, examined, now)


def _open_since(usage: str, rule: AlertRule) -> dict[int, dt.datetime]:
    """When the faults began that are open; one that a person set aside is what is usual from now on."""
    if not rule.remembers:
        return {}
    found = Alert.objects.filter(usage=usage, rule=rule.name, state__in=STILL_OPEN).order_by("-since")
    return dict(found.values_list("thing", "since"))


def tuned_rule(rule: AlertRule, tuning: Tuning | None) -> AlertRule:
    """The rule with the thresholds that a commune wants."""
    if tuning is None:
        return rule
    thresholds = {name: float(tuning.thresholds.get(name, value)) for name, value in rule.thresholds.items()}
    minutes = rule.minutes if tuning.minutes is None else tuning.minutes
    return msgspec.structs.replace(rule, thresholds=thresholds, minutes=minutes)


def _things_of(lot: Lot, group: Group) -> set[int]:
    parent = {group.parent.thing} if group.parent else set()
    return {one.thing for one in group.subjects} | parent
