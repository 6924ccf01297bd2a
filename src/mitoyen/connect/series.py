"""From the table to series: one a meter and property, in UTC, in order; each walked for its intervals and sums."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.connect import evidence, faultlines, localtime, settle
from mitoyen.connect.headers import kind_of_unit
from mitoyen.connect.lines import place
from mitoyen.connect.numerals import moment
from mitoyen.connect.options import KINDS, Question
from mitoyen.connect.report import iso
from mitoyen.connect.walk import MICRO, RepeatedTime, Seen, Spans, Trend, Walk, bounds_of, pieces, trends
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.register import check_slug, slug_from

if TYPE_CHECKING:
    from mitoyen.connect.analysis import Analysis

MAX_SERIES = 20_000
_WALKS_AT_ONCE = 2
Pieces = Iterator[dict[str, NDArray[Any]]]
KNOWN_PROPERTIES = ("electricity", "gas", "heat", "water", "temperature", "humidity", "solar_radiation")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_STEP = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|min|m|h|d|j)$")
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "j": 86400}


@dataclass(slots=True)
class Series:
    """Readings of one property of one meter. `sid` numbers it within the file."""

    sid: int
    thing: str
    property: str
    unit: str
    kind: str
    column: str
    meter: str = ""
    says_index: bool = False
    trend: Trend = field(default_factory=Trend)
    seen: Seen = field(default_factory=Seen)
    rows: tuple[int, int] = (0, 0)


def build(found: "Analysis") -> None:
    """Make `clean` and the list of series; settle what each is, by the whole column."""
    _check_properties(found)
    meters = _meters(found)
    values = found.columns.values
    if len(meters) * len(values) > MAX_SERIES:
        raise Refused(
            _("The file holds %(count)d series; one import takes %(limit)d.")
            % {"count": len(meters) * len(values), "limit": MAX_SERIES},
            _("Check which column names the meter, or split the file."),
            code="too_many_series",
        )
    for meter_at, meter in enumerate(meters):
        for value_at, value in enumerate(values):
            thing = _thing_of(found, meter) if meter is not None else value.thing
            sid = meter_at * len(values) + value_at
            found.series.append(
                Series(sid, thing, value.property, value.unit, value.kind, value.header, meter or "", value.says_index)
            )
    _refuse_double_names(found)
    _sort(found, len(values))
    at = bounds_of(found.con)
    for item in found.series:
        item.rows = at.get(item.sid, (0, 0))
    if any(not item.kind and item.rows[1] for item in found.series):
        for item, trend in zip(found.series, trends(found.con, len(found.series)), strict=True):
            item.trend = trend
    found.series = [item for item in found.series if item.rows[1]]
    _settle_units(found)
    _settle_kinds(found)
    _settle_things(found)
    found.stamps = settle.stamps(found)


def _check_properties(found: "Analysis") -> None:
    for value in found.columns.values:
        if value.property and not _PROPERTY.fullmatch(value.property):
            raise Refused(
                _("“%(name)s” can't name a property.") % {"name": value.property[:60]},
                _("Use lower-case letters, digits and _, for instance electricity or air_pressure."),
                code="bad_property",
            )


def _meters(found: "Analysis") -> list[str | None]:
    if found.columns.meter is None:
        return [None]
    found.con.execute(
        "CREATE OR REPLACE TABLE meters AS SELECT m, (row_number() OVER (ORDER BY min(rowid)) - 1)::INTEGER AS mid"
        " FROM raw WHERE m IS NOT NULL AND m <> '' GROUP BY m"
    )
    return [row[0] for row in found.con.execute("SELECT m FROM meters ORDER BY mid").fetchall()]


def _thing_of(found: "Analysis", meter: str) -> str:
    kept = found.options.mapping.meters.get(meter) if found.options.mapping else None
    if kept:
        return kept
    own = slug_from(meter)
    return f"{found.options.thing}-{own}" if found.options.thing and own else own


def _refuse_double_names(found: "Analysis") -> None:
    names: dict[tuple[str, str], Series] = {}
    for item in found.series:
        if not item.thing and item.meter:
            raise Refused(
                _("The meter “%(name)s” has no letter or digit to be named by.") % {"name": item.meter[:60]},
                _("Name it in a mapping, under [meters]."),
                code="bad_name",
            )
        other = names.setdefault((item.thing, item.property), item)
        if other is not item:
            raise Refused(
                _("Two columns or meters would be the same datastream: %(one)s and %(two)s.")
                % {"one": (other.meter or other.column)[:60], "two": (item.meter or item.column)[:60]},
                _("Name the property or the thing of each in a mapping (--map)."),
                code="same_datastream",
            )


def _sort(found: "Analysis", width: int) -> None:
    """Make `clean`: sid, t (UTC), v, ord (place in the file) and, for a file with both ends, len (microseconds)."""
    utc = _utc_sql(found, "t")
    span = found.columns.mode == "span"
    length = f", (epoch_us({utc}) - epoch_us({_utc_sql(found, 't0')})) AS len" if span else ""
    taken = "t IS NOT NULL"
    joins = " JOIN meters USING (m)" if found.columns.meter is not None else ""
    mid = f"mid * {width} + " if found.columns.meter is not None else ""
    if _has_rows(found, "fold"):
        joins += " LEFT JOIN fold ON fold.ord = raw.rowid"
    if _has_rows(found, "left_out"):
        taken += " AND raw.rowid NOT IN (SELECT ord FROM left_out)"
    parts = [
        f"SELECT ({mid}{number})::INTEGER AS sid, {utc} AS t, v{number} AS v, raw.rowid AS ord{length} FROM raw{joins}"
        f" WHERE {taken}"
        for number in range(width)
    ]
    body = (
        " UNION ALL ".join(parts)
        or "SELECT 0 AS sid, TIMESTAMP '2000-01-01' AS t, 0.0 AS v, 0::BIGINT AS ord WHERE false"
    )
    found.con.execute(f"CREATE OR REPLACE TABLE clean AS SELECT * FROM ({body}) ORDER BY sid, t, ord")


def _has_rows(found: "Analysis", name: str) -> bool:
    row = found.con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = ? AND estimated_size > 0", [name]
    ).fetchone()
    return bool(row and row[0])


def _utc_sql(found: "Analysis", column: str) -> str:
    if found.tz in ("offset", "UTC", ""):
        return column
    met, first = settle.changes(found, found.tz)
    offset = localtime.offset_sql(localtime.zone_named(found.tz), met, first, column)
    if column == "t" and _has_rows(found, "fold"):
        offset = f"coalesce(fold.seconds, {offset})"
    return f"({column} - to_seconds({offset}))"


def _drop_doubles(found: "Analysis") -> None:
    """Keep one reading a time: the same value twice is counted, two values for one time contradict each other."""
    con = found.con
    row = con.execute(
        "SELECT coalesce(sum(n - 1), 0), count_if(low <> high) FROM (SELECT count(*) FILTER (NOT isnan(v)) AS n,"
        " min(v) FILTER (NOT isnan(v)) AS low, max(v) FILTER (NOT isnan(v)) AS high FROM clean"
        " GROUP BY sid, t HAVING count(*) > 1) WHERE n > 0"
    ).fetchone()
    assert row is not None
    found.duplicates, found.contradictions = int(row[0]), int(row[1])
    if found.contradictions:
        _name_contradictions(found)
    con.execute(
        "CREATE TABLE single AS SELECT * FROM clean"
        " QUALIFY row_number() OVER (PARTITION BY sid, t ORDER BY isnan(v), ord) = 1 ORDER BY sid, t;"
        " DROP TABLE clean; ALTER TABLE single RENAME TO clean"
    )


def _name_contradictions(found: "Analysis") -> None:
    rows = found.con.execute(
        "SELECT list(ord ORDER BY ord), list(v ORDER BY ord) FROM clean WHERE NOT isnan(v) GROUP BY sid, t"
        " HAVING min(v) <> max(v) ORDER BY min(ord) LIMIT 100"
    ).fetchall()
    wanted = [ordinal for ordinals, _values in rows for ordinal in ordinals[:5]]
    rejects, _spaces = faultlines.rejected(found.con)
    placed, _at = place(found.table, found.layout, wanted, frozenset(b for b, _e, _t in rejects), found_offset(found))
    for ordinals, values in rows:
        lines = [placed[n].line for n in ordinals[:5] if n in placed]
        reason = _("lines %(lines)s give the same time different values: %(values)s") % {
            "lines": ", ".join(map(str, lines)), "values": ", ".join(f"{v:g}" for v in values[:5]),
        }  # fmt: skip
        found.grounds.append(Ground("contradiction", reason, lines[-1] if lines else None))
    found.blocking += found.contradictions


def found_offset(found: "Analysis") -> int:
    """What to add to a line of the table to get the file's: records of JSON and Parquet have no line of names."""
    return -1 if found.intake.format.split(".")[0] in ("ndjson", "json", "parquet") else 0


