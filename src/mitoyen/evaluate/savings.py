"""Savings of meters, and of everything that they add up to, as published Figures."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace

import django
from django.utils.translation import gettext as _

from mitoyen.evaluate import figures
from mitoyen.evaluate.compute import Outcome, Task, assess
from mitoyen.evaluate.context import Context, context, periods_of
from mitoyen.evaluate.enums import SubjectKind
from mitoyen.evaluate.hours import Detail, details
from mitoyen.evaluate.meters import meters, meters_of, unit_of
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.priced import priced_figures
from mitoyen.evaluate.readings import Readings, extents, readings
from mitoyen.evaluate.savings_figures import Basis, saving_figure
from mitoyen.evaluate.sums import ADDED, sum_figures
from mitoyen.history.models import Datastream
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Thing

Progress = Callable[[int, int, str], None]
ITSELF = "mitoyen evaluate"
# Meters read at once: three years of their hours take a megabyte each.
CHUNK = 24


@dataclass(frozen=True)
class Sources:
    """What was read of some meters and of their weather stations, for all of their periods."""

    days: Readings
    details: dict[int, Detail]


@dataclass(frozen=True)
class Prepared:
    """A meter ready to be assessed; `batches` are those behind each reporting period and the baseline."""

    meter: Datastream
    basis: Basis
    task: Task
    batches: list[tuple[int, ...]]


def evaluate_datastream(meter: Datastream, baseline: Period, reporting: Period, by: str = ITSELF) -> Figure:
    """The saving of one meter, stored with its cost and carbon. It is published (current) when these are the meter's
    own periods (`context.periods_of`), else kept as a study. Raises Refused when a period has no reading at all."""
    return evaluate(meter.thing, [meter], baseline, reporting, by)[0]


def evaluate_thing(thing: Thing, baseline: Period, reporting: Period, by: str = ITSELF) -> list[Figure]:
    """The savings of all meters of a thing and of its parts, likewise. Raises Refused when it has no meter."""
    found = meters_of(thing)
    if not found:
        raise Refused(
            _("“%(thing)s” has no meter with readings.") % {"thing": thing.slug},
            _("Import its file first: mitoyen import FILE --thing %(thing)s --property electricity.")
            % {"thing": thing.slug},
            code="no_readings",
        )
    return evaluate(thing, found, baseline, reporting, by)


def evaluate(
    thing: Thing, found: Sequence[Datastream], baseline: Period, reporting: Period, by: str = ITSELF
) -> list[Figure]:
    """The savings of some meters of a thing, stored; the sums that they belong to follow. One Figure a meter."""
    if reporting.overlaps(baseline):
        raise Refused(
            _("The two periods overlap."), _("Report on days that are not in the baseline."), code="periods_overlap"
        )
    shared = context()
    sources = _sources([(meter, [baseline, reporting]) for meter in found], shared)
    _refuse_without_readings(thing, found, sources.days, (baseline, reporting))
    known = extents(found)
    savings, published = [], []
    for meter in found:
        prepared = prepare(meter, sources, shared, baseline, [reporting])
        saving = stated(prepared, assess(prepared.task))[0]
        savings.append(saving)
        own_baseline, years = periods_of(meter, known.get(meter.pk))
        made = [saving, *priced_figures(saving)]
        if baseline == own_baseline and reporting in years:
            published += made
        else:
            figures.keep(made)
    if published:
        figures.publish(published, by, thing.slug)
        publish_sums()
    current = set(Figure.objects.filter(pk__in=[one.pk for one in savings], current=True).values_list("pk", flat=True))
    for one in savings:
        one.current = one.pk in current
    return savings


def evaluate_territory(progress: Progress | None = None, processes: int = 2, by: str = ITSELF) -> int:
    """Every meter over its own periods, and all sums, published in place of whatever was. Returns the number of
    meters. `progress(done, total, message)`; `processes` 1 computes in this one."""
    found = [meter for meter in meters() if unit_of(meter) is not None]
    shared = context()
    leaves: list[Figure] = []
    with _assessor(processes) as assessor:
        waiting: list[tuple[list[Prepared], list[Future[list[Outcome]]]]] = []
        done = 0
        for prepared in _prepared(found, shared):
            waiting.append((prepared, [assessor.submit(assess, one.task) for one in prepared]))
            if len(waiting) > 1:
                done += _collect(*waiting.pop(0), leaves)
                _tell(progress, done, len(found))
        for one in waiting:
            _collect(*one, leaves)
    _tell(progress, len(found), len(found))
    figures.publish([*leaves, *sum_figures(leaves)], by, instead_of_all=True)
    return len({leaf.subject for leaf in leaves})


def publish_sums() -> None:
    """Add up the current Figures of the meters anew, and publish the sums in place of those that were."""
    leaves = Figure.objects.filter(subject_kind=SubjectKind.DATASTREAM, current=True).defer("series")
    things = ("thing", "thing__commune", "thing__part_of", "thing__part_of__commune", "commune")
    figures.publish_sums(sum_figures(leaves.select_related(*things)))


def prepare(
    meter: Datastream, sources: Sources, shared: Context, baseline: Period, reporting: Sequence[Period]
) -> Prepared:
    """Everything that a meter's assessment needs, from what was already read."""
    basis = shared.basis(meter, [baseline, *reporting])
    station = shared.station(meter, [baseline, *reporting])
    days = sources.days
    closed = shared.closed(days.whole, basis)
    weather = station.pk if station else None
    runs = [days.run(meter.pk, weather, closed, period) for period in (baseline, *reporting)]
    behind = [sources.details[number] for number in (meter.pk, weather) if number in sources.details]
    detail = sources.details.get(meter.pk)
    hours, breaks = (detail.hours, detail.breaks) if detail else (None, [])
    task = Task(meter.name, runs[0], runs[1:], hours, breaks, list(basis.actions))
    batches = [
        tuple(sorted({number for one in behind for number in one.batches([baseline, period])})) for period in reporting
    ]
    return Prepared(meter, basis, task, batches)


