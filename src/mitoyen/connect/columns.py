"""Which column is what: time, meter, values; by what was said, by headers, by content. What stays open is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from django.utils.translation import gettext as _

from mitoyen.connect import distributor, stamps
from mitoyen.connect.decimals import looks_like_number
from mitoyen.connect.headers import (
    WEATHER,
    HeaderSays,
    is_meter,
    kind_of_unit,
    names_end,
    names_start,
    read_header,
    unit_code,
)
from mitoyen.connect.layout import NAMELESS, Layout
from mitoyen.connect.options import KINDS, ROLES, ColumnSpec, Options, Question
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.register import slug_from
from mitoyen.territory.spelling import plain

_STAMP_NAMES = ("horodate", "datetime", "timestamp", "date", "time", "horodatage", "date et heure", "date_time",
                "date heure")  # fmt: skip
_NOT_VALUES = ("id", "_id", "rang", "ligne", "no", "n°", "numero", "index ligne", "pas", "pas en minutes", "annee",
               "year", "mois", "month", "jour", "day", "heure", "hour", "qualite", "quality", "length_s", "batch",
               "batch_id", "indice de vraisemblance")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """One column of readings. `thing` is empty for a long table, where the meter's column names it."""

    index: int
    header: str
    property: str = ""
    unit: str = ""
    kind: str = ""
    thing: str = ""
    unit_from: str = ""
    kind_from: str = ""
    says_index: bool = False


@dataclass(slots=True)
class Columns:
    """Roles of the columns, by index. `times`: one column, or date then time of day, or start then end ("span")."""

    times: tuple[int, ...] = ()
    mode: str = "one"
    meter: int | None = None
    values: list[ValueColumn] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    export: distributor.Export | None = None


def find_columns(layout: Layout, options: Options) -> Columns:
    """Give each column its role. Raises Refused when a column named in the options doesn't exist."""
    _check_names(layout, options)
    found = Columns(export=distributor.recognise(layout))
    kinds = [_content(layout, index) for index in range(len(layout.names))]
    _find_times(layout, options, kinds, found)
    _find_meter(layout, options, kinds, found)
    _find_values(layout, options, kinds, found)
    taken = {*found.times, *(value.index for value in found.values)} | (
        {found.meter} if found.meter is not None else set()
    )
    found.ignored = [name for index, name in enumerate(layout.names) if index not in taken and layout.column(index)]
    return found


def _check_names(layout: Layout, options: Options) -> None:
    said = dict(options.mapping.columns) if options.mapping else {}
    for name, spec in (said | options.columns).items():
        if name not in layout.names:
            raise Refused(
                _("The file has no column named “%(name)s”.") % {"name": name[:80]},
                _("Its columns: %(names)s.") % {"names": ", ".join(layout.names)[:400]},
                code="unknown_column",
            )
        if spec.role not in ROLES:
            raise Refused(
                _("“%(role)s” is not a role of a column.") % {"role": spec.role},
                _("Roles: %(roles)s.") % {"roles": ", ".join(ROLES)},
                code="unknown_role",
            )


def _content(layout: Layout, index: int) -> str:
    """ "day", "stamp", "clock", "epoch", "number", "text" or "empty": what nearly all of the sample's cells are."""
    cells = layout.column(index)
    if not cells:
        return "empty"
    enough = 0.8 * len(cells)
    if sum(map(stamps.looks_like_day, cells)) >= enough:
        return "day"
    if sum(map(stamps.looks_like_stamp, cells)) >= enough:
        return "stamp"
    if sum(map(stamps.looks_like_epoch, cells)) >= enough:
        return "epoch"
    numbers = sum(map(looks_like_number, cells))
    clocks = sum(map(stamps.looks_like_clock, cells))
    if clocks >= enough and clocks > numbers:
        return "clock"
    # Texts such as "NA" may stand in for many readings: half of the cells make a column of numbers.
    return "number" if numbers >= 0.5 * len(cells) else "text"


def _with_role(layout: Layout, options: Options, role: str) -> list[int]:
    return [i for i, name in enumerate(layout.names) if (spec := options.column(name)) and spec.role == role]


