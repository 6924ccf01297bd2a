"""What the whole column tells about what nobody said: delta or counter, values that stand for "missing"."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

from dataclasses import dataclass

import duckdb
from django.utils.translation import gettext as _

from mitoyen.connect.columns import Columns
from mitoyen.connect.walk import Trend

# Numbers that data loggers write for "no reading"; proposed when they stand far from all other values.
SENTINELS = (-200.0, -99.0, -999.0, -9999.0, -99999.0, -999.9, -99.9, 999.0, 9999.0, 99999.0, 999999.0, 999.9,
             9999.9, 32767.0, -32768.0, 65535.0)  # fmt: skip
TEXTS = ("na", "n/a", "n.a.", "#n/a", "null", "none", "nan", "nd", "n.d.", "-", "--", "?", "missing", "manquant",
         "absent", "vide", "#value!", "#ref!", "#div/0!", "nil", "undefined", "invalid", "invalide")  # fmt: skip
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class Sentinel:
    text: str
    count: int


def sentinels(con: duckdb.DuckDBPyConnection, columns: Columns) -> list[Sentinel]:
    """Numbers of the list that lie outside the span of all other values of their column, and far from it.

    One that is far in one column is counted in every column where it lies outside: a logger uses one for all.
    """
    counts: dict[float, int] = {}
    far: set[float] = set()
    listed = ", ".join(repr(number) for number in SENTINELS)
    for number, _value in enumerate(columns.values):
        v = f"v{number}"
        rows = con.execute(f"SELECT {v}, count(*) FROM raw WHERE {v} IN ({listed}) GROUP BY 1").fetchall()
        if not rows:
            continue
        span = f"SELECT min({v}), max({v}) FROM raw WHERE NOT isnan({v}) AND {v} NOT IN ({listed})"
        low, high = con.execute(span).fetchone() or (None, None)
        if low is None or high is None:
            continue
        width = max(high - low, abs(high) * 0.1, 1e-9)
        for candidate, count in rows:
            distance = max(low - candidate, candidate - high)
            if distance <= 0:
                continue
            counts[candidate] = counts.get(candidate, 0) + count
            repeated = count >= 3 and distance > 0.2 * width and abs(candidate) >= 99
            if distance > width or repeated or (count >= 3 and candidate <= -99 and low >= 0):
                far.add(candidate)
    return [Sentinel(f"{candidate:g}", counts[candidate]) for candidate in sorted(far)]


def kind_by_trend(trend: Trend, *, says_index: bool) -> tuple[str, str, str]:
    """(kind or "", likelier kind, why) of amounts: an index only rises; amounts per interval rise and fall."""
    text = _("over %(count)d readings the value rises %(rises)d times and falls %(falls)d times") % {
        "count": trend.count, "rises": trend.rises, "falls": trend.falls,
    }  # fmt: skip
    moves = trend.rises + trend.falls
    if trend.falls == 0 and trend.rises >= ENOUGH:
        return "counter", "counter", text
    if moves >= ENOUGH and trend.falls >= max(3, 0.05 * moves) and not says_index:
        return "delta", "delta", text
    likely = "counter" if says_index or trend.falls < 0.05 * max(moves, 1) else "delta"
    return "", likely, text
