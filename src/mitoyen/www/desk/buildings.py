"""The buildings of one's communes, and one building's story."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from mitoyen.evaluate.enums import Measure, SubjectKind
from mitoyen.evaluate.models import Figure
from mitoyen.history.models import Datastream
from mitoyen.operate.findings import OPEN
from mitoyen.territory.models import Person, Thing
from mitoyen.www.desk import evidence, rules, scope, timeline
from mitoyen.www.desk.describing import facts
from mitoyen.www.desk.page import page
from mitoyen.www.desk.words import meter_label, property_word, unit_word

LISTED = 500
PLOTTED = 4


@dataclass(frozen=True, slots=True)
class Meter:
    """A datastream of the building, with its last readings plotted and what the person may do with it."""

    stream: Datastream
    what: str
    label: str
    unit: str
    chart: SafeString | None
    may_correct: bool
    may_swap: bool


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Buildings by name, with their latest verdict and their open findings."""
    held = scope.seen(rules.person_of(request))
    commune, wanted = request.GET.get("commune", ""), request.GET.get("nom", "").strip()
    things = held.restrict(Thing.objects.filter(part_of=None)).select_related("commune").defer("commune__geometry")
    if commune:
        things = things.filter(commune=commune)
    if wanted:
        things = things.filter(Q(name__icontains=wanted) | Q(slug__icontains=wanted))
    open_ones = Q(findings__state__in=OPEN)
    shown = list(things.annotate(open_findings=Count("findings", filter=open_ones)).order_by("name")[:LISTED])
    figures = latest_figures([thing.slug for thing in shown])
    context = {
        "rows": [(thing, figures.get(thing.slug)) for thing in shown],
        "communes": scope.communes(held),
        "commune": commune,
        "wanted": wanted,
    }
    return page(request, "buildings.html", "buildings", context)


def story(request: HttpRequest, thing: Thing) -> HttpResponse:
    """One building: its facts, its meters, what can be done, and its timeline."""
    person = rules.person_of(request)
    streams = streams_of(thing)
    context = {
        "thing": thing,
        "facts": facts(thing),
        "meters": _meters(person, streams),
        "entries": timeline.story(thing, streams),
        "may_edit": rules.edits_thing(person, thing),
        "may_record": rules.records_action(person, thing),
        "may_import": rules.imports_somewhere(person, None),
    }
    return page(request, "building.html", "buildings", context)


def streams_of(thing: Thing) -> list[Datastream]:
    """What is measured on a building and on its meters."""
    found = Datastream.objects.filter(Q(thing=thing) | Q(thing__part_of=thing))
    return list(found.select_related("thing__commune", "thing__part_of__commune").order_by("observed_property", "pk"))


def latest_figures(slugs: list[str]) -> dict[str, Figure]:
    """Slug -> the building's current energy Figure of its latest reporting period."""
    figures = Figure.objects.filter(
        subject_kind=SubjectKind.BUILDING, subject__in=slugs, current=True, measure=Measure.ENERGY_SAVED
    )
    found = figures.defer("series", "inputs", "result").order_by("reporting_last", "-reporting_first")
    return {figure.subject: figure for figure in found}


def _meters(person: Person, streams: list[Datastream]) -> list[Meter]:
    charts = evidence.last_years(streams[:PLOTTED])
    return [_meter(person, stream, charts.get(stream.pk)) for stream in streams]


def _meter(person: Person, stream: Datastream, chart: Any) -> Meter:
    return Meter(
        stream=stream,
        what=property_word(stream.observed_property),
        label=meter_label(stream.thing, stream.observed_property),
        unit=unit_word(stream.unit),
        chart=chart,
        may_correct=rules.corrects(person, stream),
        may_swap=rules.swaps_meter(person, stream),
    )