def _find_times(layout: Layout, options: Options, kinds: list[str], found: Columns) -> None:
    said = {role: _with_role(layout, options, role) for role in ("stamp", "date", "time", "start", "end")}
    for mode, roles in (("one", ("stamp",)), ("two", ("date", "time")), ("span", ("start", "end"))):
        if all(said[role] for role in roles):
            found.times, found.mode = tuple(said[role][0] for role in roles), mode
            return
    ignored = set(_with_role(layout, options, "ignore"))
    dated = [i for i, kind in enumerate(kinds) if kind in ("day", "stamp") and i not in ignored]
    varying = said["date"] or [i for i in dated if _varies(layout, i)] or dated
    clocks = [i for i, kind in enumerate(kinds) if kind == "clock" and i not in ignored]
    starts = [i for i in varying if names_start(layout.names[i])]
    ends = [i for i in varying if names_end(layout.names[i])]
    if len(varying) == 1 and kinds[varying[0]] == "day" and len(clocks) == 1:
        found.times, found.mode = (varying[0], clocks[0]), "two"
    elif len(varying) == 2 and len(starts) == 1 and len(ends) == 1 and starts != ends:
        found.times, found.mode = (starts[0], ends[0]), "span"
    elif varying:
        found.times = (_one_of(layout, options, varying, found),)
    else:
        epochs = [i for i, kind in enumerate(kinds) if kind == "epoch"]
        words = ("time", "date", "ts", "epoch", "horo")
        named = [i for i in epochs if any(word in plain(layout.names[i]) for word in words)]
        if not epochs:
            raise Refused(_("No column of dates was found."), code="no_time_column")
        found.times = ((named or epochs)[0],)


def _one_of(layout: Layout, options: Options, varying: list[int], found: Columns) -> int:
    """The column of times among several: the one answered, or the only one with a usual name; else it is asked."""
    reply = options.answers.get("stamp_column")
    named = [i for i in varying if plain(layout.names[i]) in _STAMP_NAMES]
    chosen = [i for i in varying if reply and layout.names[i] == reply] or named
    if len(varying) == 1 or len(chosen) == 1:
        return (chosen if len(chosen) == 1 else varying)[0]
    names = tuple(layout.names[i] for i in varying)
    text = _("Several columns hold dates. Which one is the time of the readings?")
    found.questions.append(Question("stamp_column", text, names, names[0], f'--column "{names[0]}=stamp"'))
    return varying[0]


def _varies(layout: Layout, index: int) -> bool:
    return len(set(layout.column(index))) > 1


def _find_meter(layout: Layout, options: Options, kinds: list[str], found: Columns) -> None:
    said = _with_role(layout, options, "meter")
    if said:
        found.meter = said[0]
        return
    free = [i for i, kind in enumerate(kinds) if i not in found.times and kind in ("text", "number", "epoch")]
    free = [i for i in free if options.column(layout.names[i]) is None and _varies(layout, i)]
    named = [i for i in free if is_meter(layout.names[i]) and not read_header(layout.names[i]).unit]
    named = [i for i in named if kinds[i] == "text" or _is_identifier(layout, i)]
    texts = [i for i in free if kinds[i] == "text"]
    if len(named) == 1:
        found.meter = named[0]
    elif not named and len(texts) == 1 and _tells_apart(layout, found.times, texts[0]):
        found.meter = texts[0]
    elif len(named) > 1:
        reply = options.answers.get("meter_column")
        answered = [i for i in named if reply and layout.names[i] == reply]
        separate = answered or [i for i in named if _tells_apart(layout, found.times, i)]
        found.meter = (separate or named)[0]
        if len(separate) != 1:
            names = tuple(layout.names[i] for i in named)
            found.questions.append(
                Question(
                    "meter_column", _("Which column names the meter?"), names, names[0], f'--column "{names[0]}=meter"'
                )
            )


def _is_identifier(layout: Layout, index: int) -> bool:
    """Whole numbers that come back: each names a meter, not an amount."""
    cells = layout.column(index)
    return all(cell.isdigit() for cell in cells) and len(set(cells)) <= len(cells) / 2


def _tells_apart(layout: Layout, times: tuple[int, ...], index: int) -> bool:
    """Whether times repeat in the sample but never with the same text in this column."""

    def key(row: Sequence[str]) -> tuple[str, ...]:
        return tuple(row[i] if i < len(row) else "" for i in times)

    rows = [row for row in layout.sample if index < len(row) and any(key(row))]
    alone = {key(row) for row in rows}
    together = {(*key(row), row[index]) for row in rows}
    return len(alone) < len(rows) and len(together) > len(alone)


def _find_values(layout: Layout, options: Options, kinds: list[str], found: Columns) -> None:
    names = layout.names
    said = _with_role(layout, options, "value")
    if found.export and not said:
        export = found.export
        index = names.index(export.column)
        unit, kind = options.unit or export.unit, options.kind or export.kind
        prop = options.observed_property or export.property
        base = ValueColumn(index, export.column, prop, unit, kind, options.thing, "format", "format")
        found.values = [base]
        return
    free = [i for i, kind in enumerate(kinds) if i not in found.times and i != found.meter and kind == "number"]
    if said:
        candidates = said
    else:
        candidates = [
            i for i in free if plain(names[i]) not in _NOT_VALUES and not _is_row_number(layout, i)
            and not (is_meter(names[i]) and _is_identifier(layout, i) and not read_header(names[i]).unit)
        ]  # fmt: skip
    headers = {i: read_header(names[i]) for i in candidates}
    chosen, as_meters = candidates, False
    if not said and len(candidates) > 1:
        chosen, as_meters = _choose(candidates, headers, options, found, names)
    found.values = [_value(layout, options, i, headers[i], as_meters) for i in chosen]
    if not found.values and not found.questions:
        raise Refused(_("No column of numbers was found beside the dates."), code="no_values")


