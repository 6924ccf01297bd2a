"""What is installed and where it is on, for a terminal."""

import datetime as dt
from collections.abc import Iterator

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Fault
from mitoyen.manifests.registry import installed, rejected, services
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


def service_lines() -> Iterator[str]:
    """A line a service: name, version, licence, days to an answer; then what can't be used, and why."""
    language = (get_language() or "fr")[:2]
    for name, service in services.installed().items():
        days = service.manifest.answer_days
        promised = ngettext("answer within %(days)d day", "answer within %(days)d days", days) % {"days": days}
        what = f"{name} {service.manifest.version} ({service.manifest.licence})"
        yield f"{what}: {service.text('service.title', language)}; {promised}"
    for fault in services.rejected():
        yield _("left out: %(fault)s") % {"fault": fault}


def checked_lines(folder: str, faults: list[Fault]) -> Iterator[str]:
    """A line a fault, or that there is none."""
    if not faults:
        yield _("%(folder)s: no fault found.") % {"folder": folder}
    for fault in faults:
        yield str(fault)
