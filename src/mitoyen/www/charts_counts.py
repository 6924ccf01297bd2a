"""Counts: bars across, hours of the week, squares of the ground. None is a count too small to be shown: an outline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.www.charts_frame import NARROW, WIDE, Frame, Table, figure, text
from mitoyen.www.numbers import number

CLASSES = 5
LEGEND = 34


@dataclass(frozen=True, slots=True)
class Square:
    """A square of a grid, counted from the top left."""

    column: int
    row: int
    count: int | None


def across(title: str, bars: Sequence[tuple[str, int | None]], table: Table, says: str = "") -> SafeString:
    """A bar for each (label, count), the label above it, the count beside it."""
    height = 44 * len(bars) + 8
    most = max([count or 0 for _label, count in bars], default=0) or 1

    def draw(frame: Frame) -> str:
        parts = []
        for at, (label, count) in enumerate(bars):
            y = 44 * at + 16
            length = (frame.width - 110) * (count or 0) / most
            parts.append(text(0, y, label))
            if count is None:
                parts.append(f'<rect class="c-few" x="0.5" y="{y + 6.5}" width="8" height="12"/>')
            else:
                parts.append(f'<rect class="c-bar" x="0" y="{y + 6}" width="{max(length, 1):.1f}" height="13"/>')
            parts.append(text(round(max(length, 9)) + 8, y + 17, shown(count), kind="c-strong"))
        return "".join(parts)

    return figure(title, draw, says or title, table, (Frame(WIDE.width, height), Frame(NARROW.width, height)))


def week(title: str, counts: Sequence[Sequence[int | None]], table: Table, says: str = "") -> SafeString:
    """Seven rows of 24 hours, Monday first, the darker the more."""
    squares = [
        Square(hour, day, count) for day, hours in enumerate(counts) for hour, count in enumerate(hours) if count != 0
    ]
    limits = class_limits([square.count for square in squares])

    def draw(frame: Frame) -> str:
        left = 34 if frame.narrow else 90
        wide, high = (frame.width - left) / 24, 26
        parts = [_squares(squares, limits, (left, 20), (wide, high))]
        for day in range(7):
            name = str(WEEKDAYS[day])
            parts.append(text(0, 20 + high * day + 18, name[:3] if frame.narrow else name))
        parts += [text(round(left + wide * hour), 13, f"{hour}") for hour in range(0, 24, 6 if frame.narrow else 3)]
        return "".join([*parts, _legend(limits, 20 + 7 * high + 10, frame)])

    height = 20 + 7 * 26 + 10 + LEGEND
    return figure(title, draw, says or title, table, (Frame(760, height), Frame(340, height + 20)))


def density(title: str, squares: Sequence[Square], size: tuple[int, int], table: Table, says: str = "") -> SafeString:
    """Squares of the ground, north up; `size` is the grid's (columns, rows)."""
    limits = class_limits([square.count for square in squares])

    def framed(frame: Frame) -> Frame:
        side = min(frame.width / size[0], 480 / size[1])
        return Frame(frame.width, round(side * size[1]) + LEGEND + (24 if frame.narrow else 4))

    def draw(frame: Frame) -> str:
        side = min(frame.width / size[0], 480 / size[1])
        return _squares(squares, limits, (0, 0), (side, side)) + _legend(limits, round(side * size[1]) + 6, frame)

    return figure(title, draw, says or title, table, (framed(WIDE), framed(NARROW)))


def shown(count: int | None) -> str:
    """A count, or that it is too small to be shown."""
    return _("fewer than 5") if count is None else number(count)


def class_limits(counts: Iterable[int | None]) -> list[int]:
    """Lower limits of at most five classes with about as many squares each, on rounded numbers."""
    known = sorted(count for count in counts if count)
    if not known:
        return []
    raw = [known[len(known) * at // CLASSES] for at in range(CLASSES)]
    return sorted({_rounded(value) for value in raw} | {min(_rounded(known[0]), known[0])})


def _rounded(value: int) -> int:
    """Down to one significant figure from 10 up, to a five or a whole below."""
    power = 10 ** (len(str(value)) - 1)
    return value if value < 10 else value // power * power


def _class(count: int, limits: Sequence[int]) -> int:
    return sum(count >= limit for limit in limits) + CLASSES - len(limits)


def _squares(
    squares: Sequence[Square], limits: Sequence[int], origin: tuple[float, float], size: tuple[float, float]
) -> str:
    """One path a class, so that a thousand squares weigh little."""
    paths: dict[str, list[str]] = {}
    wide, high = size[0] - 1, size[1] - 1
    for square in squares:
        kind = "c-few" if square.count is None else f"c-d{_class(square.count, limits)}"
        x, y = origin[0] + size[0] * square.column, origin[1] + size[1] * square.row
        paths.setdefault(kind, []).append(f"M{x:.1f} {y:.1f}h{wide:.1f}v{high:.1f}h{-wide:.1f}z")
    return "".join(f'<path class="{kind}" d="{"".join(drawn)}"/>' for kind, drawn in sorted(paths.items()))


def _legend(limits: Sequence[int], y: int, frame: Frame) -> str:
    entries = [("c-few", _("fewer than 5"))]
    for at, low in enumerate(limits):
        last = at + 1 == len(limits)
        label = _("%(low)s and more") % {"low": number(low)} if last else _between(low, limits[at + 1] - 1)
        entries.append((f"c-d{_class(low, limits)}", label))
    wide = frame.width // (3 if frame.narrow else len(entries))
    parts = []
    for at, (kind, label) in enumerate(entries):
        row, column = divmod(at, 3) if frame.narrow else (0, at)
        x, top = column * wide + 1, y + 22 * row
        parts.append(f'<rect class="{kind}" x="{x}" y="{top}" width="14" height="14"/>')
        parts.append(text(x + 20, top + 12, label))
    return "".join(parts)


def _between(low: int, high: int) -> str:
    return number(low) if low == high else f"{number(low)}–{number(high)}"
