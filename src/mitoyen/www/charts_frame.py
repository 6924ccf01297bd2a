"""What every chart shares: its frame, its axes, its figure with a table."""

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from django.utils.dates import MONTHS_3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from mitoyen.www.numbers import number


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawing's size and the margins of its plot, in px."""

    width: int
    height: int
    left: int = 56
    right: int = 16
    top: int = 40
    bottom: int = 28

    @property
    def plot_right(self) -> int:
        return self.width - self.right

    @property
    def plot_bottom(self) -> int:
        return self.height - self.bottom

    @property
    def narrow(self) -> bool:
        return self.width < 500


WIDE = Frame(760, 300, right=128)
NARROW = Frame(340, 270, left=54, top=68, right=8)


@dataclass(frozen=True, slots=True)
class Table:
    """The values under a chart: `heads` name the columns, the first column heads its row."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round values (1, 2, 2.5 or 5 times a power of ten) that cover low..high, about `about` steps."""
    if high - low < max(1e-6, 1e-9 * abs(low)):
        high = low + max(1.0, 1e-3 * abs(low))
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(step * i, 10) for i in range(first, last + 1)]


def text(x: float, y: float, words: str, *, anchor: str = "", kind: str = "") -> str:
    """One `<text>`, its words escaped."""
    extra = (f' text-anchor="{anchor}"' if anchor else "") + (f' class="{kind}"' if kind else "")
    return f'<text x="{x:g}" y="{y:g}"{extra}>{escape(words)}</text>'


def points(xs: Sequence[float], ys: Sequence[float]) -> str:
    """`x,y x,y …` at a tenth of a px."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))


def y_axis(frame: Frame, at: Sequence[float], y: Callable[[float], float], unit: str) -> str:
    """Grid lines with their values; the unit once, above them."""
    digits = 0 if all(float(v).is_integer() for v in at) else 1 if all(float(v * 10).is_integer() for v in at) else 2
    parts = []
    for value in at:
        kind = "c-zero" if value == 0 else "c-grid"
        parts.append(f'<path class="{kind}" d="M{frame.left} {y(value):.1f}H{frame.plot_right}"/>')
        parts.append(text(frame.left - 6, round(y(value) + 4), number(value, digits), anchor="end"))
    parts.append(text(0, frame.top - 14, unit))
    return "".join(parts)


def month_marks(first: dt.date, last: dt.date, most: int) -> list[tuple[dt.date, str]]:
    """At most about `most` firsts of a month between two days, each with its label; January bears the year."""
    months = []
    year, month = first.year, first.month
    while dt.date(year, month, 1) <= last:
        months.append(dt.date(year, month, 1))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if len(months) / s <= most), 120)
    chosen = [m for m in months if (m.year * 12 + m.month - 1) % step == 0 and m >= first]
    return [(m, str(m.year) if m.month == 1 else str(MONTHS_3[m.month])) for m in chosen]


def figure(
    title: str,
    draw: Callable[[Frame], str],
    says: str,
    table: Table | None,
    frames: tuple[Frame, Frame] = (WIDE, NARROW),
) -> SafeString:
    """The whole `<figure>`; `says` is what someone who can't see the drawing is told."""
    drawings = []
    for frame, kind in zip(frames, ("wide", "narrow"), strict=True):
        size = f'viewBox="0 0 {frame.width} {frame.height}" width="{frame.width}" height="{frame.height}"'
        label = escape(says, quote=True)
        drawings.append(f'<svg class="chart__{kind}" {size} role="img" aria-label="{label}">{draw(frame)}</svg>')
    body = f"<figcaption>{escape(title)}</figcaption>{''.join(drawings)}{_table(title, table) if table else ''}"
    return mark_safe(f'<figure class="chart">{body}</figure>')  # noqa: S308 - every text above is escaped


def _table(title: str, table: Table) -> str:
    words = _("The values in a table")
    head = "".join(
        f'<th scope="col"{" class=n" if i else ""}>{escape(name)}</th>' for i, name in enumerate(table.heads)
    )
    rows = "".join(_row(row) for row in table.rows)
    region = f'<div class="table" role="group" tabindex="0" aria-label="{escape(title, quote=True)}">'
    summary = f"<summary>{escape(words)}</summary>"
    content = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<details>{summary}{region}{content}</div></details>"


def _row(row: Sequence[str]) -> str:
    cells = "".join(f"<td class=n>{escape(cell)}</td>" for cell in row[1:])
    return f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>'


def finite(values: object) -> list[float]:
    """The finite ones among `values`, as floats."""
    array = np.asarray(values, float)
    return [float(value) for value in array[np.isfinite(array)]]
