"""Daily rollups, a Delta table partitioned by Paris month: always a function of the archive and the datastreams' rules.

Each commit says which version of the archive it reflects, each row by which rule it was made: there is no other state.
"""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from deltalake import CommitProperties, DeltaTable, Field, PostCommitHookProperties, Schema
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction
from django.conf import settings
from numpy.typing import NDArray

from mitoyen.history import archive, compute, engine, faults, journal
from mitoyen.history.daily import GAUGE_HOLDS, NAMES, empty
from mitoyen.history.models import Datastream
from mitoyen.history.rules import Rule, rules_for
from mitoyen.history.times import PARIS

Columns = dict[str, NDArray[Any]]
Span = tuple[date, date]
Changes = dict[str, dict[int, Span]]
_LOOK_BACK = 8
_VALUES = ("amount", "mean", "minimum", "maximum", "covered_s")
_TYPES = {
    "datastream": "integer", "day": "date", **dict.fromkeys(_VALUES, "double"), "count": "integer", "zeros": "integer",
    "rule": "long", "month": "string",
}  # fmt: skip
SCHEMA = Schema([Field(name, PrimitiveType(kind), nullable=False) for name, kind in _TYPES.items()])
_NAMES = [name for name in _TYPES if name != "month"]
_KINDS = {
    "datastream": np.int32, "day": np.int32, **dict.fromkeys(_VALUES, np.float64), "count": np.int32,
    "zeros": np.int32, "rule": np.int64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """The rollups at one version: `reflects` is the archive's version, `files` the path of each Paris month, `hashes`
    the SHA-256 that each file had when it was written."""

    version: int
    reflects: int
    files: dict[str, str]
    hashes: dict[str, str]


_cached: dict[str, Stored] = {}
_put_off = ContextVar("put_off", default=False)


def folder() -> Path:
    return Path(settings.MITOYEN_HOME) / "rollups"


def current() -> Stored:
    """The rollups as they are. Cached until the log has a next file."""
    root = folder()
    known = _cached.get(str(root))
    log = root / "_delta_log"
    if (
        known
        and (log / f"{known.version:020d}.json").exists()
        and not (log / f"{known.version + 1:020d}.json").exists()
    ):
        return known
    if not archive.made(root):
        return Stored(-1, -1, {}, {})
    table = DeltaTable(str(root))
    paths = [os.path.relpath(uri.removeprefix("file://"), root) for uri in table.file_uris()]
    said = _said(table)
    _cached.clear()
    files = {path.split("/")[0].removeprefix("month="): path for path in paths}
    found = Stored(table.version(), int(said.get("reflects", -1)), files, said.get("sha256", {}))
    _cached[str(root)] = found
    return found


def _said(table: DeltaTable) -> dict[str, Any]:
    """What our last commit said of itself; the removal of old files adds entries of its own after it."""
    for entries in (table.history(_LOOK_BACK), table.history()):
        for entry in entries:
            if "mitoyen" in entry:
                return dict(json.loads(entry["mitoyen"]))
    return {}


def altered() -> list[str]:
    """Paths of the files that are not there as they were written."""
    now = current()
    return [path for _month, path in sorted(now.files.items()) if sha256(folder() / path) != now.hashes.get(path)]


def sha256(file: Path) -> str:
    """In hexadecimal; empty for a file that is not there."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def fresh() -> bool:
    """Whether the rollups reflect the archive as it is."""
    return current().reflects == archive.snapshot().version


def stored(rules: dict[int, Rule], first: date, last: date) -> tuple[dict[int, Columns], list[int]]:
    """Days of the archive's readings from the rollups, contiguous, by datastream; and those that must be computed."""
    if not rules or not fresh():
        return {}, list(rules)
    now = current()
    months = [path for month, path in now.files.items() if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}"]
    if not months:
        return {}, []
    numbers = sorted(rules)
    paths = engine.file_list([str(folder() / path) for path in months])
    columns = engine.fetch(
        engine.reader(),
        f"SELECT datastream, datediff('day', DATE '{first}', day)::INTEGER AS at, {', '.join(_VALUES)}, count, zeros,"
        f" rule FROM read_parquet({paths}, hive_partitioning = false) WHERE {engine.among(numbers)}"
        f" AND day BETWEEN DATE '{first}' AND DATE '{last}' ORDER BY datastream, day",
    )
    return _split(columns, rules, (last - first).days + 1)


def _split(columns: Columns, rules: dict[int, Rule], days: int) -> tuple[dict[int, Columns], list[int]]:
    found: dict[int, Columns] = {}
    missing: list[int] = []
    numbers, heads = np.unique(columns["datastream"], return_index=True)
    tails = [*heads[1:], len(columns["at"])] if len(heads) else []
    for number, head, tail in zip(numbers.tolist(), heads, tails, strict=True):
        if (columns["rule"][head:tail] != rules[number].digest).any():
            missing.append(number)
            continue
        found[number] = empty(days)
        for name in NAMES:
            found[number][name][columns["at"][head:tail]] = columns[name][head:tail]
    return found, missing


def unsealed_from(rules: Iterable[Rule] = ()) -> date | None:
    """The first Paris day that readings still in the journal may touch; None when the journal is empty.

    A counter's first reading in the journal reaches back to its last one in the archive.
    """
    extent = journal.extent()
    if extent is None:
        return None
    earliest = extent[0] - journal.longest() * 1_000_000
    counters = [rule.datastream for rule in rules if rule.kind == "counter"]
    if counters:
        earliest = min(earliest, *compute.neighbours(sorted(counters), extent[0] - 1, before=True))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=earliest)
    return moment.astimezone(PARIS).date() - timedelta(days=1)


