"""Checks the alert rules that a usage declares, and the texts that they need."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from mitoyen.manifests.load import Fault
from mitoyen.manifests.methods import ALERT_FACTS, ALERT_METHODS
from mitoyen.manifests.schema import AlertRule, UsageManifest
from mitoyen.manifests.shared_checks import MANIFEST, unknown


def faults(manifest: UsageManifest) -> Iterator[Fault]:
    """What is wrong in the alert rules of a manifest."""
    kinds = {kind.name for kind in manifest.kinds}
    properties = {stream.property for stream in manifest.datastreams}
    for number, rule in enumerate(manifest.alerts):
        where = f"$.alerts[{number}]"
        yield from unknown(rule.properties, properties, f"{where}.properties", _("property"))
        yield from unknown(rule.kinds, kinds, f"{where}.kinds", _("kind"))
        yield from _code(rule, where) if rule.method == "code" else _thresholds(rule, where)


def needed_texts(manifest: UsageManifest) -> dict[str, frozenset[str] | None]:
    """Keys that each language must have, with what they may quote; None where a method of code says it."""
    keys: dict[str, frozenset[str] | None] = {}
    for rule in manifest.alerts:
        keys[f"alerts.{rule.name}.title"] = frozenset()
        keys[f"alerts.{rule.name}.sentence"] = facts_of(rule)
        keys[f"alerts.{rule.name}.action"] = facts_of(rule)
    return keys


def optional_texts(manifest: UsageManifest) -> dict[str, frozenset[str] | None]:
    """What the public page says of an alert, with what it may quote (those without it stay inside); and what thresholds
    are called where communes tune them."""
    told = {f"alerts.{rule.name}.public": facts_of(rule) for rule in manifest.alerts}
    nothing: frozenset[str] = frozenset()
    return told | {f"thresholds.{name}": nothing for rule in manifest.alerts for name in rule.thresholds}


def facts_of(rule: AlertRule) -> frozenset[str] | None:
    """Facts that the sentences of a rule may quote; None: any that its code gives."""
    return None if rule.method == "code" else ALERT_FACTS | ALERT_METHODS[rule.method].facts


def _code(rule: AlertRule, where: str) -> Iterator[Fault]:
    if rule.code.count(":") != 1:
        yield Fault(MANIFEST, f"{where}.code", _("write `module:function`, a module of your package."))


def _thresholds(rule: AlertRule, where: str) -> Iterator[Fault]:
    spec = ALERT_METHODS[rule.method]
    told = {"method": rule.method}
    for name in sorted(spec.required - set(rule.thresholds)):
        message = _("“%(name)s” is missing; the method “%(method)s” needs it.") % (told | {"name": name})
        yield Fault(MANIFEST, f"{where}.thresholds", message)
    if spec.one_of and not spec.one_of & set(rule.thresholds):
        names = ", ".join(sorted(spec.one_of))
        message = _("the method “%(method)s” needs one of: %(names)s.") % (told | {"names": names})
        yield Fault(MANIFEST, f"{where}.thresholds", message)
    for name in sorted(set(rule.thresholds) - spec.required - spec.one_of - spec.optional):
        message = _("“%(name)s” is not used by the method “%(method)s”; remove it.") % (told | {"name": name})
        yield Fault(MANIFEST, f"{where}.thresholds", message)
