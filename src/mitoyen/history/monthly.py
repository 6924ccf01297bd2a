"""Monthly totals by commune: from the daily rollups where they are fresh, else from the readings by the engine."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

from collections import defaultdict
from datetime import date, timedelta

import numpy as np

from mitoyen.history import archive, compute, engine, rollups
from mitoyen.history.archive import Part
from mitoyen.history.daily import spread
from mitoyen.history.models import Datastream
from mitoyen.history.rules import Rule, rules_for
from mitoyen.history.times import micros, paris_midnight

# By (datastream, month YYYY-MM).
Totals = dict[tuple[int, str], float]
Row = tuple[str, str, str, float]


def monthly_by_commune(first: date, last: date) -> list[Row]:
    """(INSEE code, property, month YYYY-MM, amount in kWh or m3) of the Paris days first..last, sorted.

    Only things of a commune count; gauges have no amount. From rollups where fresh, else from readings.
    """
    streams = _counted()
    rules = rules_for(streams)
    tail = rollups.unsealed_from(rules.values())
    known = last if tail is None else min(last, tail - timedelta(days=1))
    if not streams or not rollups.fresh() or known < first:
        return _by_commune(streams, from_days(streams, first, last) if streams else {})
    totals = defaultdict(float, _stored(streams, rules, first, known))
    if known < last:
        for key, amount in from_days(streams, known + timedelta(days=1), last).items():
            totals[key] += amount
    return _by_commune(streams, totals)


def monthly_by_commune_from_readings(first: date, last: date) -> list[Row]:
    """The same, never from rollups: the engine adds up every reading of whole months (those of first and last).

    What a sum of values can't say (counters, devices with a factor, what is still in the journal) goes by days.
    """
    streams = _counted()
    rules = rules_for(streams)
    plain = {n: rule for n, rule in rules.items() if rule.kind != "counter" and not rule.served}
    end = (last.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    if rollups.unsealed_from() is not None:
        plain = {}
    totals = _added_up(plain, first.replace(day=1), end) if plain else {}
    others = [stream for stream in streams if stream.pk not in plain]
    if others:
        totals |= from_days(others, first.replace(day=1), end)
    return _by_commune(streams, totals)


def _counted() -> list[Datastream]:
    return list(Datastream.objects.exclude(kind="gauge").exclude(thing__commune=None).select_related("thing"))


def _by_commune(streams: list[Datastream], totals: Totals) -> list[Row]:
    names = {stream.pk: (str(stream.thing.commune_id), stream.observed_property) for stream in streams}
    found: dict[tuple[str, str, str], float] = defaultdict(float)
    for (number, month), amount in totals.items():
        if number in names:
            found[*names[number], month] += amount
    return [(*key, amount) for key, amount in sorted(found.items())]


def _stored(streams: list[Datastream], rules: dict[int, Rule], first: date, last: date) -> Totals:
    """From the rollups; days made by a rule that isn't a datastream's any more are computed again."""
    files = rollups.current().files
    paths = [path for month, path in files.items() if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}"]
    if not paths:
        return {}
    listed = engine.file_list([str(rollups.folder() / path) for path in paths])
    columns = (
        engine.reader()
        .execute(
            "SELECT datastream, month, rule, sum(amount) AS amount FROM"
            f" read_parquet({listed}, hive_partitioning = true, hive_types_autocast = false)"
            f" WHERE day BETWEEN DATE '{first}' AND DATE '{last}' AND NOT isnan(amount) GROUP BY ALL"
        )
        .fetchall()
    )
    obsolete = {n for n, _month, rule, _amount in columns if n in rules and rules[n].digest != rule}
    totals = {(n, str(month)): amount for n, month, _rule, amount in columns if n not in obsolete}
    again = [stream for stream in streams if stream.pk in obsolete]
    return totals | from_days(again, first, last) if again else totals


def from_days(streams: list[Datastream], first: date, last: date) -> Totals:
    """Days computed from the readings, added up by month."""
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    months, which = np.unique(days.astype("datetime64[M]"), return_inverse=True)
    totals: Totals = {}
    for number, columns in compute.computed(rules_for(streams), first, last).items():
        known = np.isfinite(columns["amount"])
        amounts = np.bincount(which[known], weights=columns["amount"][known], minlength=len(months))
        for i in np.unique(which[known]).tolist():
            totals[number, str(months[i])] = float(amounts[i])
    return totals


def _added_up(rules: dict[int, Rule], first: date, last: date) -> Totals:
    low, high = micros(paris_midnight(first)), micros(paris_midnight(last + timedelta(days=1)))
    now = archive.snapshot()
    by_month: dict[str, list[Part]] = defaultdict(list)
    for part in now.parts:
        if part.times[1] > low and part.times[0] - part.longest * 1_000_000 < high:
            by_month[part.month].append(part)
    totals: dict[tuple[int, str], float] = defaultdict(float)
    for month, files in sorted(by_month.items()):
        for number, of, amount in _month(month, now.rows_of(files), max(p.longest for p in files), rules):
            totals[number, of] += amount
    return {key: amount for key, amount in totals.items() if f"{first:%Y-%m}" <= key[1] <= f"{last:%Y-%m}"}


def _month(month: str, rows: str, longest: int, rules: dict[int, Rule]) -> list[tuple[int, str, float]]:
    """Amounts of the readings of one UTC month, by Paris month: this one, the next, and for long intervals others."""
    begins = date(int(month[:4]), int(month[5:]), 1)
    following = (begins + timedelta(days=32)).replace(day=1)
    bounds = [micros(paris_midnight(day)) for day in (begins, following)]
    # Only what ends soon after a bound can cross it.
    near = " OR ".join(
        f"time BETWEEN make_timestamptz({b}) AND make_timestamptz({b + longest * 10**6})" for b in bounds
    )
    across = f"({near}) AND (" + " OR ".join(
        f"(time > make_timestamptz({b}) AND time - to_seconds(length) < make_timestamptz({b}))" for b in bounds
    ) + ")"  # fmt: skip
    con = engine.reader()
    con.execute(
        "SELECT datastream, sum(value), sum(value * length) / 3600,"
        f" sum(value) FILTER (time > make_timestamptz({bounds[1]})),"
        f" sum(value * length) FILTER (time > make_timestamptz({bounds[1]})) / 3600 FROM ({rows}) GROUP BY 1"
    )
    found: list[tuple[int, str, float]] = []
    for number, value, product, late_value, late_product in con.fetchall():
        if rule := rules.get(number):
            whole, late = (product, late_product) if rule.is_rate else (value, late_value)
            found.append((number, month, (whole - (late or 0.0)) * rule.factor))
            if late:
                found.append((number, f"{following:%Y-%m}", late * rule.factor))
    con.execute(f"SELECT datastream, epoch_us(time), length, value FROM ({rows}) WHERE {across}")
    for number, end, length, value in con.fetchall():
        if rule := rules.get(number):
            amount = value * (length / 3600 if rule.is_rate else 1.0) * rule.factor
            late = end > bounds[1]
            found.append((number, f"{following:%Y-%m}" if late else month, -amount))
            found += [(number, of, share) for of, share in _split(end, length, amount)]
    return found


def _split(end: int, length: int, amount: float) -> list[tuple[str, float]]:
    """One interval's amount over the Paris months that it touches, pro rata."""
    stop = np.array([end], "datetime64[us]")
    start = stop - np.array([length], "timedelta64[s]")
    month = np.datetime64(start[0], "M").astype(date)
    edges = [month]
    while micros(paris_midnight(edges[-1])) < end:
        edges.append((edges[-1] + timedelta(days=32)).replace(day=1))
    bounds = np.array([micros(paris_midnight(edge)) for edge in edges], "datetime64[us]")
    shares = spread(start, stop, np.array([amount]), bounds)
    return [(f"{edge:%Y-%m}", share) for edge, share in zip(edges, shares.tolist(), strict=False) if share]