@contextmanager
def put_off() -> Iterator[None]:
    """Refresh once, at the end, what several commits in a row would each refresh: the days computed are the same."""
    token = _put_off.set(True)
    try:
        yield
    finally:
        _put_off.reset(token)
        refresh()


def refresh() -> None:
    """Bring the rollups up to the archive's version: the days that changed of each datastream, in one commit."""
    if _put_off.get() or not archive.made(archive.folder()):
        return
    with archive.writing(), faults.storage():
        now, had = archive.snapshot(), current()
        rules = rules_for(Datastream.objects.all())
        changes = _changed(had, now, rules)
        if had.reflects == now.version and not changes:
            return
        added: list[AddAction | RemoveAction] = []
        for month in sorted(changes):
            added += _month(month, rules, changes[month], had)
        _commit(added, now.version, had)


def _changed(had: Stored, now: archive.Snapshot, rules: dict[int, Rule]) -> Changes:
    """Paris month -> datastreams, each with the first and last day in it that may differ from the stored ones."""
    changes: Changes = {}
    before = archive.at_version(had.reflects) if had.reflects != now.version else now
    old, new = {part.path: part for part in before.parts}, {part.path: part for part in now.parts}
    if had.reflects != now.version and not archive.only_compacted(had.reflects, now.version):
        for path in old.keys() ^ new.keys():
            _touched(new.get(path) or old[path], now.root, rules, changes)
    for month, number in _of_other_rules(had, rules):
        changes.setdefault(month, {})[number] = _days_of(month)
    return changes


def _touched(part: archive.Part, root: Path, rules: dict[int, Rule], changes: Changes) -> None:
    first, last = part.times[0] - part.longest * 1_000_000, part.times[1]
    if (root / part.path).exists():
        query = f"SELECT DISTINCT datastream FROM read_parquet({engine.quoted(root / part.path)})"
        numbers = {row[0] for row in engine.reader().execute(query).fetchall()}
    else:
        numbers = {number for number in rules if part.datastreams[0] <= number <= part.datastreams[1]}
    counters = sorted(number for number in numbers if number in rules and rules[number].kind == "counter")
    gauges = {number for number in numbers if number in rules and rules[number].kind == "gauge"}
    holds = int(GAUGE_HOLDS.astype(np.int64))
    _add(changes, numbers.difference(counters, gauges), first, last)
    # A gauge holds from the reading before, and the reading after holds from it (six hours, after a longer gap).
    _add(changes, gauges, first - holds, last + holds)
    for number, after in compute.nearest(sorted(gauges), last + holds, before=False, waiting=False):
        _add(changes, {number}, after - holds, after)
    if counters:
        low, high = (
            min(compute.neighbours(counters, first - 1, before=True)),
            max(compute.neighbours(counters, last, before=False)),
        )
        _add(changes, set(counters), low, high, whole=True)


def _add(changes: Changes, numbers: set[int], first: int, last: int, *, whole: bool = False) -> None:
    """Note the days from `first` to `last` (µs), or the whole months that they lie in."""
    if not numbers:
        return
    low, high = (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=t)).astimezone(PARIS).date() for t in (first, last)
    )
    for count in range(low.year * 12 + low.month - 1, high.year * 12 + high.month):
        month = f"{count // 12:04d}-{count % 12 + 1:02d}"
        begins, ends = _days_of(month)
        span = (begins, ends) if whole else (max(low, begins), min(high, ends))
        known = changes.setdefault(month, {})
        for number in numbers:
            had = known.get(number, span)
            known[number] = min(had[0], span[0]), max(had[1], span[1])


