"""What the person says about a file (`Options`, `MappingSpec`) and what is left to ask (`Question`)."""

from dataclasses import dataclass, field
from typing import Literal

ROLES = ("value", "stamp", "date", "time", "start", "end", "meter", "ignore")
KINDS = ("delta", "counter", "power", "gauge")
STAMPS = ("start", "end")
DATE_ORDERS = ("dmy", "mdy")

# What a settled fact rests on, in order of precedence.
Basis = Literal["option", "answer", "mapping", "file", "evidence", "format"]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What one column is: its `role`, and for a value its property, unit (any spelling), kind and thing."""

    role: str = "value"
    property: str = ""
    unit: str = ""
    kind: str = ""
    thing: str = ""


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """Answers kept for the next file of a sort. The thing of a one-meter file is the file's own: never kept."""

    property: str = ""
    unit: str = ""
    kind: str = ""
    tz: str = ""
    stamps: str = ""
    decimal: str = ""
    dates: str = ""
    missing: tuple[str, ...] | None = None
    step: str = ""
    sheet: str = ""
    columns: dict[str, ColumnSpec] = field(default_factory=dict)
    meters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. Empty text means "not said"; `answers` holds replies to questions by their code.

    `missing`: texts that stand for "no value" (None: not said; empty: none does). `step`: length of an interval, as
    "30min", "1h", "1d". `sheet`: of a workbook. `columns`: by header. `origin`: real, generated or sample, of a thing
    made on the way.
    """

    thing: str = ""
    observed_property: str = ""
    unit: str = ""
    kind: str = ""
    tz: str = ""
    stamps: str = ""
    decimal: str = ""
    dates: str = ""
    step: str = ""
    sheet: str = ""
    missing: tuple[str, ...] | None = None
    columns: dict[str, ColumnSpec] = field(default_factory=dict)
    mapping: MappingSpec | None = None
    commune: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    correct: bool = False
    why: str = ""
    origin: str = "real"
    skip_bad_lines: bool = False
    source: str = ""

    def said(self, code: str) -> tuple[str, Basis] | None:
        """The reply to the question `code` and what it rests on; None when nobody said."""
        name = {"property": "observed_property"}.get(code, code)
        value = getattr(self, name, "")
        if isinstance(value, str) and value:
            return value, "option"
        if self.answers.get(code):
            return self.answers[code], "answer"
        kept = getattr(self.mapping, code, "") if self.mapping else ""
        return (kept, "mapping") if isinstance(kept, str) and kept else None

    def declared_missing(self) -> tuple[str, ...] | None:
        """Texts that stand for "no value", or None when nobody said."""
        if self.missing is not None:
            return self.missing
        if "missing" in self.answers:
            said = self.answers["missing"].strip()
            return () if said.lower() in ("none", "aucune", "") else tuple(part.strip() for part in said.split(","))
        return self.mapping.missing if self.mapping else None

    def column(self, header: str) -> ColumnSpec | None:
        """What was said about one column."""
        if header in self.columns:
            return self.columns[header]
        return self.mapping.columns.get(header) if self.mapping else None


@dataclass(frozen=True, slots=True)
class Question:
    """Something the file leaves open. `code` is also the key of `Options.answers`; `option` answers it in a script.

    `choices` is empty for a free text. `default` is the likelier answer, to be confirmed, never taken by itself.
    """

    code: str
    text: str
    choices: tuple[str, ...] = ()
    default: str | None = None
    option: str = ""
    evidence: str = ""
