"""Telling people at the desk: who would be reached and what it costs, before anything leaves; then what left."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mitoyen.ledger import gsm7
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts import perms as alert_perms
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.alerts.wording import describe
from mitoyen.services import announcing, perms
from mitoyen.services.answers import clean
from mitoyen.services.enums import Way
from mitoyen.services.models import Announcement
from mitoyen.territory.models import Commune
from mitoyen.www.desk import rules
from mitoyen.www.desk.page import email_of, page, to


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """What was told, newest first."""
    names = dict(announcing.topics())
    rows = [(one, names.get(one.topic, one.topic)) for one in Announcement.objects.all()[:100]]
    return page(request, "announcements.html", "announcements", rows=rows)


def new(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Write it, see whom it reaches and what it costs, then send it: two steps, so that nothing leaves by mistake."""
    scope = perms.announces(rules.person_of(request))
    communes = list(scope.restrict(Commune.objects.order_by("slug"), "pk").only("insee", "name", "slug"))
    form = {name: clean(request.POST.get(name, "")) for name in ("topic", "short", "words", "key")}
    form["key"] = form["key"] or str(uuid.uuid4())
    alert = _alert(request)
    if alert is not None and request.method == "GET":
        form |= _about(alert)
    allowed = {commune.insee for commune in communes}
    wanted = _told_first(alert, communes) if request.method == "GET" else request.POST.getlist("communes")
    chosen = [insee for insee in dict.fromkeys(wanted) if insee in allowed]
    # Those chosen come first, in the order in which they are told: the form keeps it.
    communes.sort(key=lambda commune: chosen.index(commune.insee) if commune.insee in chosen else len(chosen))
    context: dict[str, Any] = {
        "form": form,
        "topics": announcing.topics(),
        "communes": [(commune, commune.insee in chosen) for commune in communes],
        "in_order": [commune.name for commune in communes[: len(chosen)]] if len(chosen) > 1 else [],
        "alert": alert,
        "cost": gsm7.cost(gsm7.plain(form["short"])) if form["short"] else None,
    }
    if request.method == "GET":
        return page(request, "announce.html", "announcements", context)
    if request.POST.get("send"):
        try:
            made = announcing.announce(
                form["topic"], chosen, form["short"], form["words"], by=email_of(request), key=form["key"][:64]
            )
        except Refused as refusal:
            return page(request, "announce.html", "announcements", {**context, "fault": str(refusal)}, status=422)
        return to(request, "announcements", said=_("It is on its way to %(people)d people.") % {"people": made.people})
    reached = announcing.reach(form["topic"], chosen, form["short"])
    ways = [(Way(way).label, count) for way, count in sorted(reached.ways.items())]
    context |= {"reached": reached, "ways": ways, "messages": reached.parts * reached.ways.get(NoticeWay.SMS, 0)}
    return page(request, "announce.html", "announcements", context)


def topic_of(alert: Alert) -> str:
    """The topic under which people can be told of an alert; empty where there is none. Its method says it."""
    topic = str(alert.facts.get("tell_about", ""))
    return topic if topic in dict(announcing.topics()) else ""


def _alert(request: HttpRequest) -> Alert | None:
    """The alert that the announcement is about, of those that the person sees."""
    number = request.GET.get("alerte", "")
    if not number.isdigit():
        return None
    alert = Alert.objects.select_related("thing", "commune").filter(pk=int(number)).first()
    seen = alert is not None and alert_perms.can_see_alert(rules.person_of(request), alert)
    return alert if alert is not None and seen and topic_of(alert) else None


def _about(alert: Alert) -> dict[str, str]:
    """A beginning for both texts, in the usage's own words."""
    words = describe(alert)
    where = alert.commune.name if alert.commune else alert.thing.name
    short = f"{where}{pgettext('between a label and its error', ': ')}{words.public or words.title}"
    return {"topic": topic_of(alert), "short": short, "words": f"{words.title}.\n{words.public}".strip()}


def _told_first(alert: Alert | None, communes: Sequence[Commune]) -> list[str]:
    """INSEE codes of the communes that an alert's facts name to be told, in their order; then the alert's own."""
    if alert is None:
        return []
    known = {commune.slug: commune.insee for commune in communes}
    named = [slugify(name) for name in str(alert.facts.get("tell_first", "")).split(",")]
    return [known[name] for name in named if name in known] + ([alert.commune_id] if alert.commune_id else [])