def _settle_units(found: "Analysis") -> None:
    if any(not item.property for item in found.series):
        found.ask(
            Question(
                "property",
                _("What do the readings measure?"),
                KNOWN_PROPERTIES,
                None,
                "--property electricity",
                _("Column: %(name)s.") % {"name": found.series[0].column},
            )
        )
    open_units = [item for item in found.series if not item.unit]
    if open_units:
        cells = found.layout.sample[:3]
        found.ask(
            Question(
                "unit",
                _("In which unit is the column “%(name)s”?") % {"name": open_units[0].column},
                (),
                None,
                "--unit kWh",
                _("It starts with: %(cells)s.") % {"cells": " | ".join(" ; ".join(row) for row in cells)[:200]},
            )
        )
    for value in found.columns.values:
        if value.unit:
            found.take(f"unit of {value.header}", value.unit, value.unit_from)


def _settle_kinds(found: "Analysis") -> None:
    """Delta or counter, by the whole column; columns of one file are of one kind unless the file says otherwise."""
    asked: Series | None = None
    why = likely = ""
    for item in found.series:
        if item.kind or kind_of_unit(item.unit) not in ("amount", ""):
            continue
        kind, guess, because = evidence.kind_by_trend(item.trend, says_index=item.says_index)
        if kind and item.unit:
            item.kind = kind
            found.take(f"kind of {item.meter or item.column}", kind, "evidence", because)
        elif asked is None:
            asked, why, likely = item, because, guess
    if asked is not None:
        others = {item.kind for item in found.series if item.kind and item.unit == asked.unit}
        if len(others) == 1 and asked.trend.falls == 0 and others == {"delta"} and asked.trend.rises < evidence.ENOUGH:
            # A meter that hardly moved, beside others of the same column that show what it is.
            for item in found.series:
                item.kind = item.kind or others.copy().pop()
            return
        found.ask(
            Question(
                "kind",
                _("Is “%(name)s” an amount per interval or an index that rises?")
                % {"name": asked.meter or asked.column},
                KINDS,
                likely,
                "--kind delta | --kind counter",
                why,
            )
        )


