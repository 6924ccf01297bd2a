"""The week's A3 poster of a town hall: what became of the requests of its commune, in plain words, and how to ask
without a connection. No follow-up code, no name, no words of anyone, no house number."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.channels.paper import typesetting
from mitoyen.channels.paper.typesetting import quoted
from mitoyen.services import wording
from mitoyen.services.enums import State
from mitoyen.services.models import Request
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune

MOST_SHOWN = 14
HOUSE_NUMBER = re.compile(r"^\s*\d+\s*(?:bis|ter|quater|[a-z])?\s*,?\s+(?=\D)", re.IGNORECASE)


def last_week() -> dt.date:
    """The Monday of the last week that is over."""
    today = timezone.localdate()
    return today - dt.timedelta(days=today.weekday() + 7)


def poster(commune: Commune, day: dt.date, language: str = "fr") -> bytes:
    """The PDF for the week of `day`."""
    monday = day - dt.timedelta(days=day.weekday())
    with translation.override(language):
        return typesetting.pdf("\n".join(_source(commune, monday, language)))


def _source(commune: Commune, monday: dt.date, language: str) -> Iterator[str]:
    title = _("This week in %(commune)s") % {"commune": commune.name}
    yield typesetting.preamble(title, language, width=297, height=420, pt=22)
    yield "#set page(margin: 22mm)"
    yield "#set par(leading: 0.25em, spacing: 0.6em)"
    yield "#show heading.where(level: 2): it => block(above: 12mm, below: 4mm, text(size: 30pt, it.body))"
    yield _said(str(settings.MITOYEN["territory_name"]))
    yield f'#heading(level: 1, text(size: 54pt, weight: "bold", {quoted(title)}))'
    days = {
        "first": formats.date_format(monday, "j F"),
        "last": formats.date_format(monday + dt.timedelta(days=6), "j F Y"),
    }
    yield _said(_("From %(first)s to %(last)s") % days)
    yield _heading(_("What you asked"))
    yield from (_said(line) for line in _counted(commune, monday))
    shown = list(_ended(commune, monday))
    if shown:
        yield _heading(_("What is done"))
        yield f"#list({', '.join(f'text({quoted(line)})' for line in shown)})"
    yield _heading(_("Ask without the internet"))
    yield from (_said(line) for line in _ways())
    if Request.objects.filter(commune=commune, origin=Origin.GENERATED).exists():
        yield _said(_("An example: these requests were made up by the demonstration."))


def _counted(commune: Commune, monday: dt.date) -> Iterator[str]:
    """How many came, were answered, wait; late ones are said, not hidden."""
    first, after = _instants(monday)
    mine = Request.objects.filter(commune=commune).exclude(state__in=(State.HELD, State.REFUSED))
    came = mine.filter(received_at__gte=first, received_at__lt=after).count()
    answered = mine.filter(answered_at__gte=first, answered_at__lt=after).count()
    closed = mine.filter(closed_at__gte=first, closed_at__lt=after).count()
    still = Q(answered_at=None) | Q(answered_at__gte=after)
    waiting = mine.filter(still, received_at__lt=after)
    told_on = min(monday + dt.timedelta(days=7), timezone.localdate())
    late = waiting.filter(promised_for__lt=told_on).count()
    if not came and not answered and not closed:
        yield _("Nobody asked for anything this week.")
    if came:
        yield ngettext("%(n)d request came in.", "%(n)d requests came in.", came) % {"n": came}
    if answered:
        yield ngettext("%(n)d person got an answer.", "%(n)d people got an answer.", answered) % {"n": answered}
    if closed:
        yield ngettext("%(n)d request is finished.", "%(n)d requests are finished.", closed) % {"n": closed}
    if late:
        told = ngettext(
            "%(n)d request should have had an answer by now. We are working on it.",
            "%(n)d requests should have had an answer by now. We are working on them.",
            late,
        )
        yield told % {"n": late}


def _ended(commune: Commune, monday: dt.date) -> Iterator[str]:
    """Requests finished in the week, of services that publish where: what and which street."""
    first, after = _instants(monday)
    found = Request.objects.filter(
        commune=commune, state=State.CLOSED, closed_at__gte=first, closed_at__lt=after, erased_at=None
    )
    places = [(wording.title(one).split(" – ")[-1], _street(one)) for one in found.order_by("closed_at")]
    counts = Counter(f"{what} – {street}" for what, street in places if street)
    for line, count in list(counts.items())[:MOST_SHOWN]:
        yield f"{line} ({count})" if count > 1 else line


def _street(one: Request) -> str:
    """The published place without its house number; empty where the service doesn't publish it."""
    service = wording.service_of(one)
    if service is None:
        return ""
    places = (name for name in service.manifest.public if service.manifest.question(name).type == "place")
    label = next((str(one.answers[name].get("label", "")) for name in places if name in one.answers), "")
    return HOUSE_NUMBER.sub("", label)


def _ways() -> Iterator[str]:
    yield _("At the counter of the town hall: someone writes it down for you.")
    yield _("On paper: take a form here, and hand it in here or by post.")
    if settings.MITOYEN["contact_phone"]:
        yield _("By phone: %(value)s") % {"value": settings.MITOYEN["contact_phone"]}
    if settings.MITOYEN["contact_sms"]:
        yield _("By SMS: %(value)s") % {"value": settings.MITOYEN["contact_sms"]}
    yield _("Whichever way you choose, you get the same answer.")


def _instants(monday: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """The week's first instant and the one after its last, in local days."""
    zone = ZoneInfo(settings.TIME_ZONE)
    first, after = (dt.datetime.combine(day, dt.time.min, zone) for day in (monday, monday + dt.timedelta(days=7)))
    return first, after


def _heading(text: str) -> str:
    return f"#heading(level: 2, {quoted(text)})"


def _said(text: str) -> str:
    return f"#par({quoted(text)})"
