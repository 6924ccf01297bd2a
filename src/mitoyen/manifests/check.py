"""Checks a usage's folder before anyone relies on it: what the schema alone can't see."""

import string
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from django.utils.translation import gettext as _

from mitoyen.manifests.load import LANGUAGES, Fault, ManifestError, Usage, load
from mitoyen.manifests.methods import COMMON_FACTS, METHODS
from mitoyen.manifests.schema import Rule, UsageManifest

MANIFEST = "manifest.toml"
# Canonical units of datastreams and what indicators divide them by (UCUM); history.units converts into them.
UNITS = frozenset(
    {"kWh", "m3", "Cel", "%", "W/m2", "m/s", "hPa", "ppm", "ug/m3", "1", "L", "W", "kW", "EUR", "mm", "lx"}
)


def check(folder: Path) -> list[Fault]:
    """Every fault of a usage's folder, empty when it is fit for use. Never raises on a bad manifest."""
    if not folder.is_dir():
        return [Fault(str(folder), "", _("no such folder."))]
    try:
        usage = load(folder)
    except ManifestError as error:
        return [error.fault]
    return list(faults(usage))


def faults(usage: Usage) -> Iterator[Fault]:
    """Faults of a usage that could be read."""
    manifest = usage.manifest
    yield from _versions(manifest)
    yield from _duplicates(manifest)
    yield from _references(manifest)
    for number, rule in enumerate(manifest.rules):
        yield from _rule(manifest, rule, f"$.rules[{number}]")
    yield from _texts(usage)


def fits(manifest: UsageManifest, core: str = "") -> bool:
    """Whether the usage fits a version of Mitoyen (this one by default)."""
    return _numbers(manifest.core_from) <= _numbers(core or version("mitoyen")) < _numbers(manifest.core_below)


def needed_texts(manifest: UsageManifest) -> dict[str, frozenset[str]]:
    """Dotted keys that each language must have, with the facts that the text may quote in braces."""
    nothing: frozenset[str] = frozenset()
    keys = {"usage.title": nothing, "usage.summary": nothing}
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
    return keys


def _numbers(version: str) -> tuple[int, ...]:
    digits = [int(part) for part in version.split("+", maxsplit=1)[0].split(".") if part.isdigit()]
    return tuple([*digits, 0, 0, 0][:3])


def _versions(manifest: UsageManifest) -> Iterator[Fault]:
    if not manifest.licence.strip():
        yield Fault(MANIFEST, "$.licence", _("is empty; write the SPDX name of the licence you chose (any will do)."))
    if not fits(manifest):
        message = _("fits Mitoyen %(first)s to below %(below)s, this is %(core)s; install a version that fits.") % {
            "first": manifest.core_from,
            "below": manifest.core_below,
            "core": version("mitoyen"),
        }
        yield Fault(MANIFEST, "$.core_from", message)


def _duplicates(manifest: UsageManifest) -> Iterator[Fault]:
    lists = {
        "kinds": [kind.name for kind in manifest.kinds],
        "datastreams": [stream.property for stream in manifest.datastreams],
        "indicators": [indicator.name for indicator in manifest.indicators],
        "rules": [rule.name for rule in manifest.rules],
        "benefits": [benefit.name for benefit in manifest.benefits],
        "footprint": [item.name for item in manifest.footprint],
    }
    for key, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield Fault(
                    MANIFEST,
                    f"$.{key}",
                    _("“%(name)s” is declared %(count)d times; keep one.") % {"name": name, "count": count},
                )


def _references(manifest: UsageManifest) -> Iterator[Fault]:
    kinds = {kind.name for kind in manifest.kinds}
    attributes = {attribute.name for kind in manifest.kinds for attribute in kind.attributes}
    properties = {stream.property for stream in manifest.datastreams}
    indicators = {indicator.name for indicator in manifest.indicators}
    for number, kind in enumerate(manifest.kinds):
        yield from _unknown(kind.part_of, kinds, f"$.kinds[{number}].part_of", _("kind"))
    for number, stream in enumerate(manifest.datastreams):
        yield from _unknown(stream.on, kinds, f"$.datastreams[{number}].on", _("kind"))
        if stream.unit not in UNITS:
            known = ", ".join(sorted(UNITS))
            message = _("“%(unit)s” is not known; use one of: %(known)s.") % {"unit": stream.unit, "known": known}
            yield Fault(MANIFEST, f"$.datastreams[{number}].unit", message)
    for number, indicator in enumerate(manifest.indicators):
        where = f"$.indicators[{number}]"
        yield from _unknown([indicator.property], properties, f"{where}.property", _("property"))
        yield from _unknown([indicator.per], attributes, f"{where}.per", _("attribute"))
        yield from _unknown([indicator.group_by], attributes, f"{where}.group_by", _("attribute"))
    for number, benefit in enumerate(manifest.benefits):
        if benefit.indicator:
            yield from _unknown([benefit.indicator], indicators, f"$.benefits[{number}].indicator", _("indicator"))
    for number, item in enumerate(manifest.footprint):
        yield from _unknown([item.each], kinds, f"$.footprint[{number}].each", _("kind"))


def _unknown(names: list[str], known: set[str], key: str, what: str) -> Iterator[Fault]:
    for name in names:
        if name not in known:
            yield Fault(
                MANIFEST,
                key,
                _("“%(name)s” is not declared here as %(what)s (%(known)s).")
                % {
                    "name": name,
                    "what": what,
                    "known": ", ".join(sorted(known)),
                },
            )


def _rule(manifest: UsageManifest, rule: Rule, where: str) -> Iterator[Fault]:
    spec = METHODS[rule.method]
    yield from _unknown(
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


def _texts(usage: Usage) -> Iterator[Fault]:
    needed = needed_texts(usage.manifest)
    for language in LANGUAGES:
        texts = usage.texts[language]
        file = f"texts/{language}.toml"
        for key, facts in needed.items():
            if not texts.get(key, "").strip():
                yield Fault(file, key, _("the text is missing; write it in plain words."))
                continue
            yield from _placeholders(file, key, texts[key], facts)
        for key in sorted(set(texts) - set(needed)):
            yield Fault(file, key, _("no part of the manifest uses this text; remove it or correct its key."))


def _placeholders(file: str, key: str, text: str, facts: frozenset[str]) -> Iterator[Fault]:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        yield Fault(file, key, _("braces don't match (%(error)s); double them to show one.") % {"error": error})
        return
    for name in sorted(names - facts):
        allowed = ", ".join(sorted(facts)) or _("none")
        yield Fault(
            file, key, _("{%(name)s} can't be quoted here; possible: %(allowed)s.") % {"name": name, "allowed": allowed}
        )
