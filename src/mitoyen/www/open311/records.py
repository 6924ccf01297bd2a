"""GET Service Requests, one of them, and the number behind a token: what is public, never who asked."""

import datetime as dt
import re
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.db.models import Max, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.services import wording
from mitoyen.services.enums import FactKind, State
from mitoyen.services.models import Fact, Request
from mitoyen.territory.enums import Origin
from mitoyen.www.open311.answers import Content, Fault, base, endpoint
from mitoyen.www.open311.catalogue import code_of, offers
from mitoyen.www.open311.posting import post
from mitoyen.www.portal.public_requests import PHOTO

SPAN = dt.timedelta(days=90)
MOST = 1000
MOST_IDS = 200
POSTCODE = re.compile(r"\b\d{5}\b")
# What isn't read yet, was set aside, or tells nothing of its state.
HIDDEN = (State.HELD, State.REFUSED, State.UNKNOWN)
STATUSES = {"open": Q(state__in=(State.OPEN, State.ANSWERED)), "closed": Q(state=State.CLOSED)}


@endpoint("GET", "HEAD", "POST")
def requests(request: HttpRequest) -> tuple[str, Content]:
    """POST Service Request, and GET Service Requests: the newest of 90 days, 1000 at most."""
    if request.method == "POST":
        posted = post(request)
        return "service_requests", [
            {"token": posted.request.submission.hex, "service_notice": posted.notice, "account_id": None}
        ]
    numbers = [part.strip() for part in request.GET.get("service_request_id", "").split(",") if part.strip()]
    found = _public().filter(pk__in=_numbers(numbers)) if numbers else _searched(request)
    return "service_requests", _records(found.order_by("-received_at", "-pk")[:MOST])


@endpoint("GET", "HEAD")
def one(_request: HttpRequest, number: str) -> tuple[str, Content]:
    """GET Service Request."""
    found = _records(_public().filter(pk__in=_numbers([number])))
    if not found:
        raise Fault(404, _("service_request_id was not found, or nobody has read that request yet."))
    return "service_requests", found


@endpoint("GET", "HEAD")
def of_token(_request: HttpRequest, token: str) -> tuple[str, Content]:
    """GET service_request_id from a token; the number comes once someone has read the request."""
    kept = Request.objects.filter(submission=uuid.UUID(token), channel="open311").first()
    if kept is None:
        raise Fault(404, _("token was not found."))
    number = kept.pk if _public().filter(pk=kept.pk).exists() else None
    return "service_requests", [{"service_request_id": number, "token": token}]


def _public() -> QuerySet[Request]:
    """Of services that publish; a sample from elsewhere isn't ours to tell."""
    names = {one.service.manifest.name for one in offers() if one.service.manifest.public}
    return Request.objects.filter(service__in=names).exclude(state__in=HIDDEN).exclude(origin=Origin.SAMPLE)


def _numbers(texts: list[str]) -> list[int]:
    if len(texts) > MOST_IDS:
        raise Fault(400, _("At most %(most)d service_request_id at once.") % {"most": MOST_IDS})
    return [int(text) for text in texts if re.fullmatch(r"[0-9]{1,18}", text)]


def _searched(request: HttpRequest) -> QuerySet[Request]:
    start, end = _span(request.GET.get("start_date", ""), request.GET.get("end_date", ""))
    found = _public().filter(received_at__gte=start, received_at__lte=end)
    wanted = _listed(request, "service_code")
    if wanted:
        which = [Q(service=name, category=category) for name, _dash, category in (c.partition("-") for c in wanted)]
        found = found.filter(_any(which))
    statuses = _listed(request, "status")
    if set(statuses) - set(STATUSES):
        raise Fault(400, _("status is open or closed."))
    return found.filter(_any([STATUSES[status] for status in statuses])) if statuses else found


def _listed(request: HttpRequest, name: str) -> list[str]:
    """Values with commas between, or declared several times."""
    texts = ",".join(request.GET.getlist(name))
    return [part.strip() for part in texts.split(",") if part.strip()][:MOST_IDS]


