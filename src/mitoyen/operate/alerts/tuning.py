"""A rule as one commune wants it: other thresholds, another duration, or off; each time with a reason, audited."""

import math
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts.models import Tuning
from mitoyen.territory.models import Commune

LONGEST_MINUTES = 10_080


def rule_named(usage: str, rule: str) -> tuple[Usage, AlertRule]:
    """The usage and its alert rule. Raises Refused where there is none of that name."""
    found = installed().get(usage)
    if found is None:
        known = ", ".join(sorted(installed()))
        message = _("No usage is called “%(usage)s”.") % {"usage": usage}
        raise Refused(message, _("Known here: %(names)s.") % {"names": known}, code="unknown_usage")
    rules = {one.name: one for one in found.manifest.alerts}
    if rule not in rules:
        message = _("The usage “%(usage)s” has no alert rule “%(rule)s”.") % {"usage": usage, "rule": rule}
        raise Refused(message, _("Known here: %(names)s.") % {"names": ", ".join(rules)}, code="unknown_rule")
    return found, rules[rule]


def tune(
    usage: str,
    rule: str,
    commune: Commune,
    by: str,
    why: str,
    *,
    thresholds: Mapping[str, float] | None = None,
    minutes: int | None = None,
    off: bool = False,
) -> Tuning:
    """Have a rule differ in a commune; what is not given is as the usage declares it. Raises Refused."""
    _usage, declared = rule_named(usage, rule)
    _check(declared, thresholds or {}, minutes, why)
    values = {"thresholds": dict(thresholds or {}), "minutes": minutes, "off": off, "by": by, "why": why.strip()}
    with transaction.atomic():
        tuning, _created = Tuning.objects.update_or_create(usage=usage, rule=rule, commune=commune, defaults=values)
        about = {"commune": commune.insee, "thresholds": tuning.thresholds, "minutes": minutes, "off": off}
        audit.record(by, "alert_rule.tuned", f"{usage}/{rule}", **about, why=tuning.why)
    return tuning


def untune(usage: str, rule: str, commune: Commune, by: str, why: str) -> bool:
    """Have a rule be in a commune as the usage declares it; False when it was already. Raises Refused."""
    _usage, declared = rule_named(usage, rule)
    _check(declared, {}, None, why)
    with transaction.atomic():
        deleted, _models = Tuning.objects.filter(usage=usage, rule=rule, commune=commune).delete()
        if deleted:
            about = {"commune": commune.insee, "why": why.strip()}
            audit.record(by, "alert_rule.untuned", f"{usage}/{rule}", **about)
    return bool(deleted)


def _check(rule: AlertRule, thresholds: Mapping[str, float], minutes: int | None, why: str) -> None:
    if not why.strip():
        raise Refused(
            _("Changing a rule needs a reason."),
            _("Say in a few words why it is to differ here."),
            code="reason_missing",
        )
    unknown = sorted(set(thresholds) - set(rule.thresholds))
    if unknown:
        names = ", ".join(sorted(rule.thresholds)) or _("none")
        message = _("This rule has no threshold “%(name)s”.") % {"name": unknown[0]}
        raise Refused(message, _("It has: %(names)s.") % {"names": names}, code="unknown_threshold")
    if not all(math.isfinite(value) for value in thresholds.values()):
        raise Refused(_("A threshold must be a number."), code="bad_threshold")
    if minutes is not None and not 0 <= minutes <= LONGEST_MINUTES:
        raise Refused(_("Minutes go from 0 to %(most)d, a week.") % {"most": LONGEST_MINUTES}, code="bad_minutes")
