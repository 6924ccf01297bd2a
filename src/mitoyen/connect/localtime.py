"""Local times into UTC: by the zone's own transitions; an hour that comes twice is told apart by the file's order."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused

_STEP = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Change:
    """The zone's offset goes from `before` to `after` (seconds) at the instant `at` (UTC, naive)."""

    at: datetime
    before: int
    after: int

    @property
    def first_local(self) -> datetime:
        """Start, in local time, of the hour that doesn't exist or comes twice."""
        return self.at + timedelta(seconds=min(self.before, self.after))

    @property
    def last_local(self) -> datetime:
        return self.at + timedelta(seconds=max(self.before, self.after))


def zone_named(name: str) -> ZoneInfo:
    """Raises Refused when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(
            _("“%(name)s” is not a time zone.") % {"name": name[:40]},
            _("Use UTC or Europe/Paris."),
            code="unknown_zone",
        ) from error


def changes_of(zone: ZoneInfo, first: datetime, last: datetime) -> list[Change]:
    """Changes of offset between two instants (naive UTC), found by halving to the second."""
    found: list[Change] = []
    at = first
    while at < last:
        after = min(at + _STEP, last)
        if _offset(zone, at) != _offset(zone, after):
            low, high = at, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, at) else (low, middle)
            high = high.replace(microsecond=0)
            found.append(Change(high, _offset(zone, at), _offset(zone, after)))
        at = after
    return found


def _offset(zone: ZoneInfo, instant: datetime) -> int:
    offset = instant.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def offset_sql(zone: ZoneInfo, changes: list[Change], first: datetime, column: str) -> str:
    """SQL of the seconds to take from a local time to get UTC; inside a repeated hour, those of its second pass."""
    start = changes[0].before if changes else _offset(zone, first)
    cases = [f"WHEN {column} < TIMESTAMP '{change.first_local}' THEN {change.before}" for change in changes]
    end = changes[-1].after if changes else start
    return f"(CASE {' '.join(cases)} ELSE {end} END)" if cases else str(end)


def gap_sql(changes: list[Change], column: str) -> str:
    """SQL that holds for local times that don't exist (clocks went forward over them)."""
    return _inside([change for change in changes if change.after > change.before], column)


def fold_sql(changes: list[Change], column: str) -> str:
    """SQL that holds for local times that come twice."""
    return _inside([change for change in changes if change.after < change.before], column)


def _inside(changes: list[Change], column: str) -> str:
    tests = [
        f"({column} >= TIMESTAMP '{change.first_local}' AND {column} < TIMESTAMP '{change.last_local}')"
        for change in changes
    ]
    return "(" + " OR ".join(tests) + ")" if tests else "false"


def tell_apart(con: duckdb.DuckDBPyConnection, changes: list[Change], meter: str) -> tuple[int, list[int]]:
    """Make the table `fold` (ord, seconds): offsets of times in repeated hours. Returns (settled, ordinals left open).

    The order of the file decides, a meter at a time: times that rise through the hour, fall back once and rise again
    are the first and the second pass. A single pass, or times that fall back more than once, stay open.
    """
    con.execute("CREATE OR REPLACE TABLE fold (ord BIGINT, seconds INTEGER)")
    folds = [change for change in changes if change.after < change.before]
    if not folds:
        return 0, []
    condition = fold_sql(changes, "t")
    rows = con.execute(f"SELECT {meter} AS meter, rowid, t FROM raw WHERE {condition} ORDER BY 1, 2").fetchall()
    if not rows:
        return 0, []
    falling = {row[0] for row in con.execute(
        f"SELECT {meter} AS meter FROM raw WHERE t > TIMESTAMP '1900-01-01' GROUP BY 1"
        " HAVING arg_min(t, rowid) > arg_max(t, rowid)"
    ).fetchall()}  # fmt: skip
    settled: list[tuple[int, int]] = []
    left: list[int] = []
    groups: dict[tuple[object, datetime], list[tuple[int, datetime]]] = {}
    for name, ordinal, local in rows:
        change = next(c for c in folds if c.first_local <= local < c.last_local)
        groups.setdefault((name, change.at), []).append((ordinal, local))
    by_instant = {change.at: change for change in folds}
    for (name, at), group in groups.items():
        change = by_instant[at]
        ordered = group[::-1] if name in falling else group
        falls = [i for i in range(1, len(ordered)) if ordered[i][1] <= ordered[i - 1][1]]
        if len(falls) != 1:
            left += [ordinal for ordinal, _local in group]
            continue
        settled += [
            (ordinal, change.before if i < falls[0] else change.after) for i, (ordinal, _l) in enumerate(ordered)
        ]
    if settled:
        listed = ", ".join(f"({ordinal}, {seconds})" for ordinal, seconds in settled)
        con.execute(f"INSERT INTO fold VALUES {listed}")
    return len(settled), sorted(left)
