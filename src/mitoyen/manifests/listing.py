"""What is installed and where it is on, for a terminal."""

import datetime as dt
from collections.abc import Iterator

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Fault
from mitoyen.manifests.registry import installed, rejected
from mitoyen.manifests.switches import communes_with


def installed_lines(day: dt.date) -> Iterator[str]:
    """A line a usage: name, version, licence, where it is on; then what can't be used, and why."""
    language = (get_language() or "fr")[:2]
    for name, usage in installed().items():
        count = len(communes_with(name, day))
        where = ngettext("on in %(count)d commune", "on in %(count)d communes", count) % {"count": count}
        what = f"{name} {usage.manifest.version} ({usage.manifest.licence})"
        yield f"{what}: {usage.text('usage.title', language)}; {where}"
    for fault in rejected():
        yield _("left out: %(fault)s") % {"fault": fault}


def checked_lines(folder: str, faults: list[Fault]) -> Iterator[str]:
    """A line a fault, or that there is none."""
    if not faults:
        yield _("%(folder)s: no fault found.") % {"folder": folder}
    for fault in faults:
        yield str(fault)