def _any(which: list[Q]) -> Q:
    found = Q(pk__in=[])
    for one_of in which:
        found |= one_of
    return found


def _span(start: str, end: str) -> tuple[dt.datetime, dt.datetime]:
    first, last = _moment(start, "start_date"), _moment(end, "end_date")
    now = timezone.now()
    if first is None:
        last = last or now
        first = last - SPAN
    elif last is None:
        last = min(now, first + SPAN)
    if last - first > SPAN:
        raise Fault(400, _("start_date to end_date may span 90 days at most."))
    return first, last


def _moment(text: str, name: str) -> dt.datetime | None:
    """Raises Fault for what is no moment; a `+` of the zone that arrived as a blank is understood."""
    if not text:
        return None
    try:
        found = parse_datetime(text.strip().replace(" ", "+") if "T" in text else "")
        if found is not None and found.tzinfo is not None and 1900 < found.year < 2200:
            return found
    except ValueError:
        pass
    raise Fault(400, _("%(name)s must be written as 2010-01-01T00:00:00Z.") % {"name": name})


def _records(found: QuerySet[Request]) -> list[Content]:
    answers = Fact.objects.filter(kind__in=(FactKind.ANSWERED, FactKind.CLOSED), between_agents=False)
    told = found.select_related("commune").prefetch_related(
        Prefetch("facts", answers.order_by("at", "id"), to_attr="told"), "photos"
    )
    changed = Max("facts__at", filter=Q(facts__between_agents=False))
    return [_record(one) for one in told.annotate(changed=changed)]


def _record(one: Request) -> Content:
    service = services.installed()[one.service]
    place = _published(service, one, "place")
    spot = place if isinstance(place, dict) else {}
    words = _published(service, one, "words")
    label = str(spot.get("label", ""))
    facts: list[Fact] = one.told  # type: ignore[attr-defined]
    postcode = POSTCODE.search(label)
    return {
        "service_request_id": one.pk,
        "status": "closed" if one.state == State.CLOSED else "open",
        "status_notes": wording.sentence(facts[-1], one) if facts else None,
        "service_name": _category(service, one),
        "service_code": code_of(one.service, one.category),
        "description": words if isinstance(words, str) else None,
        "agency_responsible": wording.team(one),
        "service_notice": _("Generated for the demonstration.") if one.origin == Origin.GENERATED else None,
        "requested_datetime": _written(one.received_at),
        "updated_datetime": _written(one.closed_at or one.changed or one.received_at),  # type: ignore[attr-defined]
        "expected_datetime": _written(_end_of(one.promised_for)),
        "address": label or (one.commune.name if one.commune else None),
        "address_id": str(spot["thing"]) if "thing" in spot else None,
        "zipcode": postcode[0] if postcode else None,
        "lat": spot.get("latitude"),
        "long": spot.get("longitude"),
        "media_url": _photo(service, one),
    }


def _published(service: Service, one: Request, kind: str) -> Any:
    """The answer to the question of this type, when the manifest makes it public."""
    public = set(service.manifest.public)
    names = (question.name for question in service.manifest.questions if question.type == kind)
    return next((one.answers.get(name) for name in names if name in public), None)


def _category(service: Service, one: Request) -> str:
    category = service.manifest.category
    if category is None or one.category not in category.choices:
        return wording.title(one)
    return service.text(f"choices.{category.name}.{one.category}", wording.language())


def _photo(service: Service, one: Request) -> str | None:
    """Only where the service publishes photos; the address holds for an hour."""
    public = any(q.type == "photo" and q.name in service.manifest.public for q in service.manifest.questions)
    first = next(iter(one.photos.all()), None) if public else None
    if first is None:
        return None
    return base() + reverse("portal:photo", args=[signing.dumps([first.digest, False], salt=PHOTO)])


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59, 59), ZoneInfo(settings.TIME_ZONE))


def _written(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
