"""What is wrong now: one screen. The list ranked by what matters, the map, and one thing's story beside it.

It refreshes by itself: a script asks for the list again (never while someone types); without one, a link does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from mitoyen.manifests.registry import installed
from mitoyen.operate.alerts import perms, ranking, running
from mitoyen.operate.alerts.enums import AlertState
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.ranking import Line
from mitoyen.operate.alerts.wording import describe, moment_words, usage_title
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Person
from mitoyen.www import maps
from mitoyen.www.desk import alerts, rules, scope
from mitoyen.www.desk.page import page
from mitoyen.www.maps_counts import MOST_POINTS, Point, counts_map
from mitoyen.www.numbers import number

LISTED = 80
SILENT_AFTER_S = 90
SHOWN = (
    ("", pgettext_lazy("alerts", "all")),
    (AlertState.OPEN.value, pgettext_lazy("alerts", "to be taken in hand")),
    (AlertState.TAKEN.value, pgettext_lazy("alerts", "in hand")),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list, in words."""

    alert: Alert
    title: str
    level: str
    where: str
    detail: str


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The list and the map; `?quoi=` is the number of the alert whose story is shown."""
    person = rules.person_of(request)
    asked = {name: request.GET.get(name, "") for name in ("commune", "usage", "etat")}
    whole = list(ranking.open_alerts(perms.seen(person)))
    lines = ranking.lines(_filtered(whole, asked))
    wanted = request.GET.get("quoi", "")
    chosen = next((line for line in lines if any(str(one.pk) == wanted for one in line.alerts)), None)
    shown = chosen or (lines[0] if lines else None)
    orders = _orders(lines[:LISTED])
    context = {
        "items": [_item(line, orders) for line in lines[:LISTED]],
        "more": max(len(lines) - LISTED, 0),
        "summary": _summary(lines),
        "chosen": chosen is not None,
        "shown": shown.alert if shown else None,
        "story": alerts.context_of(person, shown.alert, shown.alerts) if shown else {},
        "map": _map(person, whole, lines, asked),
        "states": [(code, label, code == asked["etat"], _query(asked, etat=code)) for code, label in SHOWN],
        "communes": scope.communes(perms.seen(person)),
        "usages": [(name, usage_title(name)) for name in sorted({one.usage for one in whole})],
        "asked": asked,
        "query": _query(asked),
        "behind": _behind(),
        "tunes": perms.can_tune_somewhere(person) and any(u.manifest.alerts for u in installed().values()),
        "now": timezone.localtime(),
        "generated": any(one.thing.origin == Origin.GENERATED for one in whole),
    }
    return page(request, "now.html", "now", context)


def _filtered(whole: Sequence[Alert], asked: dict[str, str]) -> list[Alert]:
    pairs = (("commune_id", asked["commune"]), ("usage", asked["usage"]), ("state", asked["etat"]))
    return [one for one in whole if all(not value or getattr(one, name) == value for name, value in pairs)]


def _item(line: Line, orders: Counter[int]) -> Item:
    alert = line.alert
    words = describe(alert, line.alerts)
    commune = alert.commune.name if alert.commune else ""
    what = alert.thing.name
    if line.count > 1:
        what = ngettext("%(count)d place", "%(count)d places", line.count) % {"count": line.count}
    where = ", ".join(part for part in (what, commune) if part)
    details = [_("since %(moment)s") % {"moment": moment_words(alert.since)}, words.certainty]
    if line.people:
        told = ngettext("%(people)s person concerned", "%(people)s people concerned", line.people)
        details.append(told % {"people": number(line.people)})
    if line.parts:
        told = ngettext("with %(count)d thing that it explains", "with %(count)d things that it explains", line.parts)
        details.append(told % {"count": line.parts})
    if alert.escalated_at:
        details.append(_("raised: nobody had taken it"))
    if alert.state == AlertState.TAKEN:
        details.append(_("in hand: %(who)s") % {"who": alert.decided_by})
    if any(orders[one.pk] for one in line.alerts):
        details.append(_("a work order is open"))
    return Item(alert, words.title, str(alert.get_level_display()), where, " · ".join(details))


def _orders(lines: Sequence[Line]) -> Counter[int]:
    """How many orders under way each alert has."""
    from mitoyen.operate.work.models import WorkAlert
    from mitoyen.operate.work.ordering import LIVE

    pks = [one.pk for line in lines for one in line.alerts][:900]
    found = WorkAlert.objects.filter(alert__in=pks, order__state__in=LIVE)
    return Counter(found.values_list("alert_id", flat=True))


def _summary(lines: Sequence[Line]) -> str:
    """One sentence: what a screen reader is told when it changes."""
    if not lines:
        return _("Nothing is wrong in your communes, as far as the readings show.")
    count = sum(line.count for line in lines)
    told = ngettext("%(count)s alert", "%(count)s alerts", count) % {"count": number(count)}
    grave = sum(line.count for line in lines if line.alert.level == "danger")
    if not grave:
        return _("%(told)s, the most important first.") % {"told": told}
    some = ngettext("%(count)s of danger", "%(count)s of danger", grave) % {"count": number(grave)}
    return _("%(told)s, %(grave)s. The most important first.") % {"told": told, "grave": some}


def _map(person: Person, whole: Sequence[Alert], lines: Sequence[Line], asked: dict[str, str]) -> Any:
    """The communes that the person works for, each with its number of lines, and the points of those shown."""
    communes: list[Commune] = scope.communes(perms.seen(person))
    # A map of one commune still counts what the others have.
    rest = ranking.lines(_filtered(whole, {**asked, "commune": ""})) if asked["commune"] else lines
    counts = Counter(line.alert.commune_id or "" for line in rest)
    hrefs = {one.insee: "?" + _query(asked, commune=one.insee) for one in communes}
    placed = (
        one
        for line in lines
        for one in line.alerts
        if one.thing.longitude is not None and one.thing.latitude is not None
    )
    points = [_point(one, asked) for one in islice(placed, MOST_POINTS)]
    return counts_map(communes, maps.drawing(), counts, hrefs, points)


def _point(alert: Alert, asked: dict[str, str]) -> Point:
    thing = alert.thing
    label = f"{thing.name}: {alert.get_level_display()}"
    href = f"?{_query(asked, quoi=str(alert.pk))}#histoire"
    return Point(thing.longitude or 0.0, thing.latitude or 0.0, href, alert.level, label)


def _query(asked: dict[str, str], **more: str) -> str:
    return urlencode({name: value for name, value in {**asked, **more}.items() if value})


def _behind() -> str:
    """Bad news first: the rules don't run, or came to a stop."""
    told = running.told()
    at = parse_datetime(str(told.get("at", "")))
    if at is None:
        return _("The rules have never run here: start them with “mitoyen run”.") if Alert.objects.exists() else ""
    if (timezone.now() - at).total_seconds() <= SILENT_AFTER_S:
        return ""
    return _("The rules last looked %(when)s: what is shown here may be out of date.") % {"when": moment_words(at)}


def address_of(alert: Alert) -> str:
    """The screen with this alert's story."""
    return f"{reverse('desk:now')}?quoi={alert.pk}#histoire"
