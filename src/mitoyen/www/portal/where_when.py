"""What happens where and when, for one service: our own communes', or a source's from elsewhere, never mixed."""

from datetime import date

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Service
from mitoyen.manifests.service_schema import Question
from mitoyen.services.models import Request, Source
from mitoyen.services.patterns import Grid, Patterns, of_source, of_territory, patterns
from mitoyen.services.wording import language
from mitoyen.territory.enums import Origin
from mitoyen.www.charts import Bar, Table, across, density, monthly_bars, week
from mitoyen.www.charts_counts import Square, shown
from mitoyen.www.numbers import number
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.services import service_named

MOST_CELLS = 40


@public
def of_ours(request: HttpRequest, name: str) -> HttpResponse:
    """The territory's own requests of a service that publishes."""
    service = _publishing(name)
    made_up = of_territory(name).filter(origin=Origin.GENERATED).exists()
    return _page(request, service, patterns(of_territory(name)), None, made_up=made_up)


@public
def of_another(request: HttpRequest, name: str, source: str) -> HttpResponse:
    """A source's requests, marked as coming from elsewhere."""
    service = _publishing(name)
    found = Source.objects.filter(name=source, service=name, origin=Origin.SAMPLE).first()
    if found is None:
        raise Http404(source)
    return _page(request, service, patterns(of_source(found), has_hours=found.has_hours), found)


def samples(name: str) -> QuerySet[Source]:
    """Sources from elsewhere that hold requests of the service."""
    kept = Request.objects.filter(source=OuterRef("name"))
    return Source.objects.filter(Exists(kept), service=name, origin=Origin.SAMPLE).order_by("title")


def _publishing(name: str) -> Service:
    """Raises Http404 for a service whose manifest makes nothing public: nor is it counted in public."""
    service = service_named(name)
    if not service.manifest.public:
        raise Http404(name)
    return service


def _page(
    request: HttpRequest, service: Service, found: Patterns, source: Source | None, *, made_up: bool = False
) -> HttpResponse:
    name = service.manifest.name
    context = {
        "door": "services",
        "name": name,
        "title": service.text("service.title", language()),
        "found": found,
        "source": source,
        "made_up": made_up,
        "others": [one for one in samples(name) if one != source],
        "charts": _charts(service, found) if found.total else [],
    }
    return render(request, "portal/where_when.html", context)


def _charts(service: Service, found: Patterns) -> list[SafeString]:
    """Of category and place only what the manifest makes public."""
    charts = [_months(found), _week(found)]
    public = {service.manifest.question(name).type for name in service.manifest.public}
    category = service.manifest.category
    if category is not None and category.name in service.manifest.public:
        charts.append(_categories(service, category, found))
    if "place" in public and found.grid is not None and any(cell.count for cell in found.grid.cells):
        charts.append(_places(found.grid))
    return charts


def _months(found: Patterns) -> SafeString:
    bars = [Bar(month, None if count is None else float(count)) for month, count in found.months]
    rows = [(_month(month), shown(count)) for month, count in found.months]
    table = Table((_("Month"), _("Requests")), rows)
    return monthly_bars(_("When: month by month"), bars, unit=_("requests a month"), table=table)


def _month(month: date) -> str:
    return date_format(month, "F Y")


def _week(found: Patterns) -> SafeString:
    if not found.has_hours:
        days = [(str(WEEKDAYS[day]).capitalize(), counts[0]) for day, counts in enumerate(found.week)]
        table = Table((_("Day"), _("Requests")), [(name, shown(count)) for name, count in days])
        return across(_("When: on which day of the week (the source doesn’t tell the hour)"), days, table)
    heads = (_("Day"), *(_("%(hour)d h") % {"hour": hour} for hour in range(24)))
    rows = [(str(WEEKDAYS[day]), *map(_cell, counts)) for day, counts in enumerate(found.week)]
    return week(_("When: at which hours of the week"), found.week, Table(heads, rows))


def _cell(count: int | None) -> str:
    return "<5" if count is None else number(count)


def _categories(service: Service, question: Question, found: Patterns) -> SafeString:
    known = set(question.choices)
    bars = [
        (service.text(f"choices.{question.name}.{category}", language()) if category in known else category, count)
        for category, count in found.categories
    ]
    table = Table((_("What"), _("Requests")), [(label, shown(count)) for label, count in bars])
    return across(_("What it is about"), bars, table)


def _places(grid: Grid) -> SafeString:
    squares = [Square(cell.column, cell.row, cell.count) for cell in grid.cells]
    busiest = sorted((cell for cell in grid.cells if cell.count), key=lambda cell: -(cell.count or 0))[:MOST_CELLS]
    rows = [(f"{number(cell.latitude, 4)} N, {_east(cell.longitude)}", shown(cell.count)) for cell in busiest]
    table = Table((_("Middle of the square"), _("Requests")), rows)
    told = {"metres": number(grid.side_m)}
    title = _("Where: squares %(metres)s m wide, north at the top; the table lists the busiest") % told
    return density(title, squares, (grid.columns, grid.rows), table)


def _east(longitude: float) -> str:
    if longitude < 0:
        return _("%(degrees)s W") % {"degrees": number(-longitude, 4)}
    return _("%(degrees)s E") % {"degrees": number(longitude, 4)}