def _is_row_number(layout: Layout, index: int) -> bool:
    """A nameless column that counts the rows, as some exports write."""
    cells = layout.column(index)[:50]
    if not all(cell.isdigit() for cell in cells) or len(cells) < 3:
        return False
    numbers = [int(cell) for cell in cells]
    nameless = layout.names[index].startswith(NAMELESS)
    return nameless and layout.has_header and all(b - a == 1 for a, b in pairwise(numbers))


def _choose(
    candidates: list[int], headers: dict[int, HeaderSays], options: Options, found: Columns, names: tuple[str, ...],
) -> tuple[list[int], bool]:  # fmt: skip
    """Which of several columns of numbers are taken, and whether each stands for a meter of its own."""
    reply = options.answers.get("columns", "")
    if reply:
        return _picked(candidates, names, reply), reply == "meters"
    wanted = options.observed_property or (options.mapping.property if options.mapping else "")
    matching = [i for i in candidates if wanted and headers[i].property == wanted]
    known = [i for i in candidates if headers[i].property and headers[i].unit]
    distinct = len({headers[i].property for i in known}) == len(known)
    weather = all(headers[i].property in WEATHER for i in known)
    if len(matching) == 1:
        return matching, False
    if known and not wanted and distinct and (len(known) == len(candidates) or weather):
        return known, False
    if wanted and not options.thing and (not known or not distinct):
        return candidates, True
    listed = tuple(names[i] for i in candidates)
    found.questions.append(
        Question(
            "columns",
            _("Several columns hold numbers. Which ones are readings, and of what?"),
            ("meters", *listed),
            None,
            f'--column "{listed[0]}=temperature:Cel"',
            _("Columns: %(names)s.") % {"names": ", ".join(listed)[:400]},
        )
    )
    return [], False


def _picked(candidates: list[int], names: tuple[str, ...], reply: str) -> list[int]:
    """The columns that a reply names; a name may hold a comma. Raises Refused when it names what is none of them."""
    listed = [names[i] for i in candidates]
    if reply == "meters":
        return candidates
    if reply in listed:
        return [candidates[listed.index(reply)]]
    picked = [part.strip() for part in reply.split(",")]
    unknown = next((name for name in picked if name not in listed), None)
    if unknown is not None:
        raise Refused(
            _("“%(name)s” is not a column of numbers.") % {"name": unknown[:80]},
            _("Columns: %(names)s.") % {"names": ", ".join(listed)[:400]},
            code="unknown_column",
        )
    return [i for i in candidates if names[i] in picked]


def _value(layout: Layout, options: Options, index: int, says: HeaderSays, as_meters: bool) -> ValueColumn:
    name = layout.names[index]
    spec = options.column(name) or ColumnSpec()
    row_unit = unit_code(layout.units[index].strip("[]()")) if index < len(layout.units) else ""
    prop = spec.property or options.observed_property or says.property
    prop = prop or (options.said("property") or ("", "option"))[0]
    unit, unit_from = _first(
        (unit_code(spec.unit) or spec.unit, "mapping"), (options.unit, "option"), (says.unit, "file"),
        (row_unit, "file"), ((options.said("unit") or ("", ""))[0], "answer"),
    )  # fmt: skip
    if unit:
        from mitoyen.history.units import ucum

        unit = ucum(unit)
    kind, kind_from = _first(
        (spec.kind, "mapping"), (options.kind, "option"), ((options.said("kind") or ("", ""))[0], "answer")
    )
    if not kind and kind_of_unit(unit) in ("gauge", "power"):
        kind, kind_from = kind_of_unit(unit), "evidence"
    if kind and kind not in KINDS:
        raise Refused(
            _("The kind “%(kind)s” is not known.") % {"kind": kind[:40]},
            _("Known kinds: %(known)s.") % {"known": ", ".join(KINDS)},
            code="unknown_kind",
        )
    thing = spec.thing
    if as_meters and not thing:
        own = slug_from(says.name)
        thing = f"{options.thing}-{own}" if options.thing else own
    column = ValueColumn(index, name, prop, unit, kind, thing or options.thing, unit_from, kind_from, says.index)
    return replace(column, property=column.property.strip().lower())


def _first(*pairs: tuple[str, str]) -> tuple[str, str]:
    return next(((value, basis) for value, basis in pairs if value), ("", ""))
