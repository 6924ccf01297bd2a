"""Telling people at the desk: who would be reached and what it costs, before anything leaves; then what left."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from mitoyen.ledger import gsm7
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.refusal import Refused
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
    communes = list(scope.restrict(Commune.objects.order_by("slug"), "pk").only("insee", "name"))
    form = {name: clean(request.POST.get(name, "")) for name in ("topic", "short", "words", "key")}
    form["key"] = form["key"] or str(uuid.uuid4())
    allowed = {commune.insee for commune in communes}
    chosen = [insee for insee in request.POST.getlist("communes") if insee in allowed]
    context: dict[str, Any] = {
        "form": form,
        "topics": announcing.topics(),
        "communes": [(commune, commune.insee in chosen) for commune in communes],
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
