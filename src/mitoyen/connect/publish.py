"""From a checked file to the archive: things and datastreams made, rows staged, one commit."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from mitoyen.connect import accounting
from mitoyen.connect.analysis import STAGES, Analysis, Progress
from mitoyen.connect.headers import WEATHER
from mitoyen.connect.report import LINES_SHOWN, Report
from mitoyen.connect.series import Series
from mitoyen.connect.walk import MICRO
from mitoyen.history import batches, read
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch, Datastream
from mitoyen.history.staging import stage
from mitoyen.history.units import converter
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.register import commune_named, thing_for

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Target:
    """Where a series goes, and how its values become those of the datastream: value x factor + offset."""

    item: Series
    datastream: Datastream
    factor: float
    offset: float
    made: bool


def publish(found: Analysis, report: Report, by: str, progress: Progress) -> None:
    """Make the batch live and complete the report. Raises Refused, leaving nothing behind."""
    known_things = set(
        Thing.objects.filter(slug__in={item.thing for item in found.series}).values_list("slug", flat=True)
    )
    targets: list[Target] = []
    batch: Batch | None = None
    try:
        targets = [_target(found, item) for item in found.series]
        source = found.options.source or found.intake.name
        batch = batches.open_batch(BatchOrigin.FILE, source, by, found.intake.sha256, summary=_summary(report))
        progress(4, STAGES, _("staging"))
        staged = stage(found.con, rows_sql(found, targets), batch)
        accounting.check_staged(staged, report.readings)
        progress(4, STAGES, _("writing to the archive"))
        batches.commit(staged, correct=found.options.correct, why=found.options.why)
        batch.refresh_from_db()
    except Refused:
        _clean_up(batch, targets, known_things)
        raise
    _complete(report, batch, found)
    for view, target in zip(report.proposal.datastreams, targets, strict=True):
        view.new = target.made


def _summary(report: Report) -> dict[str, Any]:
    """What is known of the file before it is committed; how many readings were new is the batch's own `rows`."""
    return {
        "format": report.proposal.format,
        "rows": report.rows,
        "readings": report.readings,
        "missing": report.missing,
        "refused": report.refused_count,
        "datastreams": [view.name for view in report.proposal.datastreams],
    }


def _complete(report: Report, batch: Batch, found: Analysis) -> None:
    report.accepted = batch.rows if batch.state == BatchState.LIVE else 0
    report.duplicates = found.duplicates + report.readings - report.accepted
    if batch.state != BatchState.LIVE:
        batch.delete()
        report.status = "unchanged"
        earlier = Batch.objects.filter(sha256=found.intake.sha256, state=BatchState.LIVE).first()
        report.batch = earlier.pk if earlier else None
        return
    report.status, report.batch = "imported", batch.pk


def _clean_up(batch: Batch | None, targets: list[Target], known_things: set[str]) -> None:
    """Nothing may be left of a refused file: neither its batch nor things and datastreams made for it."""
    if batch is not None:
        batches.discard(batch)
        Batch.objects.filter(pk=batch.pk, state=BatchState.DISCARDED).delete()
    for target in targets:
        if target.made:
            target.datastream.delete()
    Thing.objects.filter(
        slug__in={target.item.thing for target in targets} - known_things, datastreams__isnull=True, parts__isnull=True
    ).delete()


def _target(found: Analysis, item: Series) -> Target:
    known = Datastream.objects.filter(thing__slug=item.thing, observed_property=item.property).first()
    if known is not None:
        factor, offset = _conversion(known, item)
        commune_of(found, item)
        return Target(item, known, factor, offset, made=False)
    thing = commune_of(found, item)
    return Target(item, datastream_for(thing, item.property, item.unit, item.kind), 1.0, 0.0, made=True)


def _conversion(known: Datastream, item: Series) -> tuple[float, float]:
    if known.kind != item.kind:
        raise Refused(
            _("%(name)s holds readings of the kind %(kind)s, the file %(other)s.")
            % {"name": known.name, "kind": known.get_kind_display(), "other": item.kind},
            _("Import it under another property, or say the kind (--kind %(kind)s) if the file was misread.")
            % {"kind": known.kind},
            code="datastream_differs",
        )
    return converter(item.unit, known.unit)


def commune_of(found: Analysis, item: Series) -> Thing:
    """The series' thing, made when missing: in the commune named, or outside the territory."""
    commune: Commune | None = commune_named(found.options.commune) if found.options.commune else None
    main = found.options.thing
    if item.meter or (main and item.thing != main):
        thing = thing_for(item.thing, commune=commune, kind="meter", origin=found.options.origin)
        _name_meter(found, thing, item, commune, main)
        return thing
    kind = "weather_station" if item.property in WEATHER else "building"
    return thing_for(item.thing, commune=commune, kind=kind, origin=found.options.origin)


