"""What is due: each service says for how many months it keeps what, counted from the end of a request.

A request that nobody ends must not be kept for ever: once nothing has happened to it for as long as the setting
`open_request_months` says, it counts as ended. What another tool published and we imported holds nobody's contact; its
source answers for it.
"""

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils import timezone

from mitoyen.ledger.models import Notice
from mitoyen.manifests.registry import services
from mitoyen.services.enums import Channel, FactKind
from mitoyen.services.models import Appointment, Contact, Fact, Photo, Request, Subscription
from mitoyen.services.timeline import ENDED

PARTS = ("contact", "answers", "photos")
ABOUT = "request:"


@dataclass(frozen=True, slots=True)
class Term:
    """For how many months after the end a service keeps a part of its requests."""

    service: str
    part: str
    months: int


def terms() -> Iterator[Term]:
    """Of every service that anyone asked something of, installed still or not."""
    for name in Request.objects.order_by("service").values_list("service", flat=True).distinct():
        service = services.installed().get(name)
        declared = {str(data.what): data.months for data in service.manifest.data} if service else {}
        # What a manifest doesn't name goes with the answers; a service that is gone keeps nothing for long.
        rest = declared.get("answers", open_months())
        yield from (Term(name, part, declared.get(part, rest)) for part in PARTS)


def open_months() -> int:
    """Months without any event after which a request that nobody ended counts as ended."""
    return int(settings.MITOYEN["open_request_months"])


def due(term: Term, today: dt.date | None = None) -> QuerySet[Request]:
    """The requests of which this part must be erased by now, and something of it is left."""
    today = today or timezone.localdate()
    limit, open_limit = _before(today, term.months), _before(today, term.months + open_months())
    facts = Fact.objects.filter(request=OuterRef("pk")).exclude(kind=FactKind.ERASED)
    last = facts.order_by().values("request").annotate(last=Max("at")).values("last")
    ended = Q(state__in=ENDED, closed_at__lt=limit)
    forgotten = ~Q(state__in=ENDED, closed_at__isnull=False) & Q(last_at__lt=open_limit)
    found = Request.objects.filter(service=term.service).exclude(channel=Channel.IMPORT)
    found = found.annotate(last_at=Subquery(last)).filter(ended | forgotten).filter(~_erased_since(term.part))
    if term.part == "contact":
        # Whoever is still told of floods and works is reached by the same number.
        told = Subscription.objects.filter(Q(ended_at=None) | Q(ended_at__gte=limit), request=OuterRef("pk"))
        found = found.filter(~Exists(told))
        if not _asks_personal(term.service):
            found = found.filter(_holds_contact())
    if term.part == "photos":
        found = found.filter(Exists(Photo.objects.filter(request=OuterRef("pk"))))
    return found


def minus_months(day: dt.date, months: int) -> dt.date:
    """The same day some months before; the month's last when it has no such day."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(years, month + 1, min(day.day, calendar.monthrange(years, month + 1)[1]))


def _before(today: dt.date, months: int) -> dt.datetime:
    """What ended before this moment ended on that day, months ago, or earlier; days are local."""
    day = minus_months(today, months) + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(), ZoneInfo(settings.TIME_ZONE))


def _erased_since(part: str) -> Exists:
    """It was erased, and nothing happened to the request since."""
    later = Fact.objects.filter(request=OuterRef("request"), pk__gt=OuterRef("pk")).exclude(kind=FactKind.ERASED)
    done = Fact.objects.filter(~Exists(later), request=OuterRef("pk"), kind=FactKind.ERASED, detail__has_key=part)
    return Exists(done)


def _asks_personal(name: str) -> bool:
    """Answers that go with the contact are found by reading them, not by a query."""
    service = services.installed().get(name)
    return service is None or any(one.personal or one.type == "venue" for one in service.manifest.questions)


def _holds_contact() -> Q:
    mine = {"request": OuterRef("pk")}
    about = Notice.objects.annotate(code=Concat(Value(ABOUT), OuterRef("code"))).filter(about=F("code")).exclude(to="")
    notes = Fact.objects.filter(**mine, kind=FactKind.NOTED).exclude(words="")
    return (
        Q(Exists(Contact.objects.filter(**mine)))
        | Q(Exists(about))
        | Q(Exists(notes))
        | Q(Exists(Appointment.objects.filter(**mine)))
        | Q(Exists(Subscription.objects.filter(**mine)))
    )
