"""The archive: one Delta Lake table of observations, partitioned by UTC month, written by one process at a time."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import starmap
from operator import attrgetter
from pathlib import Path
from typing import Any

from deltalake import CommitProperties, DeltaTable, Field, PostCommitHookProperties, Schema, Transaction
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.history import faults
from mitoyen.history.engine import file_list
from mitoyen.history.times import micros
from mitoyen.ledger.refusal import Refused

LOCK_WAIT_S = 120.0
_TYPES = {
    "datastream": "integer", "time": "timestamp", "length": "integer", "value": "double", "quality": "byte",
    "batch": "integer", "month": "string",
}  # fmt: skip
SCHEMA = Schema([Field(name, PrimitiveType(kind), nullable=False) for name, kind in _TYPES.items()])
# Old versions stay readable: nothing is forgotten by itself (see compaction.forget).
CONFIGURATION: dict[str, str | None] = {
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.deletedFileRetentionDuration": "interval 30 days",
    "delta.checkpointInterval": "50",
}
NO_ROWS = (
    "SELECT NULL::INTEGER AS datastream, NULL::TIMESTAMPTZ AS time, NULL::INTEGER AS length, NULL::DOUBLE AS value,"
    " NULL::TINYINT AS quality, NULL::INTEGER AS batch WHERE false"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file and its statistics. Times are µs since 1970, UTC; bounds are included."""

    path: str
    month: str
    size: int
    rows: int
    datastreams: tuple[int, int]
    times: tuple[int, int]
    batches: tuple[int, int]
    longest: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The table's files at one version. `root` is the folder that their paths start from."""

    root: Path
    version: int
    parts: tuple[Part, ...]

    def meeting(
        self, datastreams: tuple[int, int] | None = None, times: tuple[int, int] | None = None, batch: int | None = None
    ) -> list[Part]:
        """Files that may hold rows of these datastreams, with times in these bounds, of this batch."""
        return [
            part
            for part in self.parts
            if (datastreams is None or _meet(part.datastreams, datastreams))
            and (times is None or _meet(part.times, times))
            and (batch is None or part.batches[0] <= batch <= part.batches[1])
        ]

    def rows_of(self, parts: Iterable[Part], *, filename: bool = False) -> str:
        """SQL for the rows of these files: datastream, time (TIMESTAMPTZ), length, value, quality, batch."""
        paths = [str(self.root / part.path) for part in parts]
        if not paths:
            return f"SELECT *{', NULL::VARCHAR AS filename' if filename else ''} FROM ({NO_ROWS})"
        options = ", filename = true" if filename else ""
        names = "datastream, time, length, value, quality, batch" + (", filename" if filename else "")
        return f"SELECT {names} FROM read_parquet({file_list(paths)}, hive_partitioning = false{options})"


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


_opened: dict[str, Snapshot] = {}


def folder() -> Path:
    return Path(settings.MITOYEN_HOME) / "archive"


def snapshot() -> Snapshot:
    """The archive's files now. Cached: a new version is noticed by one look at the log's next file."""
    root = folder()
    opened = _opened.get(str(root))
    if opened and not _log_file(root, opened.version + 1).exists() and made(root):
        return opened
    return _open(root)


def _open(root: Path) -> Snapshot:
    if not made(root):
        _opened.pop(str(root), None)
        return Snapshot(root, -1, ())
    found = _snapshot_of(root, DeltaTable(str(root)))
    _opened.clear()
    _opened[str(root)] = found
    return found


def at_version(version: int) -> Snapshot:
    """The files of a past version. Raises Refused when it can't be read any more."""
    root = folder()
    if version < 0:
        return Snapshot(root, -1, ())
    table = DeltaTable(str(root), version=version)
    return _snapshot_of(root, table)


def transaction_known(name: str) -> bool:
    """Whether a commit carrying this application transaction is in the table, read from the log itself."""
    root = folder()
    return made(root) and DeltaTable(str(root)).transaction_version(name) is not None


def made(root: Path) -> bool:
    """Whether a Delta table is there: the folder of its log alone may be what a full disk left."""
    return _log_file(root, 0).exists()


def _log_file(root: Path, version: int) -> Path:
    return root / "_delta_log" / f"{version:020d}.json"


