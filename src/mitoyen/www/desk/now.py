"""What is wrong now: one screen. The list ranked by what matters, the map, and one thing's story beside it.

It refreshes by itself: a script asks for the list again (never while someone types); without one, a link does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from mitoyen.manifests.registry import installed
from mitoyen.operate.alerts import perms, ranking, running
from mitoyen.operate.alerts.enums import AlertState, Level
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.ranking import Brief, Line
from mitoyen.operate.alerts.wording import describe, moment_words, usage_title, where
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
    held = perms.seen(person)
    asked = {name: request.GET.get(name, "") for name in ("commune", "usage", "etat")}
    everything = ranking.briefs(held)
    lines = ranking.lines(_filtered(everything, asked))
    wanted = request.GET.get("quoi", "")
    chosen = next((line for line in lines if any(str(one.pk) == wanted for one in line.alerts)), None)
    some = Paginator(lines, LISTED).get_page(request.GET.get("page"))
    shown = chosen or next(iter(some), None)
    alerts_told = ranking.whole([line.alert for line in some] + ([shown.alert] if shown else []))
    told = alerts_told.get(shown.alert.pk) if shown else None
    orders = _orders(list(some))
    context = {
        "items": [_item(line, alerts_told[line.alert.pk], orders) for line in some if line.alert.pk in alerts_told],
        "pages": some,
        "summary": _summary(lines),
        "chosen": chosen is not None,
        "shown": told,
        "story": alerts.context_of(person, told, shown.alerts) if told and shown else {},
        "map": _map(person, everything, lines, asked),
        "states": [(code, label, code == asked["etat"], _query(asked, etat=code)) for code, label in SHOWN],
        "communes": scope.communes(held),
        "usages": [(name, usage_title(name)) for name in sorted({one.usage for one in everything})],
        "asked": asked,
        "query": _query(asked),
        "behind": _behind(),
        "tunes": perms.can_tune_somewhere(person) and any(u.manifest.alerts for u in installed().values()),
        "now": timezone.localtime(),
        "generated": ranking.open_alerts(held).filter(thing__origin=Origin.GENERATED).exists(),
    }
    return page(request, "now.html", "now", context)


def _filtered(everything: Sequence[Brief], asked: dict[str, str]) -> list[Brief]:
    pairs = (("commune_id", asked["commune"]), ("usage", asked["usage"]), ("state", asked["etat"]))
    return [one for one in everything if all(not value or getattr(one, name) == value for name, value in pairs)]


def _item(line: Line[Brief], alert: Alert, orders: Counter[int]) -> Item:
    words = describe(alert, line.alerts)
    place = where(alert)
    if line.count > 1:
        many = ngettext("%(count)d place", "%(count)d places", line.count) % {"count": line.count}
        place = ", ".join(filter(None, [many, str(alert.commune or "")]))
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
    return Item(alert, words.title, str(alert.get_level_display()), place, " · ".join(details))


def _orders(lines: Sequence[Line[Brief]]) -> Counter[int]:
    """How many orders under way each alert has."""
    from mitoyen.operate.work.models import WorkAlert
    from mitoyen.operate.work.ordering import LIVE

    pks = [one.pk for line in lines for one in line.alerts][:900]
    found = WorkAlert.objects.filter(alert__in=pks, order__state__in=LIVE)
    return Counter(found.values_list("alert_id", flat=True))


def _summary(lines: Sequence[Line[Brief]]) -> str:
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


def _map(person: Person, everything: Sequence[Brief], lines: Sequence[Line[Brief]], asked: dict[str, str]) -> Any:
    """The communes that the person works for, each with its number of lines, and the points of those shown."""
    communes: list[Commune] = scope.communes(perms.seen(person))
    # A map of one commune still counts what the others have.
    rest = ranking.lines(_filtered(everything, {**asked, "commune": ""})) if asked["commune"] else lines
    counts = Counter(line.alert.commune_id or "" for line in rest)
    hrefs = {one.insee: "?" + _query(asked, commune=one.insee) for one in communes}
    placed = (one for line in lines for one in line.alerts if one.longitude is not None and one.latitude is not None)
    points = [_point(one, asked) for one in islice(placed, MOST_POINTS)]
    return counts_map(communes, maps.drawing(), counts, hrefs, points)


def _point(one: Brief, asked: dict[str, str]) -> Point:
    label = f"{one.name}: {Level(one.level).label}"
    href = f"?{_query(asked, quoi=str(one.pk))}#histoire"
    return Point(one.longitude or 0.0, one.latitude or 0.0, href, one.level, label)


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