def _days_of(month: str) -> tuple[date, date]:
    first = date(int(month[:4]), int(month[5:]), 1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _of_other_rules(had: Stored, rules: dict[int, Rule]) -> list[tuple[str, int]]:
    """Months and datastreams whose rows were made by a rule that isn't the datastream's any more."""
    if not had.files:
        return []
    paths = engine.file_list([str(folder() / path) for path in had.files.values()])
    rows = (
        engine.reader()
        .execute(
            f"SELECT DISTINCT month, datastream, rule FROM read_parquet({paths}, hive_partitioning = true,"
            " hive_types_autocast = false)"
        )
        .fetchall()
    )
    return [(str(month), n) for month, n, rule in rows if n not in rules or rules[n].digest != rule]


def _month(month: str, rules: dict[int, Rule], changed: dict[int, Span], had: Stored) -> list[AddAction | RemoveAction]:
    """Write one Paris month again, with the days that changed of each datastream computed anew."""
    root, path = folder(), f"month={month}/r-{uuid.uuid4().hex[:12]}.parquet"
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    actions: list[AddAction | RemoveAction] = []
    now = int(time.time() * 1000)
    with engine.connected() as con:
        con.register("made", _made(rules, changed))
        # The engine reads a nan of numpy's as NULL.
        shown = {name: f"coalesce({name}, 'nan'::DOUBLE) AS {name}" for name in _VALUES}
        shown["day"] = "DATE '1970-01-01' + day AS day"
        query = f"SELECT {', '.join(shown.get(name, name) for name in _NAMES)} FROM made"
        if month in had.files:
            old = root / had.files[month]
            con.register("gone", _spans(changed))
            query += (
                f" UNION ALL SELECT {', '.join(_NAMES)} FROM"
                f" read_parquet({engine.quoted(old)}, hive_partitioning = false) o WHERE NOT EXISTS (FROM gone g"
                " WHERE g.datastream = o.datastream AND o.day BETWEEN DATE '1970-01-01' + g.first"
                " AND DATE '1970-01-01' + g.last)"
            )
            actions.append(RemoveAction(had.files[month], True, now, old.stat().st_size, {"month": month}))
        con.execute(
            f"COPY (SELECT * FROM ({query}) ORDER BY datastream, day) TO {engine.quoted(root / path)}"
            " (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 20480)"
        )
        row = con.execute(f"SELECT count(*) FROM read_parquet({engine.quoted(root / path)})").fetchall()[0]
    if row[0] == 0:
        (root / path).unlink()
        return actions
    stats = json.dumps({"numRecords": row[0]})
    return [*actions, AddAction(path, (root / path).stat().st_size, {"month": month}, now, True, stats)]


def _made(rules: dict[int, Rule], changed: dict[int, Span]) -> Columns:
    """Rows of the days that changed, from the archive alone."""
    by_span: dict[Span, dict[int, Rule]] = {}
    for number, span in changed.items():
        if number in rules:
            by_span.setdefault(span, {})[number] = rules[number]
    parts: dict[str, list[NDArray[Any]]] = {name: [np.empty(0, kind)] for name, kind in _KINDS.items()}
    for (first, last), chosen in by_span.items():
        days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
        for block in compute.blocks(chosen, first, last, waiting=False):
            for name, column in _rows(block, rules, days).items():
                parts[name].append(column)
    return {name: np.concatenate(got) for name, got in parts.items()}


def _spans(changed: dict[int, Span]) -> Columns:
    numbers = sorted(changed)
    first, last = (np.array([changed[n][i] for n in numbers], "datetime64[D]").astype(np.int32) for i in (0, 1))
    return {"datastream": np.array(numbers, np.int32), "first": first, "last": last}


def _rows(block: compute.Block, rules: dict[int, Rule], days: NDArray[np.datetime64]) -> Columns:
    """Computed days as rows; days without anything are left out."""
    owner, at = np.nonzero((block.columns["count"] > 0) | (block.columns["covered_s"] > 0))
    digests = np.array([rules[number].digest for number in block.numbers.tolist()], np.int64)
    keys: Columns = {"datastream": block.numbers[owner], "day": days[at].astype(np.int32), "rule": digests[owner]}
    return keys | {name: block.columns[name][owner, at] for name in NAMES}


def _commit(actions: list[AddAction | RemoveAction], reflects: int, had: Stored) -> None:
    root = folder()
    root.mkdir(exist_ok=True)
    if not archive.made(root):
        DeltaTable.create(
            str(root), SCHEMA, partition_by=["month"],
            configuration={"delta.deletedFileRetentionDuration": "interval 0 days"},
        )  # fmt: skip
    table = DeltaTable(str(root))
    made = [action.path for action in actions if isinstance(action, AddAction)]
    archive.flush([root / path for path in made])
    gone = {action.path for action in actions if isinstance(action, RemoveAction)}
    hashes = {path: had.hashes.get(path, "") for path in had.files.values() if path not in gone}
    hashes |= {path: sha256(root / path) for path in made}
    said = json.dumps({"reflects": reflects, "sha256": hashes})
    properties = CommitProperties(custom_metadata={"mitoyen": said}, max_commit_retries=0)
    hooks = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
    table.create_write_transaction(
        actions, "append", SCHEMA, ["month"], commit_properties=properties, post_commithook_properties=hooks
    )


def monthly_by_commune(first: date, last: date) -> list[tuple[str, str, str, float]]:
    """See `monthly.monthly_by_commune`."""
    from mitoyen.history import monthly

    return monthly.monthly_by_commune(first, last)
