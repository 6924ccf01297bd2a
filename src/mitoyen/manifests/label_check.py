"""Checks what a usage says on the labels of its things."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from mitoyen.manifests.load import Fault
from mitoyen.manifests.schema import UsageManifest
from mitoyen.manifests.shared_checks import MANIFEST, unknown


def faults(manifest: UsageManifest) -> Iterator[Fault]:
    """A label is of a declared kind, and tells only what that kind, or what it is part of, really measures."""
    kinds = {kind.name for kind in manifest.kinds}
    properties = {stream.property for stream in manifest.datastreams}
    carried = {
        kind.name: {one.property for one in manifest.datastreams if {kind.name, *kind.part_of} & set(one.on)}
        for kind in manifest.kinds
    }
    for number, label in enumerate(manifest.labels):
        where = f"$.labels[{number}]"
        yield from unknown([label.kind], kinds, f"{where}.kind", _("kind"))
        yield from unknown(label.measures, properties, f"{where}.measures", _("property"))
        for name in label.measures:
            if name in properties and label.kind in carried and name not in carried[label.kind]:
                message = _("“%(name)s” is not measured on “%(kind)s”; a label tells only what is measured there.")
                yield Fault(MANIFEST, f"{where}.measures", message % {"name": name, "kind": label.kind})


def needed_texts(manifest: UsageManifest) -> dict[str, frozenset[str] | None]:
    """What it measures and why, in plain words; where there are personal data, which, and how they are kept safe."""
    keys: dict[str, frozenset[str] | None] = {}
    for label in manifest.labels:
        parts = ("measures", "why", "personal") if label.personal_data == "some" else ("measures", "why")
        keys |= {f"labels.{label.kind}.{part}": frozenset() for part in parts}
    return keys
