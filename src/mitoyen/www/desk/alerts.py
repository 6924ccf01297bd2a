"""One alert: what happened, its thing's story, and what can be done about it."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts import deciding, perms, ranking
from mitoyen.operate.alerts.deciding import ACTS
from mitoyen.operate.alerts.enums import DEVICES, Act, AlertState
from mitoyen.operate.alerts.models import STILL_OPEN, Alert
from mitoyen.operate.alerts.ranking import Brief
from mitoyen.operate.alerts.wording import describe, moment_words, usage_title, where
from mitoyen.operate.work import ordering
from mitoyen.operate.work import perms as work_perms
from mitoyen.services import perms as request_perms
from mitoyen.services import wording as request_wording
from mitoyen.services.enums import State
from mitoyen.services.models import Request
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Person
from mitoyen.www.desk import announcements, devices_access, rules, thing_story
from mitoyen.www.desk.page import email_of, page, say_refusal, to

MOST_TOLD = 40
# An alert, what it says, how far it is.
Told = tuple[Alert, str, str]
SAID = {
    Act.TAKEN: gettext_lazy("It is in your hands. To undo it, choose “Leave it”."),
    Act.LEFT: gettext_lazy("It is to be taken in hand again."),
    Act.DISMISSED: gettext_lazy("Set aside. To undo it, choose “Look at it again” on its page."),
    Act.BACK: gettext_lazy("It is in the list again."),
    Act.NOTE: gettext_lazy("The note is kept."),
}


def story(request: HttpRequest, alert: Alert) -> HttpResponse:
    """One alert on a page of its own."""
    return page(request, "alert.html", "now", _whole(request, alert))


def _whole(request: HttpRequest, alert: Alert, typed: str = "") -> dict[str, Any]:
    told = context_of(rules.person_of(request), alert, _briefly(alert))
    generated = alert.thing.origin == Origin.GENERATED
    return {"story": told, "alert": alert, "words": told["words"], "typed": typed, "generated": generated}


def act(request: HttpRequest, alert: Alert) -> HttpResponse:
    """Take in hand, leave, set aside, look at again, or note; for all of its line when asked to."""
    name, words = request.POST.get("act", ""), request.POST.get("words", "").strip()[:500]
    person = rules.person_of(request)
    if name != Act.NOTE and not perms.can_decide_alert(person, alert):
        raise PermissionDenied
    chosen = line_of(alert) if request.POST.get("together") else (alert,)
    try:
        if name == Act.NOTE:
            deciding.note(alert, email_of(request), words)
        else:
            deciding.decide(chosen, name, email_of(request), words)
    except Refused as refusal:
        say_refusal(request, refusal)
        return page(request, "alert.html", "now", _whole(request, alert, words), status=422)
    return to(request, "alert", alert.pk, said=str(SAID[Act(name)]))


def line_of(alert: Alert) -> Sequence[Alert]:
    """The alerts that are told in one line with this one."""
    return list(ranking.whole(_briefly(alert)).values())


def _briefly(alert: Alert) -> Sequence[Alert | Brief]:
    if alert.state not in STILL_OPEN:
        return (alert,)
    same = ranking.briefs(usage=alert.usage, rule=alert.rule, commune=alert.commune_id)
    found = (line.alerts for line in ranking.lines(same) if any(one.pk == alert.pk for one in line.alerts))
    return next(found, (alert,))


def context_of(person: Person, alert: Alert, line: Sequence[Alert | Brief]) -> dict[str, Any]:
    """What an alert's story shows."""
    words = describe(alert, line)
    decides = perms.can_decide_alert(person, alert)
    requests = thing_story.requests_about(person, alert.thing)
    # Nothing more can be done to one that is over.
    over = alert.closed_at is not None
    return {
        "alert": alert,
        "words": words,
        "where": where(alert),
        "since": moment_words(alert.since),
        "seen_last": moment_words(alert.seen_last),
        "usage": usage_title(alert.usage),
        "line": [(one.pk, _name(one)) for one in line if one.pk != alert.pk][:MOST_TOLD],
        "line_count": len(line),
        # A gateway's devices may stand in communes that are not this person's.
        "parts": list(perms.seen(person).restrict(_parts(alert))[:MOST_TOLD]),
        "has_parts": _parts(alert).exists(),
        "covered": alert.covered,
        "whole": alert.part_of,
        "may_see_whole": alert.part_of is not None and perms.can_see_alert(person, alert.part_of),
        "readings": thing_story.readings(alert.thing, alert.datastream),
        "events": thing_story.events(person, alert.thing),
        "orders": list(work_perms.visible(person, alert.work_orders.all()).select_related("partner", "person")),
        "in_vain": ordering.done_in_vain(alert),
        "requests": [_asked(one) for one in requests if thing_story.same_subject(one, (alert.usage,))],
        "requests_near": [_asked(one) for one in requests if not thing_story.same_subject(one, (alert.usage,))],
        "may_decide": decides and not over,
        "may_take": decides and alert.state == AlertState.OPEN,
        "may_leave": decides and alert.state == AlertState.TAKEN,
        "may_set_aside": decides and alert.state in ACTS[Act.DISMISSED][0],
        "may_bring_back": decides and alert.state == AlertState.DISMISSED and not over,
        "may_order": work_perms.can_open_order(person, alert.commune_id) and not over,
        "order_address": f"{reverse('desk:order-new', args=[alert.thing.slug])}?alerte={alert.pk}",
        "tell_address": _tell_address(person, alert) if not over else "",
        "may_tune": _tunes(person, alert),
        "device": _device_address(person, alert),
    }