def _snapshot_of(root: Path, table: DeltaTable) -> Snapshot:
    actions = table.get_add_actions(flatten=True)
    if actions.num_rows == 0:
        return Snapshot(root, table.version(), ())

    def column(name: str) -> list[Any]:
        return list(actions.column(name).to_pylist())

    def bounds(name: str) -> list[tuple[Any, Any]]:
        return list(zip(column(f"min.{name}"), column(f"max.{name}"), strict=True))

    times = [(micros(low), micros(high)) for low, high in bounds("time")]
    told = [column(name) for name in ("path", "partition.month", "size_bytes", "num_records")]
    rest = bounds("datastream"), times, bounds("batch"), column("max.length")
    parts = tuple(sorted(starmap(Part, zip(*told, *rest, strict=True)), key=attrgetter("path")))
    return Snapshot(root, table.version(), parts)


@contextmanager
def writing(wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold the one writer's lock. Raises Refused when another writer keeps it longer than `wait_s` seconds."""
    file = Path(settings.MITOYEN_HOME) / "archive.lock"
    with faults.storage():
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        _wait_for(descriptor, wait_s)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                message = _("Another import or correction is being written.")
                raise Refused(message, _("Try again in a minute: nothing was changed."), code="busy") from None
            time.sleep(0.02)
        else:
            return


def commit(name: str, added: Sequence[Part], removed: Sequence[Part] = (), **metadata: Any) -> int:
    """One Delta transaction: these files (already under the archive's folder) come, those go. Returns the version.

    `name` is kept as an application transaction, the truth after a crash. The writer's lock must be held.
    Durable when it returns: files, folders and the log's entry are flushed to the disk.
    """
    root = folder()
    with faults.storage():
        table = _table(root)
        flush([root / part.path for part in added])
        now = int(datetime.now(UTC).timestamp() * 1000)
        actions: list[AddAction | RemoveAction] = [_add(part, now) for part in added]
        actions += [RemoveAction(p.path, True, now, p.size, {"month": p.month}) for p in removed]
        properties = CommitProperties(
            custom_metadata={"mitoyen": json.dumps({"transaction": name, **metadata})},
            max_commit_retries=0,
            app_transactions=[Transaction(name, 1, now)],
        )
        hooks = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
        table.create_write_transaction(
            actions, "append", SCHEMA, ["month"], commit_properties=properties, post_commithook_properties=hooks
        )
        version = _open(root).version
        flush([_log_file(root, version)])
    return version


def _table(root: Path) -> DeltaTable:
    if made(root):
        return DeltaTable(str(root))
    root.mkdir(exist_ok=True)
    return DeltaTable.create(str(root), SCHEMA, partition_by=["month"], configuration=CONFIGURATION)


def _add(part: Part, now: int) -> AddAction:
    low, high = (_iso(moment) for moment in part.times)
    stats = {
        "numRecords": part.rows,
        "minValues": {"datastream": part.datastreams[0], "time": low, "batch": part.batches[0]},
        "maxValues": {
            "datastream": part.datastreams[1], "time": high, "batch": part.batches[1], "length": part.longest,
        },
        "nullCount": dict.fromkeys(("datastream", "time", "length", "value", "quality", "batch"), 0),
    }  # fmt: skip
    return AddAction(part.path, part.size, {"month": part.month}, now, True, json.dumps(stats))


def _iso(micros: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def flush(files: Sequence[Path]) -> None:
    """Have the disk keep these files and their folders' entries."""
    for path in [*files, *{file.parent for file in files}]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def file_name(month: str, label: str) -> str:
    """A new file's path under the archive: its partition's folder, then who wrote it."""
    return f"month={month}/{label}-{uuid.uuid4().hex[:12]}.parquet"


def only_compacted(since: int, until: int) -> bool:
    """Whether every commit after version `since`, up to `until`, left the rows as they were."""
    if since < 0:
        return False
    table = DeltaTable(str(folder()), version=until)
    entries = [entry for entry in table.history(until - since) if entry["version"] > since]
    names = [json.loads(entry.get("mitoyen", "{}")).get("transaction", "") for entry in entries]
    return all(name.startswith("compact:") for name in names)