def _name_meter(found: Analysis, thing: Thing, item: Series, commune: Commune | None, main: str) -> None:
    changed = []
    if thing.name == thing.slug and (item.meter or item.column):
        thing.name = (item.meter or item.column)[:160]
        changed.append("name")
    if main and thing.part_of_id is None and main != thing.slug:
        thing.part_of = thing_for(main, commune=commune, kind="building", origin=found.options.origin)
        changed.append("part_of")
    if changed:
        thing.save(update_fields=changed)


def rows_sql(found: Analysis, targets: list[Target]) -> str:
    """SQL of the rows as history takes them; interval lengths come from the walk, as runs over `clean`'s rows."""
    con = found.con
    con.execute(
        "CREATE OR REPLACE TABLE target (sid INTEGER, ds INTEGER, factor DOUBLE, shift DOUBLE, instant BOOLEAN)"
    )
    con.executemany(
        "INSERT INTO target VALUES (?, ?, ?, ?, ?)",
        [[t.item.sid, t.datastream.pk, t.factor, t.offset, t.item.kind in ("gauge", "counter")] for t in targets],
    )
    rows, lengths = found.spans.runs()
    late = "+ to_microseconds(length)" if found.stamps == "start" else ""
    value = "v" if all((t.factor, t.offset) == (1.0, 0.0) for t in targets) else "v * factor + shift"
    if all(t.item.kind in ("gauge", "counter") for t in targets):
        length, source = "0", "clean JOIN target USING (sid)"
    elif len(set(lengths.tolist())) == 1:
        length, source = f"CASE WHEN instant THEN 0 ELSE {int(lengths[0])} END", "clean JOIN target USING (sid)"
    else:
        con.register("found_runs", {"first": rows.astype(np.int64), "length": lengths.astype(np.int64)})
        con.execute("CREATE OR REPLACE TABLE runs AS SELECT first, length FROM found_runs")
        con.unregister("found_runs")
        length = "CASE WHEN instant THEN 0 ELSE runs.length END"
        source = "(SELECT *, rowid AS r FROM clean) c JOIN target USING (sid) ASOF JOIN runs ON c.r >= runs.first"
    return (
        f"SELECT ds AS datastream, t {late} AS time, (length / {MICRO})::INTEGER AS length, {value} AS value,"
        f" 0::TINYINT AS quality FROM (SELECT ds, t, v, factor, shift, {length} AS length FROM {source}"
        " WHERE NOT isnan(v))"
    )


def compare(found: Analysis, report: Report) -> None:
    """For a dry run: how many readings are known already, and which known times have another value."""
    new = report.readings
    examples: list[Ground] = []
    conflicts = 0
    for item, view in zip(found.series, report.proposal.datastreams, strict=True):
        known = Datastream.objects.filter(thing__slug=item.thing, observed_property=item.property).first()
        view.new = known is None
        if known is None:
            continue
        factor, offset = _conversion(known, item)
        same, differing, shown = _against(found, item, known, factor, offset)
        new -= same + differing
        conflicts += differing
        examples += shown
    report.accepted = new
    report.duplicates = found.duplicates + report.readings - new - conflicts
    report.conflicts = conflicts
    if conflicts and not found.options.correct:
        report.status, report.code = "refused", "conflict"
        report.message = _("%(count)d known times have another value in this file.") % {"count": conflicts}
        report.next_step = _("If the file is right, import it with --correct --why “…”.")
        report.refused = [*examples, *report.refused][:LINES_SHOWN]


def _against(
    found: Analysis, item: Series, known: Datastream, factor: float, offset: float
) -> tuple[int, int, list[Ground]]:
    from mitoyen.connect.walk import pieces

    instant = item.kind in ("gauge", "counter")
    rows, lengths = found.spans.runs()
    same = differing = 0
    shown: list[Ground] = []
    at = item.rows[0]
    for piece in pieces(found.con, "epoch_us(t) AS t, v", *item.rows):
        time, value = piece["t"].astype(np.int64), piece["v"]
        if found.stamps == "start" and not instant:
            index = np.searchsorted(rows, np.arange(at, at + len(time)), side="right") - 1
            time = time + lengths[index]
        at += len(piece["t"])
        good = ~np.isnan(value)
        time, value = time[good], value[good] * factor + offset
        if not len(time):
            continue
        old = read.readings(known, _moment(int(time[0]) - 1), _moment(int(time[-1])))
        place = np.searchsorted(old.time.astype(np.int64), time)
        place = np.minimum(place, max(len(old.time) - 1, 0))
        met = old.time.astype(np.int64)[place] == time if len(old.time) else np.zeros(len(time), bool)
        equal = met & (old.value[place] == value) if len(old.time) else met
        same += int(equal.sum())
        for i in np.flatnonzero(met & ~equal).tolist():
            differing += 1
            if len(shown) < LINES_SHOWN:
                words = {
                    "time": _moment(int(time[i])).isoformat(),
                    "new": f"{value[i]:g}",
                    "old": f"{old.value[place[i]]:g}",
                }
                shown.append(Ground("conflict", _("%(time)s: %(new)s in the file, %(old)s is known") % words))
    return same, differing, shown


def _moment(micros: int) -> "datetime":
    from datetime import UTC, datetime, timedelta

    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