def stated(prepared: Prepared, outcomes: Iterable[Outcome]) -> list[Figure]:
    """The sealed Figures of a meter's savings, one a reporting period."""
    task = prepared.task
    return [
        saving_figure(prepared.meter, replace(prepared.basis, batches=batches), task.baseline, run, outcome)
        for run, outcome, batches in zip(task.reporting, outcomes, prepared.batches, strict=True)
    ]


def _sources(wanted: Sequence[tuple[Datastream, Sequence[Period]]], shared: Context) -> Sources:
    """Days and readings of meters over their periods, and of their weather stations, each read at once."""
    stations = {one.pk: one for pair in wanted if (one := shared.station(*pair)) is not None}
    streams = [*(meter for meter, _periods in wanted), *stations.values()]
    days = readings(streams, [period for _meter, periods in wanted for period in periods])
    return Sources(days, details(streams, days.whole))


def _prepared(found: list[Datastream], shared: Context) -> Iterator[list[Prepared]]:
    """The meters that have a baseline and a year to report on, prepared a chunk at a time."""
    known = extents(found)
    planned = [(meter, *periods_of(meter, known.get(meter.pk))) for meter in found]
    ready = [(meter, baseline, years) for meter, baseline, years in planned if baseline and years]
    for start in range(0, len(ready), CHUNK):
        chunk = ready[start : start + CHUNK]
        sources = _sources([(meter, [baseline, *years]) for meter, baseline, years in chunk], shared)
        yield [prepare(meter, sources, shared, baseline, years) for meter, baseline, years in chunk]


def _collect(prepared: list[Prepared], futures: list["Future[list[Outcome]]"], leaves: list[Figure]) -> int:
    """Store the Figures of some meters, not yet current, and add them to `leaves`. Returns the number of meters."""
    made: list[Figure] = []
    for one, future in zip(prepared, futures, strict=True):
        for saving in stated(one, future.result()):
            made += [saving, *priced_figures(saving)]
    figures.keep(made)
    leaves += [_lean(figure) for figure in made]
    return len(prepared)


def _lean(figure: Figure) -> Figure:
    """A stored Figure without what only the database needs to hold: of thousands, sums need a few numbers."""
    figure.series = b""
    figure.inputs = {}
    figure.result = {key: figure.result[key] for key in ADDED if key in figure.result}
    return figure


class _Inline:
    """Computes in this process, with the interface of an executor."""

    def __enter__(self) -> "_Inline":
        return self

    def __exit__(self, *raised: object) -> None:
        return None

    def submit(self, function: Callable[[Task], list[Outcome]], task: Task) -> "Future[list[Outcome]]":
        future: Future[list[Outcome]] = Future()
        future.set_result(function(task))
        return future


def _assessor(processes: int) -> ProcessPoolExecutor | _Inline:
    """Fresh processes: forking one that holds database and DuckDB threads would not be sound."""
    if processes <= 1:
        return _Inline()
    # A process a core does it: threads of the linear algebra would only get in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A task carries a meter's breaks, whose module can't be loaded before Django is set up.
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=django.setup)


def _refuse_without_readings(
    thing: Thing, found: Sequence[Datastream], read_days: Readings, wanted: tuple[Period, Period]
) -> None:
    """Refused unless some meter has a reading in each period."""
    for period in wanted:
        if any(read_days.has_readings(meter.pk, period) for meter in found):
            continue
        known = list(extents(found).values())
        says = {"thing": thing.slug, "first": period.first, "last": period.last}
        if known:
            whole = {"since": min(one.first for one in known), "until": max(one.last for one in known)}
            step = _("It has readings from %(since)s to %(until)s: choose periods within.") % whole
        else:
            step = _("Import its file first: mitoyen import FILE --thing %(thing)s --property electricity.") % says
        raise Refused(_("“%(thing)s” has no reading between %(first)s and %(last)s.") % says, step, code="no_readings")


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total, _("meters evaluated"))
