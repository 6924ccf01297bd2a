"""What an alert about silent devices says: what happened, since when, how sure, what to do."""

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.operate.alerts.models import Alert

SURE = 0.9
LOW_BATTERY = 15
MOST_NAMED = 3


def texts(alert: Alert, since: str) -> dict[str, str]:
    """Title, sentence, action and public (never told outside), in the current language."""
    facts = alert.facts
    told = {"since": since, "sure": number_format(100 * alert.sure, 0), "thing": alert.thing.name}
    if alert.rule == "device_silent":
        title, sentence, action = _device(alert, told | {"device": facts.get("device", "")})
    else:
        title, sentence, action = _together(facts, told)
    return {"title": title, "sentence": sentence, "action": action, "public": ""}


def _device(alert: Alert, told: dict[str, str]) -> tuple[str, str, str]:
    told["usual"] = usual(alert.facts.get("usual_s"))
    if alert.sure < SURE:
        sentence = _(
            "The device %(device)s (%(thing)s) has sent nothing since %(since)s; usually it sends %(usual)s. It may be"
            " out of order: %(sure)s%% sure. A few lost messages look the same."
        )
        action = _("Wait for its next message. If none comes, this alert goes up by itself.")
        return _("Perhaps a silent device"), sentence % told, action
    sentence = _(
        "The device %(device)s (%(thing)s) has sent nothing since %(since)s; usually it sends %(usual)s. It is out of"
        " order or hidden from its gateway: %(sure)s%% sure."
    )
    return _("Silent device"), sentence % told, _what_to_do(alert.facts)


def _what_to_do(facts: dict[str, Any]) -> str:
    battery = facts.get("battery")
    if battery is not None and battery <= LOW_BATTERY:
        told = _("Take a new battery along: it was at %(battery)s%% with its last message.")
        return told % {"battery": number_format(battery, 0)}
    return _(
        "Go and see whether it is in its place, has power, and whether something hides its antenna. Else replace it."
    )


def _together(facts: dict[str, Any], told: dict[str, str]) -> tuple[str, str, str]:
    count = facts.get("devices", 0)
    told |= {"count": number_format(count, 0, force_grouping=True), "names": _names(facts.get("gateways", []))}
    many = len(facts.get("gateways", []))
    if not many:
        sentence = _(
            "Nothing has come from %(count)s devices since %(since)s: all of them at once, so it is not they."
            " %(sure)s%% sure. Until it is mended, no other alert can come from them."
        )
        action = _("Look at what receives them: the network server, the link to it, “mitoyen run”.")
        return _("Nothing comes in any more"), sentence % told, action
    if many == 1:
        sentence = ngettext(
            "%(count)s device behind the gateway %(names)s fell silent on %(since)s: the gateway is down, not the"
            " device. %(sure)s%% sure.",
            "%(count)s devices behind the gateway %(names)s fell silent together on %(since)s: the gateway is down, not"
            " the devices. %(sure)s%% sure.",
            count,
        )
        action = _("See to its power and its internet link first; nobody needs to go to the devices.")
        return _("Gateway down"), sentence % told, action
    told["many"] = number_format(many, 0)
    sentence = _(
        "%(count)s devices behind %(many)s gateways (%(names)s) fell silent together on %(since)s: what these gateways"
        " hang on is down. %(sure)s%% sure."
    )
    action = _("Ask whoever runs the network or the power that they share; nobody needs to go to the devices.")
    return _("Several gateways down"), sentence % told, action


def _names(gateways: list[str]) -> str:
    shown = ", ".join(gateways[:MOST_NAMED])
    return f"{shown}…" if len(gateways) > MOST_NAMED else shown


def usual(seconds: float | None) -> str:
    """How often a device sends, in words."""
    if not seconds:
        return _("at no known rhythm")
    if seconds < 90:
        return _("every minute")
    if seconds < 5_400:
        return _("every %(count)s minutes") % {"count": number_format(seconds / 60, 0)}
    if seconds < 129_600:
        count = round(seconds / 3600)
        return ngettext("every hour", "every %(count)d hours", count) % {"count": count}
    count = round(seconds / 86_400)
    return ngettext("every day", "every %(count)d days", count) % {"count": count}
