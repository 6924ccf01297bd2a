"""Erases one part of a request, inside the caller's transaction; what was erased is counted, never repeated.

Other rooms keep something of people too: each registers what it erases with a request's contact (`also`), in a module
`erasing` of its own.
"""

import datetime as dt
import threading
from collections.abc import Callable
from importlib import import_module

from django.apps import apps
from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext as _

from mitoyen.ledger.enums import NoticeState
from mitoyen.ledger.models import Notice
from mitoyen.manifests.registry import services
from mitoyen.services import photos
from mitoyen.services.enums import FactKind
from mitoyen.services.erasing.terms import ABOUT
from mitoyen.services.models import Appointment, Contact, Request, Subscription, Support

Counts = dict[str, int]
Eraser = Callable[[Request, Contact | None], Counts]
# What says nothing of who answered, and is counted for years.
KEPT_TYPES = frozenset({"choice", "choices", "yes_no", "rating", "number"})
FORGOTTEN = "-"
OF_A_REQUEST = Q(about__startswith=ABOUT)
NOTICES_KEPT = dt.timedelta(days=180)
WAITING = (NoticeState.QUEUED, NoticeState.HANDING)

_others: list[Eraser] = []
_discovered = threading.Event()


def also(eraser: Eraser) -> Eraser:
    """Register what another room erases with a request's contact."""
    _others.append(eraser)
    return eraser


def contact(request: Request) -> Counts:
    """Who asked: the contact, what was sent, the appointment, notes between agents, answers marked as personal."""
    discover()
    known = Contact.objects.filter(request=request).first()
    counts: Counts = {}
    for other in _others:
        counts |= other(request, known)
    if known is not None:
        known.delete()
    counts["contacts"] = int(known is not None)
    counts["notices"] = _blank_notices(request)
    if known is not None and known.value:
        # Announcements, and what a channel answered, went to the same number or address.
        counts["notices"] += _blank(Notice.objects.filter(way=known.way, to__iexact=known.value).exclude(OF_A_REQUEST))
    counts["appointments"] = Appointment.objects.filter(request=request).delete()[0]
    request.facts.filter(kind=FactKind.APPOINTMENT).exclude(detail={}).update(detail={})
    counts["subscriptions"] = Subscription.objects.filter(request=request).delete()[0]
    counts["notes"] = request.facts.filter(kind=FactKind.NOTED).exclude(words="").update(words="")
    personal = {name for name, kind, is_personal in _questions(request) if is_personal or kind == "venue"}
    counts["answers"] = _forget_answers(request, personal)
    return _told(counts)


def answers(request: Request) -> Counts:
    """What was said, by the person and to them; where it was, unless it is about a thing of ours."""
    kept = {name for name, kind, is_personal in _questions(request) if kind in KEPT_TYPES and not is_personal}
    counts = {"answers": _forget_answers(request, set(request.answers) - kept)}
    counts["words"] = request.facts.exclude(words="").update(words="")
    counts["notices"] = _blank_notices(request)
    counts["supports"] = forget_supporters(request.supports.all())
    if request.thing_id is None and request.longitude is not None:
        request.longitude = request.latitude = None
        request.save(update_fields=["longitude", "latitude"])
        counts["points"] = 1
    return _told(counts)


def forget_supporters(supports: QuerySet[Support]) -> int:
    """Who supported is known so that nobody does it twice; once that can't happen, only how many did stays."""
    named = supports.exclude(by__startswith=FORGOTTEN)
    return named.update(by=Concat(Value(FORGOTTEN), Cast("pk", CharField())))


def forget_old_notices() -> int:
    """What was sent about no request, an announcement mostly, says to whom for half a year."""
    limit = timezone.now() - NOTICES_KEPT
    return _blank(Notice.objects.filter(made_at__lt=limit).exclude(OF_A_REQUEST))


def pictures(request: Request) -> Counts:
    """The photos, and their files once the transaction is kept."""
    found = list(request.photos.all())
    for photo in found:
        photos.forget(photo)
    return _told({"photos": len(found)})


ERASERS: dict[str, Callable[[Request], Counts]] = {"contact": contact, "answers": answers, "photos": pictures}


def _questions(request: Request) -> list[tuple[str, str, bool]]:
    """Name, type and whether it is personal; of a service that is gone nothing is known, so all of it is."""
    service = services.installed().get(request.service)
    if service is None:
        return [(name, "", True) for name in request.answers]
    return [(one.name, one.type, one.personal) for one in service.manifest.questions]


def _forget_answers(request: Request, names: set[str]) -> int:
    gone = names & set(request.answers)
    if gone:
        place = any(isinstance(request.answers[name], dict) and "label" in request.answers[name] for name in gone)
        request.answers = {name: value for name, value in request.answers.items() if name not in gone}
        if place and request.thing_id is None:
            request.longitude = request.latitude = None
        request.save(update_fields=["answers", "longitude", "latitude"])
    return len(gone)


def _blank_notices(request: Request) -> int:
    """One that still waits is given up."""
    mine = Notice.objects.filter(about=f"{ABOUT}{request.code}")
    mine.filter(state__in=WAITING).update(state=NoticeState.FAILED)
    return _blank(mine)


def _blank(notices: QuerySet[Notice]) -> int:
    """Their states and days stay, to count by."""
    full = notices.exclude(state__in=WAITING).exclude(to="", body="")
    return full.update(to="", name="", subject="", body="", reference="", error=_("Erased."))


def _told(counts: Counts) -> Counts:
    return {name: count for name, count in counts.items() if count}


def discover() -> None:
    """Load each room's `erasing.py`, once."""
    if _discovered.is_set():
        return
    for room in apps.get_app_configs():
        if room.name.startswith("mitoyen.") and module_has_submodule(room.module, "erasing"):
            import_module(f"{room.name}.erasing")
    _discovered.set()
