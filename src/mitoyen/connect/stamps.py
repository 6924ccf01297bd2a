"""Dates and times as people write them: recognised in samples, turned into an SQL expression for the whole column."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_TIME = (
    r"(?P<h>\d{1,2})(?P<ts>[:.hH])(?P<m>\d{2})(?:(?P<ss>[:.mM])(?P<s>\d{2})(?P<f>[.,]\d{1,9})?)?(?P<ap> ?[AaPp][Mm])?"
)
_OFFSET = r"(?P<z> ?(?:Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
_DAY = (
    r"(?:(?P<y4>\d{4})(?P<s1>[-/.])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<s2>[-/.])(?P<b>\d{1,2})(?P=s2)(?P<y>\d{4}|\d{2}))"
)
_STAMP = re.compile(rf"^{_DAY}(?:(?P<j>[ T]|, ?| - ){_TIME}{_OFFSET})?$")
_CLOCK = re.compile(rf"^{_TIME}$")
_COMPACT = re.compile(r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?P<j>[ T]?)(?P<t>\d{4}|\d{6})?$")
_MONTH = re.compile(r"^(?:(?P<ym>(?:19|20)\d{2}-(?:0[1-9]|1[0-2]))|(?P<my>(?:0[1-9]|1[0-2])/(?:19|20)\d{2}))$")
_FIELDS = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.]")
_EPOCH = re.compile(r"^1[0-9]{9}(?:[0-9]{3})?(?:\.0)?$")


@dataclass(frozen=True, slots=True)
class StampForm:
    """How a column writes its times. `formats` are strptime's; `{o}` stands for the order of day and month while open.

    `offset`: each stamp carries its offset to UTC ("Z" or +02:00). `day_only`, `month_only`: no time of day.
    """

    formats: tuple[str, ...]
    numeric_order: bool = False
    offset: bool = False
    day_only: bool = False
    month_only: bool = False
    epoch: int = 0
    hour_24: bool = False


def looks_like_stamp(text: str) -> bool:
    return bool(_dated(text) or _COMPACT.match(text) or _MONTH.match(text))


def _dated(text: str) -> "re.Match[str] | None":
    """The parts of a date that can be one: « 18.00.00 » is a time of day, not the 18th of nothing."""
    found = _STAMP.match(text)
    if found and found["a"]:
        a, b = int(found["a"]), int(found["b"])
        return found if 1 <= min(a, b) <= 12 and max(a, b) <= 31 else None
    if found and not (1 <= int(found["m1"]) <= 12 and 1 <= int(found["d1"]) <= 31):
        return None
    return found


def looks_like_epoch(text: str) -> bool:
    return bool(_EPOCH.match(text))


def looks_like_day(text: str) -> bool:
    found = _dated(text)
    return bool(found and not found["j"]) or bool((c := _COMPACT.match(text)) and not c["t"])


def looks_like_clock(text: str) -> bool:
    return bool(_CLOCK.match(text))


def form_of(texts: Iterable[str]) -> StampForm | None:
    """The form of a sample of stamps (date and time in one text), None when they are no stamps at all."""
    formats: Counter[str] = Counter()
    offsets = days = months = total = epochs = 0
    numeric = hour_24 = False
    length = 10
    for text in texts:
        total += 1
        if _EPOCH.match(text):
            epochs += 1
            length = len(text.partition(".")[0])
            continue
        shape = _shape(text)
        if shape is None:
            continue
        form, has_offset, kind = shape
        formats[form] += 1
        offsets += has_offset
        days += kind == "day"
        months += kind == "month"
        numeric |= "{o}" in form
        hour_24 |= bool(re.search(r"[ T]24[:.hH]00", text))
    if epochs and epochs >= 0.5 * total:
        return StampForm((), offset=True, epoch=length)
    known = sum(formats.values())
    if not known or known < 0.5 * total:
        return None
    has_offset = offsets > known / 2
    kept = [form for form, _count in formats.most_common() if ("%z" in form or form.endswith("Z")) == has_offset]
    if has_offset:
        # DuckDB can't mix forms with an offset and forms with a literal Z in one list.
        kept = [form for form in kept if form.endswith("Z") == kept[0].endswith("Z")]
    # A whole second is often written without its fraction, here and there in a file that has them.
    kept += [bare for form in kept if (bare := re.sub("[.,]%f", "", form)) not in kept]
    return StampForm(
        tuple(dict.fromkeys(kept[:8])),
        numeric_order=numeric,
        offset=has_offset,
        day_only=days == known,
        month_only=months == known,
        hour_24=hour_24,
    )


def _shape(text: str) -> tuple[str, bool, str] | None:
    month = _MONTH.match(text)
    if month:
        return ("%Y-%m" if month["ym"] else "%m/%Y"), False, "month"
    compact = _COMPACT.match(text)
    if compact:
        clock = {None: "", 4: "%H%M", 6: "%H%M%S"}[len(compact["t"]) if compact["t"] else None]
        return "%Y%m%d" + (compact["j"] or "") + clock, False, "stamp" if clock else "day"
    found = _dated(text)
    if not found:
        return None
    if found["y4"]:
        day = f"%Y{found['s1']}%m{found['s1']}%d"
    else:
        year = "%Y" if len(found["y"]) == 4 else "%y"
        day = "{o}".replace("{o}", f"{{o}}{found['s2']}{year}")
    if not found["j"]:
        return day, False, "day"
    zone = (found["z"] or "").strip()
    clock = _clock_format(found)
    ending = "" if not zone else ("Z" if zone == "Z" else " UTC" if zone == "UTC" else "%z")
    if zone == "UTC":
        return f"{day}{found['j']}{clock} UTCZ", True, "stamp"
    space = " " if zone and found["z"].startswith(" ") else ""
    return f"{day}{found['j']}{clock}{space}{ending}", bool(zone), "stamp"


def _clock_format(found: "re.Match[str]") -> str:
    hour = "%I" if found["ap"] else "%H"
    clock = f"{hour}{found['ts']}%M"
    if found["s"]:
        clock += f"{found['ss']}%S"
    if found["f"]:
        clock += f"{found['f'][0]}%f"
    if found["ap"]:
        clock += (" " if found["ap"].startswith(" ") else "") + "%p"
    return clock


def clock_formats(texts: Iterable[str]) -> tuple[str, ...]:
    """strptime formats of a sample of times of day, most frequent first."""
    found = Counter(_clock_format(match) for text in texts if (match := _CLOCK.match(text)))
    return tuple(form for form, _count in found.most_common(6))


def with_order(form: str, order: str) -> str:
    """Put day and month in the order said ("dmy" or "mdy")."""
    found = re.search(r"\{o\}(.)", form)
    if not found:
        return form
    first, second = ("%d", "%m") if order == "dmy" else ("%m", "%d")
    return form.replace("{o}", f"{first}{found[1]}{second}")


def sql_time(text_sql: str, form: StampForm, order: str) -> str:
    """SQL giving a TIMESTAMP from `text_sql`: UTC when the form carries an offset, local as written otherwise.

    NULL for what isn't a time of this form. The session's time zone must be UTC.
    """
    if form.epoch:
        divisor = 1 if form.epoch == 10 else 1000
        number = f"TRY_CAST({text_sql} AS DOUBLE)"
        micros = f"make_timestamp(TRY_CAST(round({number} / {divisor} * 1000000) AS BIGINT))"
        return f"CASE WHEN {number} / {divisor} BETWEEN 0 AND 99999999999 THEN {micros} END"
    formats = [with_order(item, order).replace(" UTCZ", " UTC") for item in form.formats]
    listed = ", ".join("'" + item.replace("'", "''") + "'" for item in formats)
    source = text_sql
    if form.hour_24:
        source = f"regexp_replace({text_sql}, '([ T])24([:.hH]00)', '\\100\\2')"
    parsed = f"try_strptime({source}, [{listed}])" if len(formats) > 1 else f"try_strptime({source}, {listed})"
    if form.offset:
        parsed = f"CAST({parsed} AS TIMESTAMP)"
    if form.hour_24:
        late = f"regexp_matches({text_sql}, '[ T]24[:.hH]00')"
        parsed = f"CASE WHEN {late} THEN {parsed} + INTERVAL 1 DAY ELSE {parsed} END"
    return parsed


def order_of(texts: Iterable[str]) -> str:
    """The order of day and month where a sample settles it: one number above 12, the other never; else empty."""
    parts = [found.groups() for text in texts if (found := _FIELDS.match(text))]
    first = max((int(a) for a, _b in parts), default=0)
    second = max((int(b) for _a, b in parts), default=0)
    if (first > 12) == (second > 12):
        return ""
    return "dmy" if first > 12 else "mdy"


def sql_fields(text_sql: str) -> tuple[str, str]:
    """SQL of the two numbers before the year in dd/mm/yyyy or mm/dd/yyyy."""
    pattern = "^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]"
    first, second = (f"TRY_CAST(regexp_extract({text_sql}, '{pattern}', {group}) AS INTEGER)" for group in (1, 2))
    return first, second
