"""What a file was taken for (`Proposal`) and what became of it (`Report`), for people and for scripts."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from mitoyen.connect.options import MappingSpec, Question
from mitoyen.ledger.refusal import Ground

LINES_SHOWN = 100
LINES_TOLD = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """Lines that share what is wrong with them: how many, the first ones, and the first one's own words."""

    code: str
    count: int
    lines: tuple[int, ...]
    example: str


def reasons_of(grounds: Iterable[Ground], count: int) -> Reason | None:
    """One reason for grounds of one sort, `count` in all; None when there are none to show."""
    listed = list(grounds)
    if not listed:
        return None
    lines = tuple(ground.line for ground in listed[:LINES_TOLD] if ground.line)
    return Reason(listed[0].code, max(count, len(listed)), lines, listed[0].message)


@dataclass(frozen=True, slots=True)
class Taken:
    """One fact settled, and by what: an option, an answer, a mapping, the file itself, or evidence in it."""

    what: str
    value: str
    basis: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class ColumnView:
    name: str
    role: str
    property: str = ""
    unit: str = ""
    kind: str = ""
    thing: str = ""


@dataclass(slots=True)
class DatastreamView:
    """One datastream as found in the file. `first`, `last`: its stamps; `starts`, `ends`: the time they cover (UTC).

    `total` is in `total_unit` (kWh for energy, m3 for volumes), None for gauges and while a question is open;
    `energy_kwh` is the total of an energy, None for what is none.
    `missing`: stamps without a value. `coverage`: share of the time between `starts` and `ends` that readings cover.
    """

    name: str
    thing: str
    property: str
    unit: str
    kind: str
    count: int
    missing: int
    first: str | None
    last: str | None
    starts: str | None
    ends: str | None
    step_s: int | None
    steps: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    gap_count: int
    total: float | None
    total_unit: str | None
    energy_kwh: float | None
    minimum: float | None
    maximum: float | None
    mean: float | None
    coverage: float | None
    new: bool = True


@dataclass(slots=True)
class Proposal:
    """What the file was taken for; `questions` is what is left to say before it can be imported."""

    file: str
    size: int
    sha256: str
    format: str
    encoding: str
    delimiter: str
    decimal: str
    dates: str
    header: list[str]
    preamble: list[list[str]]
    columns: list[ColumnView]
    ignored: list[str]
    tz: str
    stamps: str
    step_s: int | None
    taken: list[Taken]
    questions: list[Question]
    datastreams: list[DatastreamView]
    sample: list[list[str]]
    signature: str
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """The import as `--json` prints it. `status`: ready (dry run), imported, unchanged, refused."""

    proposal: Proposal
    dry_run: bool
    rows: int = 0
    readings: int = 0
    accepted: int = 0
    duplicates: int = 0
    missing: int = 0
    blank_lines: int = 0
    refused: list[Ground] = field(default_factory=list)
    refused_count: int = 0
    blocking: int = 0
    reasons: list[Reason] = field(default_factory=list)
    conflicts: int = 0
    batch: int | None = None
    status: str = "ready"
    message: str = ""
    next_step: str = ""
    code: str = ""
    learnt: MappingSpec = field(default_factory=MappingSpec)

    def to_json(self) -> dict[str, Any]:
        """Plain data, keys in English and stable (docs/import.md lists them)."""
        proposal = self.proposal
        return {
            "status": self.status,
            "file": proposal.file,
            "size": proposal.size,
            "sha256": proposal.sha256,
            "format": proposal.format,
            "encoding": proposal.encoding,
            "delimiter": proposal.delimiter,
            "decimal": proposal.decimal,
            "dates": proposal.dates,
            "signature": proposal.signature,
            "columns": [asdict(column) for column in proposal.columns],
            "ignored_columns": proposal.ignored,
            "tz": proposal.tz,
            "stamps": proposal.stamps,
            "step_s": proposal.step_s,
            "dry_run": self.dry_run,
            "rows": self.rows,
            "readings": self.readings,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "missing": self.missing,
            "blank_lines": self.blank_lines,
            "refused": [{"line": g.line, "reason": g.message, "code": g.code} for g in self.refused],
            "refused_count": self.refused_count,
            "blocking": self.blocking,
            "reasons": [asdict(reason) for reason in self.reasons],
            "conflicts": self.conflicts,
            "batch": self.batch,
            "datastreams": [asdict(view) for view in proposal.datastreams],
            "taken": [asdict(fact) for fact in proposal.taken],
            "questions": [asdict(question) for question in proposal.questions],
            "notes": proposal.notes,
            "message": self.message,
            "next_step": self.next_step,
            "code": self.code,
        }


def iso(microseconds: int) -> str:
    """2024-03-31T01:30:00Z, with a fraction only where there is one."""
    text = datetime.fromtimestamp(microseconds // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = microseconds % 1_000_000
    return f"{text}.{fraction:06d}Z" if fraction else f"{text}Z"