def _settle_things(found: "Analysis") -> None:
    said = found.options.said("thing")
    if said and not found.options.thing:
        check_slug(said[0])
        for item in found.series:
            item.thing = item.thing or said[0]
    if any(not item.thing for item in found.series):
        point = found.columns.export.point if found.columns.export else ""
        found.ask(
            Question(
                "thing",
                _("Whose readings are they? Name the building, meter or weather station."),
                (),
                None,
                "--thing ecole-jean-zay",
                _("The file names the delivery point %(point)s.") % {"point": point} if point else "",
            )
        )


def walk_all(found: "Analysis") -> None:
    """Give each series its intervals, gaps and sums."""
    if not _walked(found):
        _drop_doubles(found)
        at = bounds_of(found.con)
        for item in found.series:
            item.rows = at[item.sid]
        found.spans = Spans()
        _walked(found)
    found.series = [item for item in found.series if item.seen.count]
    if any(item.kind not in ("gauge", "counter") and not item.seen.step for item in found.series):
        found.ask(
            Question(
                "step",
                _("How long is the interval of a reading? A single reading doesn't tell."),
                (),
                None,
                "--step 30min | --step 1h | --step 1d",
            )
        )


def _walked(found: "Analysis") -> bool:
    """Walk every series, two at once; False when one holds the same time twice."""
    step = stated_step(found)
    with ThreadPoolExecutor(_WALKS_AT_ONCE) as pool:
        walks = [pool.submit(_walk, found, item, step) for item in found.series]
        try:
            all_seen = [walk.result() for walk in walks]
        except RepeatedTime:
            return False
        finally:
            pool.shutdown(cancel_futures=True)
    for item, seen in zip(found.series, all_seen, strict=True):
        item.seen = seen
        if item.kind not in ("gauge", "counter") and seen.overlaps:
            found.blocking += seen.overlaps
            found.grounds += _name_overlaps(found, item)
    return True


def _walk(found: "Analysis", item: Series, step: int) -> Seen:
    own = found.columns.mode == "span"
    at_start = item.kind not in ("gauge", "counter") and found.stamps == "start"
    names = "epoch_us(t) AS t, v" + (", len" if own else "")
    with found.con.cursor() as con:

        def read(backward: bool) -> Pieces:
            return pieces(con, names, *item.rows, backward=backward)

        return Walk(at_start, found.spans, step, own).run(read, *item.rows)


def _name_overlaps(found: "Analysis", item: Series) -> list[Ground]:
    """The lines whose interval begins before the one before it ends."""
    ordinals = {}
    for time in item.seen.overlap_at:
        row = found.con.execute(
            f"SELECT ord FROM clean WHERE sid = {item.sid} AND epoch_us(t) > {time} ORDER BY t LIMIT 1"
        ).fetchone()
        ordinals[time] = row[0] if row else -1
    rejects, _spaces = faultlines.rejected(found.con)
    bytes_of = frozenset(byte for byte, _error, _text in rejects)
    placed, _at = place(found.table, found.layout, ordinals.values(), bytes_of, found_offset(found))
    reason = _("the interval begins before the one before it ends, at %(time)s UTC")
    return [
        Ground("overlap", reason % {"time": moment(iso(time))}, placed[n].line if n in placed else None)
        for time, n in ordinals.items()
    ]


def stated_step(found: "Analysis") -> int:
    """The step said, in microseconds; 0 when nobody said. Raises Refused for what is no duration."""
    said = found.options.said("step")
    if not said:
        return 0
    match = _STEP.match(said[0].strip().lower())
    if not match or float(match[1]) <= 0:
        raise Refused(
            _("“%(text)s” is not a duration.") % {"text": said[0][:40]}, _("Write 30min, 1h or 1d."), code="bad_option"
        )
    return int(float(match[1]) * _SECONDS[match[2]] * MICRO)