def _parts(alert: Alert) -> QuerySet[Alert]:
    return alert.parts.filter(state__in=STILL_OPEN).select_related("thing")


def _asked(one: Request) -> tuple[Request, str, bool]:
    """A request, what it says, whether it waits for an answer."""
    return one, request_wording.title(one), one.state in (State.OPEN, State.HELD)


def _name(one: Alert | Brief) -> str:
    return one.name if isinstance(one, Brief) else one.thing.name


def _tunes(person: Person, alert: Alert) -> bool:
    """What the platform itself raises is as it is."""
    return alert.usage != DEVICES and alert.commune_id is not None and perms.can_tune(person, alert.commune_id)


def _device_address(person: Person, alert: Alert) -> str:
    """The page of the device that is silent, or of all that fell silent together; empty for any other alert."""
    if alert.usage != DEVICES or not devices_access.sees_devices(person, None):
        return ""
    number = alert.facts.get("registration")
    return reverse("desk:device", args=[number]) if number else reverse("desk:devices-silent")


def _tell_address(person: Person, alert: Alert) -> str:
    """Where those who asked to be told can be told of it; empty where nobody can, or this person may not."""
    if not request_perms.can_announce(person) or not announcements.topic_of(alert):
        return ""
    return f"{reverse('desk:announce')}?alerte={alert.pk}"


def about_request(person: Person, request: Request) -> tuple[list[Told], list[Told]]:
    """The alerts on what a request is about, and those on another subject right beside it, as far as the person may
    see them: with their words and state."""
    held = perms.seen(person)
    about: list[Told] = []
    near: list[Told] = []
    for one in thing_story.alerts_about(request):
        if held.covers(one.commune_id):
            words = describe(one)
            told = (one, words.sentence or words.title, _state(one))
            (about if thing_story.same_subject(request, (one.usage,)) else near).append(told)
    return about, near


def _state(alert: Alert) -> str:
    order = alert.work_orders.filter(state__in=ordering.LIVE).select_related("partner").first()
    if order is None:
        return str(alert.get_state_display())
    who = order.partner.name if order.partner else _("nobody yet")
    return _("work order %(number)s, %(state)s: %(who)s") % {
        "number": order.pk, "state": order.get_state_display(), "who": who,
    }  # fmt: skip
