"""Amounts a month: a bar in ink, and what was expected as a box of its 90 % interval behind it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dates import MONTHS_3
from django.utils.safestring import SafeString

from mitoyen.www.charts_frame import Frame, Table, figure, finite, text, ticks, y_axis


@dataclass(frozen=True, slots=True)
class Bar:
    """One month: `value` measured; `low`..`high` expected. None where there is nothing."""

    month: dt.date
    value: float | None
    low: float | None = None
    high: float | None = None


def monthly_bars(
    title: str, bars: Sequence[Bar], *, unit: str, table: Table | None = None, says: str = ""
) -> SafeString:
    """A `<figure>` with a bar a month; a month without reading stays empty."""
    return figure(title, lambda frame: _drawn(frame, bars, unit), says or title, table)


def _drawn(frame: Frame, bars: Sequence[Bar], unit: str) -> str:
    known = finite([value for bar in bars for value in (bar.value, bar.low, bar.high) if value is not None])
    marks = ticks(min([0.0, *known]), max([0.0, *known]) or 1.0, 4)
    right = frame.width - 8
    slot = (right - frame.left) / max(len(bars), 1)
    every = -(-len(bars) // (6 if frame.narrow else 14))

    def y(value: float) -> float:
        return frame.plot_bottom - (frame.plot_bottom - frame.top) * (value - marks[0]) / (marks[-1] - marks[0])

    wide = Frame(frame.width, frame.height, frame.left, 8, frame.top, frame.bottom)
    parts = [y_axis(wide, marks, y, unit)]
    for i, bar in enumerate(bars):
        left = frame.left + slot * i
        if bar.low is not None and bar.high is not None:
            parts.append(_rect("c-bar--expected", left + slot * 0.08, slot * 0.84, y(bar.high), y(bar.low)))
        if bar.value is not None:
            top, bottom = sorted((y(bar.value), y(0.0)))
            parts.append(_rect("c-bar", left + slot * 0.3, slot * 0.4, top, bottom))
        if i % every == 0:
            label = str(bar.month.year) if bar.month.month == 1 else str(MONTHS_3[bar.month.month])
            parts.append(text(round(left + slot / 2), frame.height - 8, label, anchor="middle"))
    return "".join(parts)


def _rect(kind: str, x: float, width: float, top: float, bottom: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(bottom - top, 1):.1f}"/>'
