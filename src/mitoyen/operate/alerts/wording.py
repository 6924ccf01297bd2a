"""An alert in words: what happened, since when, how sure, what to do, from the texts of the usage that declared it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed
from mitoyen.operate.alerts import silences_words
from mitoyen.operate.alerts.enums import DEVICES
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.wording import Facts, shown

UNITS = {"m3": "m³", "m3/h": "m³/h", "ug/m3": "µg/m³", "mg/m3": "mg/m³", "Cel": "°C", "W/m2": "W/m²", "1": ""}
ALMOST_SURE, PROBABLE = 0.9, 0.6
# What stands before a fact that says since when it lasts.
_SINCE = ("depuis", "depuis le", "since")


@dataclass(frozen=True, slots=True)
class Described:
    """An alert as people read it, in the language of the page. `public` is empty where the alert stays inside."""

    title: str
    sentence: str
    action: str
    public: str
    certainty: str


def describe(alert: Alert, others: Sequence[object] = ()) -> Described:
    """The texts of an alert, or of one that stands for several; its rule's bare name once the usage is gone."""
    if alert.usage == DEVICES:
        texts = silences_words.texts(alert, day_and_hour(alert.since))
        return Described(**texts, certainty=certainty_of(alert.sure))
    usage = installed().get(alert.usage)
    prefix = f"alerts.{alert.rule}"
    language = (get_language() or "fr")[:2]
    certainty = certainty_of(alert.sure)
    if usage is None or f"{prefix}.title" not in usage.texts["fr"]:
        return Described(alert.rule, "", "", "", certainty)
    facts = Facts(_facts(alert, others, usage, language))
    texts = {name: _text(usage, f"{prefix}.{name}", language) for name in ("title", "sentence", "action", "public")}
    texts["sentence"] = _completed(texts["sentence"], texts["action"])
    return Described(**{name: text.format_map(facts) for name, text in texts.items()}, certainty=certainty)


def _completed(sentence: str, action: str) -> str:
    """A sentence always says since when, and how sure: by itself where the usage's own text does not."""
    quoted = [(said.strip().lower(), name) for said, name, _spec, _how in Formatter().parse(sentence + action) if name]
    more = []
    if not any(said.endswith(_SINCE) for said, _name in quoted):
        more.append(_("Since %(since)s.") % {"since": "{since}"})
    if "sure" not in {name for _said, name in quoted}:
        more.append(_("Certainty: %(sure)s %%.") % {"sure": "{sure}"})
    return " ".join([sentence, *more])


def certainty_of(sure: float) -> str:
    """How sure, in words."""
    if sure >= ALMOST_SURE:
        return _("almost sure")
    return _("probable") if sure >= PROBABLE else _("not known for sure yet")


def where(alert: Alert) -> str:
    """The thing and its commune, which some names say already."""
    commune = alert.commune.name if alert.commune else ""
    named = not commune or commune in alert.thing.name
    return alert.thing.name if named else f"{alert.thing.name}, {commune}"


def property_title(usage: str, name: str) -> str:
    """What a property is called by the usage; its bare name where it says nothing."""
    found, language = installed().get(usage), (get_language() or "fr")[:2]
    return _text(found, f"properties.{name}", language) or name if found else name


def usage_title(name: str) -> str:
    """What a usage is called, or the devices that alerts of the platform itself are about."""
    if name == DEVICES:
        return _("Devices")
    found, language = installed().get(name), (get_language() or "fr")[:2]
    return _text(found, "usage.title", language) or name if found else name


def moment_words(moment: dt.datetime) -> str:
    """A local day and hour: "today at 14:05", "2 March at 14:05"."""
    local = timezone.localtime(moment)
    if local.date() == timezone.localdate():
        return _("today at %(time)s") % {"time": date_format(local, "TIME_FORMAT")}
    return pgettext("on its own", "%(moment)s") % {"moment": day_and_hour(moment)}


def day_and_hour(moment: dt.datetime) -> str:
    """A local day and hour, as a sentence quotes it after "since" ("depuis le"): "2 March at 14:05"."""
    local = timezone.localtime(moment)
    day = date_format(local, "j F" if local.year == timezone.localdate().year else "j F Y")
    # The first of a month is an ordinal in French: 1er mars.
    day = f"1er{day[1:]}" if (get_language() or "fr")[:2] == "fr" and local.day == 1 else day
    return _("%(day)s at %(time)s") % {"day": day, "time": date_format(local, "TIME_FORMAT")}


def _facts(alert: Alert, others: Sequence[object], usage: Usage, language: str) -> dict[str, str]:
    """As people read them; those that every alert has may not be overwritten by a method's."""
    until = alert.closed_at or alert.seen_last
    own: dict[str, Any] = dict(alert.facts)
    if "unit" in own:
        own["unit"] = UNITS.get(str(own["unit"]), own["unit"])
    facts = {name: _shown(value, usage, language) for name, value in own.items()}
    hours = (until - alert.since).total_seconds() / 3600
    return facts | {
        "thing": alert.thing.name,
        "commune": alert.commune.name if alert.commune else _("outside the territory"),
        "since": day_and_hour(alert.since),
        "hours": shown("hours", max(hours, 0.0), usage, language),
        "sure": number_format(100 * alert.sure, 0),
        "count": number_format(max(len(others), 1), 0, force_grouping=True),
    }


def _shown(value: Any, usage: Usage, language: str) -> str:
    if isinstance(value, str) and "T" in value:
        try:
            return day_and_hour(dt.datetime.fromisoformat(value))
        except ValueError:
            return value
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return shown("", value, usage, language)


def _text(usage: Usage, key: str, language: str) -> str:
    try:
        return usage.text(key, language)
    except KeyError:
        return ""
