"""Alerts as a list: for a script (JSON), for a terminal, and the public extract of a commune."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.ranking import Line, public_lines
from mitoyen.operate.alerts.wording import describe, moment_words, where
from mitoyen.territory.models import Commune


def to_json(alert: Alert) -> dict[str, Any]:
    """An alert for scripts; texts in the current language, the rest stable."""
    words = describe(alert)
    return {
        "id": alert.pk,
        "key": alert.key,
        "usage": alert.usage,
        "rule": alert.rule,
        "thing": alert.thing.slug,
        "datastream": f"{alert.thing.slug}/{alert.datastream.observed_property}" if alert.datastream else None,
        "commune": alert.commune_id,
        "part_of": alert.part_of_id,
        "covers": len(alert.covers),
        "level": alert.level,
        "state": alert.state,
        "since": alert.since.isoformat(),
        "opened_at": alert.opened_at.isoformat(),
        "seen_last": alert.seen_last.isoformat(),
        "closed_at": alert.closed_at.isoformat() if alert.closed_at else None,
        "raised_at": alert.escalated_at.isoformat() if alert.escalated_at else None,
        "sure": alert.sure,
        "people": alert.people,
        "facts": alert.facts,
        "title": words.title,
        "sentence": words.sentence,
        "action": words.action,
        "public": words.public or None,
    }


def to_lines(found: Iterable[Line[Alert]]) -> Iterator[str]:
    """A few lines an alert, the most important first; one that says so when there is none."""
    empty, colon = True, pgettext("between a label and its error", ": ")
    for line in found:
        empty = False
        alert = line.alert
        words = describe(alert, line.alerts)
        place = where(alert)
        if line.count > 1:
            place = ngettext("%(count)d place in %(where)s", "%(count)d places in %(where)s", line.count) % {
                "count": line.count,
                "where": alert.commune or _("the surroundings"),
            }
        yield f"{place}{colon}{words.title}"
        since = _("since %(moment)s") % {"moment": moment_words(alert.since)}
        yield f"    {alert.get_level_display()}, {alert.get_state_display()}, {since}, {words.certainty}"
        yield f"    {words.sentence}"
        yield f"    {words.action}"
    if empty:
        yield _("No alert is open.")


def extract(communes: Iterable[Commune]) -> list[dict[str, Any]]:
    """What each commune's page says of what is wrong there now, in plain language."""
    return [
        {"commune": one.insee, "name": one.name, "alerts": [_public(*told) for told in told_of(one)]}
        for one in communes
    ]


def told_of(commune: Commune) -> list[tuple[Alert, Sequence[Alert]]]:
    """The alerts of a commune that have a public sentence, one a rule."""
    return [(first, same) for first, same in public_lines(commune.insee) if describe(first, same).public]


def _public(first: Alert, same: Sequence[Alert]) -> dict[str, Any]:
    return {
        "usage": first.usage,
        "rule": first.rule,
        "level": first.level,
        "count": len(same),
        "since": first.since.isoformat(),
        "sentence": describe(first, same).public,
    }
