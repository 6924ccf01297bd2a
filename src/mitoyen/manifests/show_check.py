"""Checks the figures that a usage shows for each commune, and the texts that they need."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from mitoyen.manifests.load import Fault
from mitoyen.manifests.schema import UsageManifest
from mitoyen.manifests.shared_checks import MANIFEST, told_twice, unknown


def faults(manifest: UsageManifest) -> Iterator[Fault]:
    """What is wrong in the figures that a manifest shows."""
    kinds = {kind.name for kind in manifest.kinds}
    properties = {stream.property for stream in manifest.datastreams}
    for number, show in enumerate(manifest.shows):
        where = f"$.shows[{number}]"
        yield from unknown(show.properties, properties, f"{where}.properties", _("property"))
        yield from unknown(show.kinds, kinds, f"{where}.kinds", _("kind"))
        if show.code.count(":") != 1:
            yield Fault(MANIFEST, f"{where}.code", _("write `module:function`, a module of your package."))
    names = [show.name for show in manifest.shows]
    yield from told_twice({"shows": names} | {f"shows.{show.name}.numbers": show.numbers for show in manifest.shows})


def needed_texts(manifest: UsageManifest) -> dict[str, frozenset[str] | None]:
    """Keys that each language must have, with what they may quote; None where the code says it."""
    keys: dict[str, frozenset[str] | None] = {}
    for show in manifest.shows:
        keys[f"shows.{show.name}.title"] = frozenset()
        keys[f"shows.{show.name}.sentence"] = None
        keys[f"shows.{show.name}.method"] = frozenset()
        for name in show.numbers:
            keys[f"shows.{show.name}.numbers.{name}"] = frozenset()
        for name in show.columns:
            keys[f"shows.{show.name}.columns.{name}"] = frozenset()
    return keys
