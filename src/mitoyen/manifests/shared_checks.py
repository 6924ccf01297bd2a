"""What the folders of usages and services are both checked for: versions, names told twice, texts in each language."""

import string
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from django.utils.translation import gettext as _

from mitoyen.manifests.load import LANGUAGES, Fault
from mitoyen.manifests.schema import UsageManifest
from mitoyen.manifests.service_schema import ServiceManifest

MANIFEST = "manifest.toml"
AnyManifest = UsageManifest | ServiceManifest


def fits(manifest: AnyManifest, core: str = "") -> bool:
    """Whether it fits a version of Mitoyen (this one by default)."""
    return _numbers(manifest.core_from) <= _numbers(core or version("mitoyen")) < _numbers(manifest.core_below)


def versions(manifest: AnyManifest) -> Iterator[Fault]:
    """A licence is told, and this version of Mitoyen fits."""
    if not manifest.licence.strip():
        yield Fault(MANIFEST, "$.licence", _("is empty; write the SPDX name of the licence you chose (any will do)."))
    if not fits(manifest):
        message = _("fits Mitoyen %(first)s to below %(below)s, this is %(core)s; install a version that fits.") % {
            "first": manifest.core_from,
            "below": manifest.core_below,
            "core": version("mitoyen"),
        }
        yield Fault(MANIFEST, "$.core_from", message)


def told_twice(lists: dict[str, list[str]]) -> Iterator[Fault]:
    """Names declared more than once, by the key of their list."""
    for key, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield Fault(
                    MANIFEST,
                    f"$.{key}",
                    _("“%(name)s” is declared %(count)d times; keep one.") % {"name": name, "count": count},
                )


def unknown(names: list[str], known: set[str], key: str, what: str) -> Iterator[Fault]:
    """Names that nothing declares; `what` they should be."""
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


def texts(
    told: dict[str, dict[str, str]],
    needed: Mapping[str, frozenset[str] | None],
    optional: Mapping[str, frozenset[str] | None] | None = None,
) -> Iterator[Fault]:
    """Each language has every text needed and none unheard of, and quotes only the facts that it may (in braces); any
    where they are None."""
    for language in LANGUAGES:
        there = told[language]
        file = f"texts/{language}.toml"
        for key, facts in needed.items():
            if not there.get(key, "").strip():
                yield Fault(file, key, _("the text is missing; write it in plain words."))
                continue
            yield from _placeholders(file, key, there[key], facts)
        for key, facts in (optional or {}).items():
            if key in there:
                yield from _placeholders(file, key, there[key], facts)
        for key in sorted(set(there) - set(needed) - set(optional or ())):
            yield Fault(file, key, _("no part of the manifest uses this text; remove it or correct its key."))


def _placeholders(file: str, key: str, text: str, facts: frozenset[str] | None) -> Iterator[Fault]:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        yield Fault(file, key, _("braces don't match (%(error)s); double them to show one.") % {"error": error})
        return
    for name in sorted(set() if facts is None else names - facts):
        allowed = ", ".join(sorted(facts or ())) or _("none")
        yield Fault(
            file, key, _("{%(name)s} can't be quoted here; possible: %(allowed)s.") % {"name": name, "allowed": allowed}
        )


def _numbers(version: str) -> tuple[int, ...]:
    digits = [int(part) for part in version.split("+", maxsplit=1)[0].split(".") if part.isdigit()]
    return tuple([*digits, 0, 0, 0][:3])
