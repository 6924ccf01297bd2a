"""Builds the demo territory, step by step; each step may be repeated."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Max
from django.utils.translation import gettext as _

from mitoyen.cli.init import prepare
from mitoyen.demo import costs, devices, paper, people, places, plan, real, requests, staging, truth
from mitoyen.demo.climate import clock, temperature
from mitoyen.demo.objects import making
from mitoyen.demo.people import Account
from mitoyen.demo.readings import Series, series
from mitoyen.demo.staging import Told
from mitoyen.evaluate.savings import evaluate_territory
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch
from mitoyen.ledger import audit
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.operate import comparison, findings
from mitoyen.operate.models import ShownFigures
from mitoyen.services.parity import keeping
from mitoyen.territory.register import load_communes

DEFAULT_SEED = 49
ENERGY_OFFICER_OF = "49353"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the installation holds now. `observations` were generated and `loaded` came from real files this time;
    `seconds` is how long it took."""

    communes: int
    buildings: int
    meters: int
    observations: int
    loaded: int
    accounts: list[Account]
    seconds: float


def build(
    seed: int = DEFAULT_SEED,
    *,
    small: bool = False,
    data_dir: Path | None = None,
    progress: Progress = lambda _step, _done, _total: None,
) -> DemoSummary:
    """Make the demo territory in MITOYEN_HOME, or complete it. `progress(step, done, total)` is told of each step.

    Raises Refused when the installation holds somebody's real readings, or another demo.
    """
    started = time.monotonic()
    progress(_("Preparing the databases"), 0, 1)
    prepare()
    known = _known_demo(staging.source_of(seed, small=small))
    communes = load_communes()
    buildings = plan.buildings(plan.SMALL_COMMUNES if small else None)
    things = places.make(buildings, seed)
    accounts = people.make(ENERGY_OFFICER_OF)
    people.reachable()
    requests.make(seed)
    paper.make(seed, ENERGY_OFFICER_OF)
    costs.make()
    keeping.keep()
    written = _fill(seed, small, progress) if known is None else 0
    devices.make(seed)
    added = making.make(seed)
    written += added
    loaded = 0
    if data_dir is not None:
        step = _("Importing real files")
        loaded = real.load(data_dir, lambda done, total: progress(step, done, total))
    if _is_stale():
        _evaluate(progress, processes=1 if small else 2)
    if added or not ShownFigures.objects.exists():
        progress(_("Looking at what the objects say now"), 0, 1)
        making.look()
    meters = len(things) - len(buildings) - 1
    return DemoSummary(communes, len(buildings), meters, written, loaded, accounts, time.monotonic() - started)


def _fill(seed: int, small: bool, progress: Progress) -> int:
    """Generate every series and make it live."""
    buildings = plan.buildings(plan.SMALL_COMMUNES if small else None)
    things = places.make(buildings, seed)
    hours = clock(plan.FIRST_DAY, plan.LAST_DAY)
    outside = temperature(hours, seed)
    meters: list[Series] = []
    for done, building in enumerate(buildings):
        progress(_("Generating three years of readings"), done, len(buildings))
        meters += series(building, hours, outside, seed)
    places.deploy(meters, things)
    places.tell(buildings, things)
    truth.write(seed, small=small, meters=meters)
    progress(_("Writing the readings into the archive"), 0, 1)
    told = [Told(things[places.STATION], "temperature", "Cel", "gauge", outside)]
    told += [Told(things[m.meter_slug], m.observed_property, m.unit, m.kind, m.values) for m in meters]
    rows = staging.store(staging.source_of(seed, small=small), hours, told)
    audit.record(places.BY, "demo.build", "territory", seed=seed, small=small, meters=len(meters), observations=rows)
    return rows


def _is_stale() -> bool:
    """Whether readings came since findings were last looked for: also after a start that was cut short."""
    looked = AuditEntry.objects.filter(action="findings.refresh").order_by("-number").first()
    # Lamps, meters and gardens are in none of the findings.
    counted = Batch.objects.filter(state=BatchState.LIVE).exclude(source__startswith=making.SOURCE_OF_READINGS)
    newest = counted.aggregate(at=Max("live_at"))["at"]
    return newest is not None and (looked is None or looked.at < newest)


def _evaluate(progress: Progress, processes: int) -> None:
    """The account of savings, the comparison and the findings, from whatever is there."""
    step = _("Computing what was really saved")
    progress(step, 0, 1)
    evaluate_territory(lambda done, total, _message: progress(step, done, total), processes, places.BY)
    step_findings = _("Looking for what to do on Monday")
    progress(step_findings, 0, 1)
    comparison.refresh()
    findings.find_all(lambda done, total: progress(step_findings, done, total))
    audit.publish_head()


def _known_demo(source: str) -> Batch | None:
    """The same demo where it is there already. Raises Refused beside real readings or another demo."""
    demo = staging.live_demo()
    if demo is None:
        real = Batch.objects.filter(state=BatchState.LIVE).exclude(origin=BatchOrigin.GENERATED)
        if real.exists():
            raise Refused(
                _("This installation holds real readings: generated ones are not put beside them."),
                next_step=_("Set MITOYEN_HOME to another folder, then run mitoyen demo again."),
                code="real_readings",
            )
        return None
    if demo.source != source:
        raise Refused(
            _("This installation holds another demo (%(source)s).") % {"source": demo.source},
            next_step=_("Start it with the same options, or set MITOYEN_HOME to another folder."),
            code="other_demo",
        )
    return demo
