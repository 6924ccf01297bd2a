"""A device's state in words: bad news first, since when, how sure."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.connect.devices.models import Health, Registration
from mitoyen.connect.devices.silence import EVERYTHING

SOON = dt.timedelta(days=90)
LOW_PERCENT = 15.0
GOOD, BAD, PLAIN = "good", "bad", ""


@dataclass(frozen=True, slots=True)
class State:
    """`code` filters the list, `label` names the state, `says` tells it in a sentence."""

    code: str
    label: str
    says: str
    tone: str


def state_of(registration: Registration) -> State:
    """What matters most about a device now."""
    health = health_of(registration)
    if registration.retired_at is not None:
        day = date_format(timezone.localtime(registration.retired_at), "j F Y")
        return State("retired", _("out of service"), _("Out of service since %(day)s.") % {"day": day}, PLAIN)
    if health is None:
        return State("never", _("never heard"), _("Nothing has come from it yet."), BAD)
    if health.silent_since is not None:
        return _silent(health, health.silent_since)
    if low_battery(health):
        return State("battery", _("battery low"), battery_says(health), BAD)
    return State("well", _("well"), _("Heard %(ago)s.") % {"ago": ago(health.last_seen)}, GOOD)


def health_of(registration: Registration) -> Health | None:
    return getattr(registration.device, "health", None)


def low_battery(health: Health) -> bool:
    soon = health.battery_ends is not None and health.battery_ends <= timezone.localdate() + SOON
    return soon or (health.battery_percent is not None and health.battery_percent <= LOW_PERCENT)


def _silent(health: Health, since: dt.datetime) -> State:
    said = {"since": moment(since), "where": health.silent_with}
    if health.silent_with == EVERYTHING:
        says = _("Silent since %(since)s, with all that comes in: something common to all is down.") % said
        return State("silent", _("silent, with all"), says, BAD)
    if health.silent_with:
        says = _("Silent since %(since)s, with others behind the gateway %(where)s: look at the gateway.") % said
        return State("silent", _("silent, with its gateway"), says, BAD)
    if health.silent_sure:
        return State("silent", _("has fallen silent"), _("Silent since %(since)s, almost surely.") % said, BAD)
    says = _("Silent since %(since)s, perhaps: some lost messages would look the same.") % said
    return State("silent", _("perhaps silent"), says, BAD)


def battery_says(health: Health) -> str:
    """The battery's level, and when it is likely to be empty, where that can be said."""
    parts = []
    if health.battery_percent is not None:
        parts.append(_("Battery at %(n)s %%.") % {"n": f"{health.battery_percent:.0f}"})
    elif health.battery_volts is not None:
        parts.append(_("Battery at %(n)s V.") % {"n": f"{health.battery_volts:.2f}".replace(".", ",")})
    if health.battery_ends is not None and health.battery_ends_from and health.battery_ends_to:
        days = {"day": _day(health.battery_ends), "first": _day(health.battery_ends_from)}
        days["last"] = _day(health.battery_ends_to)
        parts.append(_("Probably empty around %(day)s (between %(first)s and %(last)s).") % days)
    elif parts:
        parts.append(_("Nobody can say yet when it will be empty."))
    return " ".join(parts)


def moment(when: dt.datetime) -> str:
    local = timezone.localtime(when)
    return date_format(local, "j F Y, H:i")


def ago(when: dt.datetime) -> str:
    """How long ago, in the largest unit that is not zero."""
    seconds = max(0.0, (timezone.now() - when).total_seconds())
    minutes, hours, days = round(seconds / 60), round(seconds / 3600), round(seconds / 86_400)
    if minutes < 1:
        return _("less than a minute ago")
    if minutes < 90:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    if hours < 48:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}


def lasting(seconds: float) -> str:
    """A length of time, as a person says it."""
    if seconds < 90:
        return ngettext("%(n)d second", "%(n)d seconds", round(seconds)) % {"n": round(seconds)}
    if seconds < 5400:
        minutes = round(seconds / 60)
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours = round(seconds / 3600)
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}


def _day(day: dt.date) -> str:
    return date_format(day, "j F Y")
