"""What an address of the desk names: one query each, Http404 when it isn't there."""

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from mitoyen.channels.paper.models import LetterBatch, PaperForm, Sheet
from mitoyen.connect.models import Upload
from mitoyen.evaluate.models import Action, Closure
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import Job, Notice
from mitoyen.manifests.load import Service, Usage
from mitoyen.manifests.registry import installed, services
from mitoyen.manifests.schema import AlertRule
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.models import Finding
from mitoyen.operate.work.models import WorkOrder
from mitoyen.services.models import Opening, Request, Venue
from mitoyen.territory.models import Agreement, Partner, Person, Place, Thing


def request(number: int) -> Request:
    return get_object_or_404(Request.objects.select_related("commune", "thing"), pk=number)


def paper_form(number: int) -> PaperForm:
    return get_object_or_404(PaperForm.objects.select_related("request"), pk=number)


def sheet(number: int, what: str, at: int) -> tuple[Sheet, str, int]:
    """A sheet and the part of it to show."""
    return get_object_or_404(Sheet.objects.select_related("form"), pk=number), what, at


def letters(number: int) -> LetterBatch:
    return get_object_or_404(LetterBatch, pk=number)


def call(number: int) -> Notice:
    """A notice to tell by phone."""
    return get_object_or_404(Notice, pk=number, way=NoticeWay.PHONE)


def service(slug: str) -> Service:
    """An installed service."""
    found: Service | None = services.installed().get(slug)
    if found is None:
        raise Http404(slug)
    return found


def venue(number: int) -> Venue:
    return get_object_or_404(Venue.objects.select_related("place__commune"), pk=number)


def opening(number: int) -> Opening:
    return get_object_or_404(Opening.objects.select_related("venue__place"), pk=number)


def finding(number: int) -> Finding:
    return get_object_or_404(Finding.objects.select_related("thing", "datastream__thing", "commune"), pk=number)


def building(slug: str) -> Thing:
    """A building, or anything else that stands by itself and may have meters (a weather station)."""
    things = Thing.objects.select_related("commune", "place", "part_of__commune").filter(part_of=None)
    return get_object_or_404(things, slug=slug)


def datastream(slug: str, observed_property: str) -> Datastream:
    streams = Datastream.objects.select_related("thing__commune", "thing__part_of__commune")
    return get_object_or_404(streams, thing__slug=slug, observed_property=observed_property)


def upload(number: int) -> Upload:
    return get_object_or_404(Upload.objects.select_related("job", "batch"), pk=number)


def batch(number: int) -> Batch:
    return get_object_or_404(Batch, pk=number)


def action(number: int) -> Action:
    return get_object_or_404(Action.objects.select_related("thing__commune", "thing__part_of__commune"), pk=number)


def closure(number: int) -> Closure:
    return get_object_or_404(
        Closure.objects.select_related("thing__commune", "thing__part_of__commune", "commune"), pk=number
    )


def partner(number: int) -> Partner:
    return get_object_or_404(Partner, pk=number)


def agreement(number: int) -> Agreement:
    return get_object_or_404(Agreement.objects.select_related("partner"), pk=number)


def place(number: int) -> Place:
    return get_object_or_404(Place.objects.select_related("commune").defer("commune__geometry"), pk=number)


def person(number: int) -> Person:
    return get_object_or_404(Person.objects.prefetch_related("roles__commune"), pk=number)


def job(number: UUID) -> Job:
    return get_object_or_404(Job, pk=number)


def alert(number: int) -> Alert:
    alerts = Alert.objects.select_related("thing", "commune", "datastream", "part_of__thing")
    return get_object_or_404(alerts.defer("commune__geometry"), pk=number)


def order(number: int) -> WorkOrder:
    orders = WorkOrder.objects.select_related("thing__place", "thing__part_of", "commune", "partner", "person")
    return get_object_or_404(orders.defer("commune__geometry"), pk=number)


def thing(slug: str) -> Thing:
    """Anything that exists and can be pointed at."""
    return get_object_or_404(Thing.objects.select_related("commune", "part_of__commune"), slug=slug)


def alert_rule(usage: str, rule: str) -> tuple[Usage, AlertRule]:
    """A rule of an installed usage."""
    found: Usage | None = installed().get(usage)
    declared = next((one for one in found.manifest.alerts if one.name == rule), None) if found else None
    if found is None or declared is None:
        raise Http404(rule)
    return found, declared


def work_file(form: str) -> str:
    """The kind of a file of work orders."""
    if form not in ("csv", "geojson", "pdf"):
        raise Http404(form)
    return form
