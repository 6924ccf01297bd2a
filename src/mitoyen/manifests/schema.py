"""What a usage declares: the public schema of `manifest.toml` (docs/usages.md explains each key).

A package that only uses this schema and the `mitoyen.usages` entry point may carry any licence.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
MonthDay = Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Hour = Annotated[int, Meta(ge=0, le=24)]
Version = Annotated[str, Meta(pattern=r"^\d+(\.\d+){0,2}$")]
Kind = Literal["gauge", "counter", "delta", "power"]
Axis = Literal["environment", "ethics", "security", "money"]
Method = Literal["closed_hours", "out_of_season", "night_floor", "guard", "code"]
AlertMethod = Literal["threshold", "rate", "missing", "stuck", "compared", "code"]
Level = Literal["notice", "warning", "danger"]
Purpose = Literal["energy", "lighting", "water", "waste", "mobility", "air", "flood", "planting"]
Reader = Literal["agents", "contractor", "everyone"]
Together = Literal["thing", "part_of", "commune", "territory"]


class Attribute(Struct, forbid_unknown_fields=True):
    """One attribute of a kind of thing, e.g. a floor area."""

    name: Slug
    type: Literal["number", "text", "opening_hours"]
    unit: str = ""
    required: bool = False
    choices: list[Slug] = []


class ThingKind(Struct, forbid_unknown_fields=True):
    """A kind of thing that the usage knows; `part_of` names the kinds that may carry it."""

    name: Slug
    part_of: list[Slug] = []
    attributes: list[Attribute] = []


class Stream(Struct, forbid_unknown_fields=True):
    """One observed property: its canonical unit (UCUM), the kinds of datastream allowed, what carries it."""

    property: Slug
    unit: str
    kinds: Annotated[list[Kind], Meta(min_length=1)]
    on: Annotated[list[Slug], Meta(min_length=1)]


class Indicator(Struct, forbid_unknown_fields=True):
    """A year's amount of one property divided by one attribute, compared in the group of the same `group_by`."""

    name: Slug
    property: Slug
    per: Slug
    unit: str
    group_by: Slug
    smallest_group: Annotated[int, Meta(ge=3)] = 5


class Season(Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """From one day of the year to another, both included; may run over New Year."""

    first: MonthDay
    last: MonthDay


class Hours(Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """Local hours of the day: from (included) to (excluded); may run over midnight."""

    first: Hour
    last: Hour


class Rule(Struct, forbid_unknown_fields=True):
    """What makes a finding: a method, the properties it looks at, its thresholds, when it looks."""

    name: Slug
    method: Method
    properties: Annotated[list[Slug], Meta(min_length=1)]
    thresholds: dict[Slug, float] = {}
    season: Season | None = None
    hours: Hours | None = None
    except_uses: list[Slug] = []
    reasons: list[Slug] = []
    months: Annotated[int, Meta(ge=1, le=36)] = 12
    code: str = ""


class AlertRule(Struct, forbid_unknown_fields=True):
    """What opens an alert: a method, the properties it looks at, its thresholds, how long it must last.

    `averaging_minutes` is the mean that a threshold speaks of; `together` is what a method of code sees at once;
    `days` of readings it looks back; `every_minutes` it runs again. With `remembers`, days are counted back from when
    an open alert's fault began, so that a fault that lasts is not taken for what is usual.
    """

    name: Slug
    method: AlertMethod
    properties: Annotated[list[Slug], Meta(min_length=1)]
    kinds: list[Slug] = []
    level: Level = "warning"
    thresholds: dict[Slug, float] = {}
    minutes: Annotated[int, Meta(ge=0, le=10_080)] = 0
    averaging_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 0
    season: Season | None = None
    hours: Hours | None = None
    together: Together = "thing"
    days: Annotated[int, Meta(ge=1, le=400)] = 2
    remembers: bool = False
    every_minutes: Annotated[int, Meta(ge=1, le=10_080)] = 60
    escalate_minutes: Annotated[int, Meta(ge=0, le=100_000)] = 0
    code: str = ""


class Benefit(Struct, forbid_unknown_fields=True):
    """What the usage is good for, on which axis of the balance sheet, and the indicator that tells."""

    name: Slug
    axis: Axis
    indicator: Slug | None = None


class Equipment(Struct, forbid_unknown_fields=True):
    """One line of the footprint inventory: what the usage itself needs for each thing of a kind."""

    name: Slug
    each: Slug
    quantity: Annotated[float, Meta(gt=0)]
    lifetime_years: Annotated[float, Meta(gt=0)]
    power_w: Annotated[float, Meta(ge=0)]
    source: str


class Show(Struct, forbid_unknown_fields=True):
    """Figures that the usage shows for each commune: `code` makes them from the readings of the last `days`.

    `numbers` and the `columns` of a table are the names of what it answers; each has its text.
    """

    name: Slug
    code: str
    properties: Annotated[list[Slug], Meta(min_length=1)]
    numbers: Annotated[list[Slug], Meta(min_length=1)]
    columns: list[Slug] = []
    kinds: list[Slug] = []
    together: Together = "part_of"
    days: Annotated[int, Meta(ge=1, le=400)] = 30


class Label(Struct, forbid_unknown_fields=True):
    """What is told, on a label beside a kind of thing, of what it measures; texts say it in plain words.

    `purpose` chooses the pictogram; `seen_by` who sees single readings; `kept_days` how long these are kept;
    `contact` whom to ask, the installation's own contact without it.
    """

    kind: Slug
    purpose: Purpose
    measures: Annotated[list[Slug], Meta(min_length=1)]
    seen_by: Annotated[list[Reader], Meta(min_length=1)]
    kept_days: Annotated[int, Meta(ge=1, le=36_525)]
    personal_data: Literal["none", "some"] = "none"
    contact: str = ""


class UsageManifest(Struct, forbid_unknown_fields=True):
    """A whole usage. `core_from` (included) to `core_below` (excluded): versions of Mitoyen it fits."""

    name: Slug
    version: Version
    licence: str
    core_from: Version
    core_below: Version
    kinds: Annotated[list[ThingKind], Meta(min_length=1)]
    datastreams: Annotated[list[Stream], Meta(min_length=1)]
    indicators: list[Indicator] = []
    rules: list[Rule] = []
    alerts: list[AlertRule] = []
    shows: list[Show] = []
    benefits: list[Benefit] = []
    footprint: list[Equipment] = []
    labels: list[Label] = []
