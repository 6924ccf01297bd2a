"""Checks a usage's folder before anyone relies on it: what the schema alone can't see."""

from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from mitoyen.manifests import alert_check, label_check, show_check
from mitoyen.manifests.load import Fault, ManifestError, Usage, load
from mitoyen.manifests.methods import COMMON_FACTS, METHODS
from mitoyen.manifests.schema import Rule, UsageManifest
from mitoyen.manifests.shared_checks import MANIFEST, texts, told_twice, unknown, versions

# Canonical units of datastreams and what indicators divide them by (UCUM); history.units converts into them.
UNITS = frozenset(
    {"kWh", "m3", "Cel", "%", "W/m2", "m/s", "hPa", "ppm", "ug/m3", "1", "L", "W", "kW", "EUR", "m", "mm", "lx"}
)


def check(folder: Path) -> list[Fault]:
    """Every fault of a usage's folder, empty when it is fit for use. Never raises on a bad manifest."""
    if not folder.is_dir():
        return [Fault(str(folder), "", _("no such folder."))]
    try:
        usage = load(folder, UsageManifest)
    except ManifestError as error:
        return [error.fault]
    return list(faults(usage))


def faults(usage: Usage) -> Iterator[Fault]:
    """Faults of a usage that could be read."""
    manifest = usage.manifest
    yield from versions(manifest)
    yield from told_twice(_names(manifest))
    yield from _references(manifest)
    for number, rule in enumerate(manifest.rules):
        yield from _rule(manifest, rule, f"$.rules[{number}]")
    yield from alert_check.faults(manifest)
    yield from show_check.faults(manifest)
    yield from label_check.faults(manifest)
    yield from texts(usage.texts, needed_texts(manifest), alert_check.optional_texts(manifest))


def needed_texts(manifest: UsageManifest) -> dict[str, frozenset[str] | None]:
    """Dotted keys that each language must have, with the facts that the text may quote in braces."""
    nothing: frozenset[str] = frozenset()
    keys: dict[str, frozenset[str] | None] = {"usage.title": nothing, "usage.summary": nothing}
    for kind in manifest.kinds:
        keys[f"kinds.{kind.name}"] = nothing
        for attribute in kind.attributes:
            keys[f"attributes.{attribute.name}"] = nothing
            keys.update({f"choices.{attribute.name}.{choice}": nothing for choice in attribute.choices})
    keys.update({f"properties.{stream.property}": nothing for stream in manifest.datastreams})
    keys.update({f"indicators.{indicator.name}": nothing for indicator in manifest.indicators})
    keys.update({f"benefits.{benefit.name}": nothing for benefit in manifest.benefits})
    keys.update({f"footprint.{item.name}": nothing for item in manifest.footprint})
    for rule in manifest.rules:
        allowed = COMMON_FACTS | METHODS[rule.method].facts
        keys[f"rules.{rule.name}.title"] = nothing
        keys[f"rules.{rule.name}.sentence"] = allowed
        keys[f"rules.{rule.name}.action"] = nothing
        keys.update({f"reasons.{reason}": nothing for reason in rule.reasons})
    keys |= label_check.needed_texts(manifest)
    return keys | alert_check.needed_texts(manifest) | show_check.needed_texts(manifest)


def _names(manifest: UsageManifest) -> dict[str, list[str]]:
    return {
        "kinds": [kind.name for kind in manifest.kinds],
        "datastreams": [stream.property for stream in manifest.datastreams],
        "indicators": [indicator.name for indicator in manifest.indicators],
        "rules": [rule.name for rule in manifest.rules],
        "alerts": [rule.name for rule in manifest.alerts],
        "benefits": [benefit.name for benefit in manifest.benefits],
        "footprint": [item.name for item in manifest.footprint],
        "labels": [label.kind for label in manifest.labels],
    }


def _references(manifest: UsageManifest) -> Iterator[Fault]:
    kinds = {kind.name for kind in manifest.kinds}
    attributes = {attribute.name for kind in manifest.kinds for attribute in kind.attributes}
    properties = {stream.property for stream in manifest.datastreams}
    indicators = {indicator.name for indicator in manifest.indicators}
    for number, kind in enumerate(manifest.kinds):
        yield from unknown(kind.part_of, kinds, f"$.kinds[{number}].part_of", _("kind"))
    for number, stream in enumerate(manifest.datastreams):
        yield from unknown(stream.on, kinds, f"$.datastreams[{number}].on", _("kind"))
        if stream.unit not in UNITS:
            known = ", ".join(sorted(UNITS))
            message = _("“%(unit)s” is not known; use one of: %(known)s.") % {"unit": stream.unit, "known": known}
            yield Fault(MANIFEST, f"$.datastreams[{number}].unit", message)
    for number, indicator in enumerate(manifest.indicators):
        where = f"$.indicators[{number}]"
        yield from unknown([indicator.property], properties, f"{where}.property", _("property"))
        yield from unknown([indicator.per], attributes, f"{where}.per", _("attribute"))
        yield from unknown([indicator.group_by], attributes, f"{where}.group_by", _("attribute"))
    for number, benefit in enumerate(manifest.benefits):
        if benefit.indicator:
            yield from unknown([benefit.indicator], indicators, f"$.benefits[{number}].indicator", _("indicator"))
    for number, item in enumerate(manifest.footprint):
        yield from unknown([item.each], kinds, f"$.footprint[{number}].each", _("kind"))


def _rule(manifest: UsageManifest, rule: Rule, where: str) -> Iterator[Fault]:
    spec = METHODS[rule.method]
    yield from unknown(
        rule.properties, {stream.property for stream in manifest.datastreams}, f"{where}.properties", "property"
    )
    if rule.method == "code":
        if rule.code.count(":") != 1:
            yield Fault(MANIFEST, f"{where}.code", _("write `module:function`, a module of your package."))
        return
    for name in sorted(spec.thresholds - set(rule.thresholds)):
        yield Fault(
            MANIFEST,
            f"{where}.thresholds",
            _("“%(name)s” is missing; the method “%(method)s” needs it.") % {"name": name, "method": rule.method},
        )
    for name in sorted(set(rule.thresholds) - spec.thresholds):
        yield Fault(
            MANIFEST,
            f"{where}.thresholds",
            _("“%(name)s” is not used by the method “%(method)s”; remove it.") % {"name": name, "method": rule.method},
        )
    for key, needed, given in (
        ("season", spec.season, rule.season is not None),
        ("hours", spec.hours, rule.hours is not None),
        ("reasons", spec.reasons, bool(rule.reasons)),
    ):
        if needed and not given:
            yield Fault(
                MANIFEST, f"{where}.{key}", _("is missing; the method “%(method)s” needs it.") % {"method": rule.method}
            )
