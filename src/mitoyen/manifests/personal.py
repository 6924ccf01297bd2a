"""Kinds of thing whose readings may tell about people, as their label says: a home's water meter.

What is published may count them together; no page, file or list for everyone names one of them or gives its readings.
"""

from mitoyen.manifests.registry import installed


def personal_kinds() -> frozenset[str]:
    """These kinds, of all usages that are installed."""
    return frozenset(
        label.kind for usage in installed().values() for label in usage.manifest.labels if label.personal_data == "some"
    )
