"""Whether a codec says what its author expects."""

import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext as _

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Numbers are the same within a millionth: authors round what they write down."""


def difference(expected: object, found: object, where: str = "data", *, is_lenient: bool = False) -> str | None:
    """The first difference, as a phrase; None when there is none.

    The same are: a field that is null, not a number, or missing; two ways to write a time after ISO 8601. Where
    `is_lenient`, also a number and a text that writes it, be it with the comma that JSON would have there.
    """
    same = _nearly_same if is_lenient else _same
    return next(_differences(_plain(expected), found, where, same), None)


def _differences(expected: Any, found: Any, where: str, same: Callable[[object, object], bool]) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        names = {str(name): value for name, value in expected.items()}
        for name in sorted(names.keys() | found.keys()):
            yield from _differences(_plain(names.get(name)), found.get(name), f"{where}.{name}", same)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for at, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(_plain(one), other, f"{where}[{at}]", same)
    elif not same(expected, found):
        told = {"where": where, "expected": _short(expected), "found": _short(found)}
        yield _("%(where)s: %(expected)s expected, %(found)s found") % told


def _same(expected: object, found: object) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float) and isinstance(found, int | float):
        try:
            return math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        except OverflowError:  # A whole number that no JavaScript gives.
            return False
    if isinstance(expected, str) and isinstance(found, str):
        return expected == found or (_instant(expected) == _instant(found) is not None)
    return type(expected) is type(found) and expected == found


def _nearly_same(expected: object, found: object) -> bool:
    return _same(expected, found) or _same(_number(expected), _number(found))


def _number(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return float(value.strip().removesuffix(","))
    except ValueError:
        return value


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, dt.date) else value


def _instant(text: str) -> dt.datetime | None:
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def _short(value: object) -> str:
    if value is None:
        return _("nothing")
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
