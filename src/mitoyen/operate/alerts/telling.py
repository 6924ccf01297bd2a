"""Who must be told of an alert is, by mail: once when it opens, once more each time its level rises.

What opens together is one message. A danger waits a minute for what comes with it; the next of its kind, in the same
commune, a quarter of an hour; all else is gathered in rounds of a quarter of an hour. The outbox keeps the messages:
they are queued in the transaction that marks the alerts as told.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.history.faults import moment
from mitoyen.ledger import audit, outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.turns import in_turn
from mitoyen.operate.alerts import perms, ranking
from mitoyen.operate.alerts.enums import AlertState, Least, Level
from mitoyen.operate.alerts.keeping import LEVELS
from mitoyen.operate.alerts.models import Alert, Telling
from mitoyen.operate.alerts.wording import describe, moment_words, where
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Person
from mitoyen.territory.perms import scope

GATHERED = timedelta(minutes=1)
APART = timedelta(minutes=15)
MOST_LINES = 15
ABOUT = "alerts"


def tell(now: datetime) -> int:
    """Queue what is to be told by now; how many messages. Done again, it tells nothing twice."""
    if not _due(now):
        return 0
    with in_turn(), transaction.atomic():
        # Another worker may have told them while this one waited.
        due = _due(now, for_update=True)
        count = _queue(due) if settings.MITOYEN["mail_host"] else 0
        for alert in due:
            alert.told_level, alert.told_at = alert.level, now
        Alert.objects.bulk_update(due, ("told_level", "told_at"), batch_size=200)
        moment("alerts_tell")
    return count


def wishes(person: Person) -> Telling:
    """What a person wants to be told, by their own word or by their role."""
    said: Telling | None = Telling.objects.filter(person=person).first()
    return said or Telling(person=person, least=_by_role(person), quiet=[])


def wish(person: Person, least: str, quiet: Iterable[str]) -> None:
    """Keep what a person wants to be told from now on."""
    with transaction.atomic():
        values = {"least": Least(least), "quiet": sorted(set(quiet))}
        Telling.objects.update_or_create(person=person, defaults=values)
        audit.record(person.email, "alert_telling.set", person.email, **values)


def _by_role(person: Person) -> Least:
    return Least.WARNING if scope(person, perms.TOLD) else Least.NOTHING


def _due(now: datetime, *, for_update: bool = False) -> list[Alert]:
    """The open alerts that rose since they were told, as far as their time has come."""
    found = _untold(now)
    if for_update:
        found = found.select_for_update(of=("self",))
    risen = [one for one in found if not one.told_level or _rank(one.level) > _rank(one.told_level)]
    if not risen:
        return []
    recent = Alert.objects.filter(told_at__gt=now - APART)
    kinds = set(recent.filter(told_level=Level.DANGER).values_list("usage", "rule", "commune"))
    quiet = recent.exclude(told_level__in=("", Level.DANGER)).exists()
    dangers = [a for a in risen if a.level == Level.DANGER and (a.usage, a.rule, a.commune_id) not in kinds]
    others = [] if quiet else [a for a in risen if a.level != Level.DANGER]
    return dangers + others


def _untold(now: datetime) -> QuerySet[Alert]:
    found = Alert.objects.filter(state=AlertState.OPEN, part_of=None, opened_at__lte=now - GATHERED)
    found = found.exclude(told_level=F("level")).exclude(thing__origin=Origin.GENERATED)
    return found.select_related("thing", "commune").defer("commune__geometry").order_by("pk")


def _rank(level: str) -> int:
    return LEVELS.index(Level(level))


def _queue(due: list[Alert]) -> int:
    """One message a person, in which many of a kind are one line."""
    count = 0
    everyone = Person.objects.filter(is_active=True, roles__isnull=False).distinct()
    for person in everyone.select_related("telling").prefetch_related("roles"):
        theirs = _theirs(person, due)
        if not theirs:
            continue
        count += 1
        marks = ",".join(f"{one.pk}:{one.level}" for one in theirs)
        key = f"{ABOUT}:{person.pk}:{hashlib.sha256(marks.encode()).hexdigest()[:24]}"
        with translation.override(settings.LANGUAGE_CODE):
            subject, body = message(theirs)
        outbox.put(
            NoticeWay.MAIL, person.email, body, key=key, about=ABOUT, name=person.name, subject=subject[:200],
            language=settings.LANGUAGE_CODE[:2],
        )  # fmt: skip
    return count


def _theirs(person: Person, due: list[Alert]) -> list[Alert]:
    said: Telling | None = getattr(person, "telling", None)
    least = said.least if said else _by_role(person)
    if least == Least.NOTHING:
        return []
    held, quiet = perms.seen(person), set(said.quiet if said else ())
    return [
        one
        for one in due
        if _rank(one.level) >= _rank(least) and one.usage not in quiet and held.covers(one.commune_id)
    ]


def message(alerts: list[Alert]) -> tuple[str, str]:
    """Subject and body, in the current language: the gravest first, each with what to do and where to see it."""
    lines = ranking.lines(alerts)
    told = [_line(line) for line in lines[:MOST_LINES]]
    rest = len(lines) - MOST_LINES
    if rest > 0:
        told.append(ngettext("And %(count)d more.", "And %(count)d more.", rest) % {"count": rest})
    foot = _("All that is wrong now: %(now)s\nTo be told less, or more: %(wish)s")
    told.append(foot % {"now": _address("now"), "wish": _address("alert-telling")})
    return _subject(lines), "\n\n".join(told)


def _subject(lines: list[ranking.Line[Alert]]) -> str:
    first = lines[0]
    if len(lines) == 1:
        place = first.alert.commune or first.alert.thing.name
        told = f"{first.alert.get_level_display()} – {describe(first.alert, first.alerts).title}, {place}"
        return told[:1].upper() + told[1:]
    grave = sum(line.alert.level == Level.DANGER for line in lines)
    told = ngettext("%(count)d alert", "%(count)d alerts", len(lines)) % {"count": len(lines)}
    if not grave:
        return told
    some = ngettext("%(count)d of danger", "%(count)d of danger", grave) % {"count": grave}
    return f"{told}, {some}"


def _line(line: ranking.Line[Alert]) -> str:
    alert = line.alert
    words = describe(alert, line.alerts)
    place = where(alert)
    if line.count > 1:
        told = ngettext("%(count)d place, %(where)s", "%(count)d places, %(where)s", line.count)
        place = told % {"count": line.count, "where": alert.commune or _("the surroundings")}
    level = str(alert.get_level_display()).upper()
    head = f"{level} – {words.title}"
    if alert.told_level:
        head = _("%(head)s (graver than before)") % {"head": head}
    since = _("since %(moment)s") % {"moment": moment_words(alert.since)}
    rest = [f"{place}, {since}", words.sentence, f"→ {words.action}" if words.action else ""]
    return "\n".join(filter(None, [head, *rest, _address("alert", alert.pk)]))


def _address(name: str, *arguments: object) -> str:
    base = str(settings.MITOYEN["public_url"]).rstrip("/")
    return f"{base}{reverse(f'desk:{name}', args=arguments)}"
