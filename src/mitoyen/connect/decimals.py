"""Numbers as people write them: which mark is the decimal one, by evidence; an SQL expression for a whole column."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PLAIN = re.compile(r"^[+-]?\d+$")
_ONE_MARK = re.compile(r"^[+-]?(\d+)([.,])(\d*)(?:[eE][+-]?\d+)?$")
_BARE_FRACTION = re.compile(r"^[+-]?[.,]\d+$")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(?:([ \u00a0\u202f'’.,])\d{3})(?:\1\d{3})*(?:([.,])\d+)?$")
_EXPONENT = re.compile(r"^[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+$")


@dataclass(frozen=True, slots=True)
class NumberForm:
    """`decimal` is "." or ","; "" while only whole numbers were seen. `grouping`: marks between thousands.

    `ambiguous`: every mark seen stands before exactly three digits ("1.234"), so it may be either.
    """

    decimal: str
    grouping: str = ""
    ambiguous: str = ""


def looks_like_number(text: str) -> bool:
    return bool(
        _PLAIN.match(text) or _ONE_MARK.match(text) or _BARE_FRACTION.match(text) or _GROUPED.match(text)
        or _EXPONENT.match(text)
    )  # fmt: skip


def form_of(texts: Iterable[str]) -> NumberForm:
    """What a sample of numbers shows. Marks that settle it: "12,5", "0.123", "1234.567", "1.234,5", "1.234.567"."""
    decimal, doubtful = "", ""
    grouping = set()
    longest_plain = 0
    for text in texts:
        if _PLAIN.match(text):
            longest_plain = max(longest_plain, len(text.lstrip("+-")))
            continue
        single = _ONE_MARK.match(text)
        if single:
            whole, mark, fraction = single.groups()
            if len(fraction) != 3 or len(whole) > 3 or whole.startswith("0"):
                decimal = decimal or mark
            else:
                doubtful = doubtful or mark
            continue
        if _BARE_FRACTION.match(text):
            decimal = decimal or text.lstrip("+-")[0]
            continue
        grouped = _GROUPED.match(text)
        if grouped:
            grouping.add(grouped[1])
            decimal = decimal or grouped[2] or ""
    marks = "".join(sorted(grouping - {decimal}))
    if decimal or not doubtful:
        return NumberForm(decimal, marks)
    if doubtful in grouping:
        return NumberForm("." if doubtful == "," else ",", doubtful)
    if longest_plain > 3 and not grouping:
        return NumberForm(doubtful)
    return NumberForm("", marks, ambiguous=doubtful)


def sql_number(text_sql: str, form: NumberForm) -> str:
    """SQL giving a DOUBLE, NULL for what isn't a number of this form: the other mark is never read as a decimal one."""
    source = text_sql
    if form.grouping:
        inside = re.escape(form.grouping).replace("'", "''")
        pattern = f"^[+-]?[0-9]{{1,3}}([{inside}][0-9]{{3}})+([.,][0-9]*)?$"
        removed = source
        for mark in form.grouping:
            removed = f"replace({removed}, '{mark.replace(chr(39), chr(39) * 2)}', '')"
        source = f"CASE WHEN regexp_matches({source}, '{pattern}') THEN {removed} ELSE {source} END"
    plain = f"replace(replace({source}, '.', '?'), ',', '.')" if form.decimal == "," else source
    return f"TRY_CAST({plain} AS DOUBLE)"
