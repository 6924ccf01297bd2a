"""A measure through time: one line in ink, what was expected as a band, gaps and events where they are."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.www.charts_frame import Frame, Table, figure, finite, month_marks, points, text, ticks, y_axis

__all__ = ["Event", "Stretch", "Table", "time_series"]

# About the width in px of a letter of the bold labels.
_LETTER = 7.6
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on `day`, written beside its line."""

    day: dt.date
    label: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days (or hours), both included: a part of what is shown, or none of it."""

    first: dt.date | np.datetime64
    last: dt.date | np.datetime64
    label: str


@dataclass(frozen=True, slots=True)
class _Series:
    days: NDArray[np.datetime64]
    values: Values
    expected: Values | None
    low: Values | None
    high: Values | None


@dataclass(frozen=True, slots=True)
class _Words:
    unit: str
    measured: str
    expected: str
    events: Sequence[Event]
    besides: Sequence[Stretch]
    marked: Sequence[Stretch]


def time_series(
    title: str,
    days: NDArray[np.datetime64],
    values: Sequence[float] | Values,
    *,
    unit: str,
    expected: Sequence[float] | Values | None = None,
    low: Sequence[float] | Values | None = None,
    high: Sequence[float] | Values | None = None,
    events: Sequence[Event] = (),
    besides: Sequence[Stretch] = (),
    marked: Sequence[Stretch] = (),
    measured_label: str = "",
    expected_label: str = "",
    table: Table | None = None,
    says: str = "",
) -> SafeString:
    """A `<figure>`. `days` (datetime64[D], or [h] for hours; rising, regular but for its gaps), the others of the same
    length with nan where there is nothing: gaps are left open and shaded. `low` and `high` bound the expectation;
    where nothing below 0 was read, it is drawn from 0 up. `besides` is no part of what is shown: no gap, whatever is
    missing there. `marked` is the evidence: shaded, the first one labelled. `title` states the finding; `says` tells
    it to who can't see (the title by default)."""
    measured = np.asarray(values, float)
    floor = -np.inf if np.any(measured < 0) else 0.0
    series = _Series(
        np.asarray(days, _step(days)),
        measured,
        _known(expected, floor),
        _known(low, floor),
        _known(high, floor),
    )
    awaited = expected_label or _("expected in this weather")
    words = _Words(unit, measured_label or _("measured"), awaited, events, besides, marked)
    if not len(series.days) or not finite(series.values):
        return figure(title, lambda frame: text(frame.left, frame.top + 20, _("no reading")), says or title, table)

    def draw(frame: Frame) -> str:
        most = 170 if frame.narrow else 400
        return _drawn(frame, _thinned(series, most), words)

    return figure(title, draw, says or title, table)


def _step(days: NDArray[np.datetime64]) -> str:
    return "datetime64[h]" if np.asarray(days).dtype == np.dtype("datetime64[h]") else "datetime64[D]"


def _known(values: Sequence[float] | Values | None, floor: float) -> Values | None:
    """The values as an array, none below `floor`; None when none of them is there."""
    array = None if values is None else np.maximum(np.asarray(values, float), floor)
    return array if array is not None and np.isfinite(array).any() else None


def _thinned(series: _Series, most: int) -> _Series:
    """Means of neighbouring days so that at most `most` points are drawn; a gap stays where all are missing."""
    group = -(-len(series.days) // most)
    if group == 1:
        return series

    def mean(values: Values | None) -> Values | None:
        if values is None:
            return None
        padded = np.full(-(-len(values) // group) * group, np.nan)
        padded[: len(values)] = values
        rows = padded.reshape(-1, group)
        known = np.isfinite(rows)
        count = known.sum(axis=1)
        return np.where(count > 0, np.where(known, rows, 0).sum(axis=1) / np.maximum(count, 1), np.nan)

    means = mean(series.values)
    assert means is not None
    thin = (mean(series.expected), mean(series.low), mean(series.high))
    days = series.days[::group].copy()
    # The last day stays, so that what happened on it is still within.
    days[-1] = series.days[-1]
    return _Series(days, means, *thin)


def _drawn(frame: Frame, s: _Series, words: _Words) -> str:
    x, y, marks = _scales(frame, s)
    parts = [
        _marked(frame, s, words.marked, x),
        _gaps(frame, s, words.besides, x),
        y_axis(frame, marks, y, words.unit),
        _x_axis(frame, s.days, x),
    ]
    if s.low is not None and s.high is not None:
        parts.append(_band(s, x, y))
    if s.expected is not None:
        parts.append(_line(s.days, s.expected, x, y, "c-expected"))
    parts.append(_line(s.days, s.values, x, y, "c-line"))
    parts.append(_events(frame, s, words.events, x))
    parts.append(_marked_label(frame, s, words.marked, x))
    parts.append(_labels(frame, s, y, words))
    return "".join(parts)


def _scales(frame: Frame, s: _Series) -> tuple[Callable[[Any], float], Callable[[float], float], list[float]]:
    arrays = (array for array in (s.values, s.expected, s.low, s.high) if array is not None)
    everything = [value for array in arrays for value in finite(array)]
    marks = ticks(min(0.0, *everything), max(everything), 4)
    first, last = (moment.astype("datetime64[s]").astype(int) for moment in (s.days[0], s.days[-1]))
    span = max(int(last - first), 1)
    width, height = frame.plot_right - frame.left, frame.plot_bottom - frame.top

    def x(day: Any) -> float:
        return float(frame.left + width * (np.datetime64(day, "s").astype(int) - first) / span)

    def y(value: float) -> float:
        return float(frame.plot_bottom - height * (value - marks[0]) / (marks[-1] - marks[0]))

    return x, y, marks


def _runs(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of True as (first, last), both included."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _line(days: NDArray[np.datetime64], values: Values, x: Any, y: Any, kind: str) -> str:
    parts = []
    for a, b in _runs(np.isfinite(values)):
        if a == b:
            parts.append(f'<circle class="c-dot" cx="{x(days[a]):.1f}" cy="{y(values[a]):.1f}" r="2"/>')
        else:
            drawn = points([x(day) for day in days[a : b + 1]], [y(value) for value in values[a : b + 1]])
            parts.append(f'<polyline class="{kind}" points="{drawn}"/>')
    return "".join(parts)


def _band(s: _Series, x: Any, y: Any) -> str:
    assert s.low is not None
    assert s.high is not None
    parts = []
    for a, b in _runs(np.isfinite(s.low) & np.isfinite(s.high)):
        xs = [x(day) for day in s.days[a : b + 1]]
        top = points(xs, [y(value) for value in s.high[a : b + 1]])
        bottom = points(xs[::-1], [y(value) for value in s.low[a : b + 1][::-1]])
        parts.append(f'<polygon class="c-band" points="{top} {bottom}"/>')
    return "".join(parts)


def _gaps(frame: Frame, s: _Series, besides: Sequence[Stretch], x: Any) -> str:
    """Shaded where nothing was read for two points or more; the widest one says so. `besides` are no gaps."""
    missing = ~np.isfinite(s.values)
    parts = []
    for stretch in besides:
        within = (s.days >= np.datetime64(stretch.first)) & (s.days <= np.datetime64(stretch.last))
        missing &= ~within
        if within.any():
            middle = (x(s.days[within][0]) + x(s.days[within][-1])) / 2
            parts.append(
                text(round(middle), round((frame.top + frame.plot_bottom) / 2), stretch.label, anchor="middle")
            )
    gaps = [(a, b) for a, b in _runs(missing) if b > a]
    widest = max(gaps, key=lambda gap: gap[1] - gap[0], default=None)
    for a, b in gaps:
        left, right = x(s.days[max(a - 1, 0)]), x(s.days[min(b + 1, len(s.days) - 1)])
        height = frame.plot_bottom - frame.top
        parts.append(
            f'<rect class="c-gap" x="{left:.1f}" y="{frame.top}" width="{right - left:.1f}" height="{height}"/>'
        )
        if (a, b) == widest and right - left > 60:
            label = _("no reading")
            parts.append(
                text(round((left + right) / 2), frame.plot_bottom - 8, label, anchor="middle", kind="c-brique")
            )
    return "".join(parts)


def _marked(frame: Frame, s: _Series, marked: Sequence[Stretch], x: Any) -> str:
    """The evidence, shaded from its first day to its last; the label stands above the first of them."""
    parts: list[str] = []
    for stretch in marked:
        first, last = np.array([stretch.first, stretch.last], "datetime64[s]")
        if last < s.days[0] or first > s.days[-1]:
            continue
        left, right = x(max(first, s.days[0])), x(min(last, s.days[-1]))
        # A single day is still seen.
        left, width = (left - 2, 4.0) if right - left < 4 else (left, right - left)
        height = frame.plot_bottom - frame.top
        parts.append(f'<rect class="c-gap" x="{left:.1f}" y="{frame.top}" width="{width:.1f}" height="{height}"/>')
    return "".join(parts)


def _marked_label(frame: Frame, s: _Series, marked: Sequence[Stretch], x: Any) -> str:
    """Over the line, at the top of the first shade."""
    if not marked:
        return ""
    at, words = x(max(np.array(marked[0].first, "datetime64[s]")[()], s.days[0])), marked[0].label
    fits = frame.plot_right - at > len(words) * _LETTER
    anchor, at = ("start", at + 4) if fits else ("end", at - 4)
    return text(round(at), frame.top + 14, words, anchor=anchor, kind="c-strong c-halo c-brique")


def _x_axis(frame: Frame, days: NDArray[np.datetime64], x: Any) -> str:
    first, last = _dates(days)
    parts = []
    hours = days.dtype == np.dtype("datetime64[h]")
    for day, label in _day_marks(first, last) if hours else month_marks(first, last, 5 if frame.narrow else 10):
        at = x(day)
        if at < frame.left - 1:
            continue
        anchor = "middle" if at < frame.plot_right - 14 else "end"
        parts.append(f'<path class="c-grid" d="M{at:.1f} {frame.plot_bottom}v5"/>')
        parts.append(text(round(at), frame.height - 8, label, anchor=anchor))
    return "".join(parts)


def _dates(days: NDArray[np.datetime64]) -> tuple[dt.date, dt.date]:
    first, last = (moment.astype("datetime64[D]").astype(object) for moment in (days[0], days[-1]))
    return first, last


def _day_marks(first: dt.date, last: dt.date) -> list[tuple[dt.date, str]]:
    """Each day between two, with its weekday."""
    days = [first + dt.timedelta(days=count) for count in range((last - first).days + 1)]
    return [(day, str(WEEKDAYS_ABBR[day.weekday()])) for day in days]


def _events(frame: Frame, s: _Series, events: Sequence[Event], x: Any) -> str:
    first, last = _dates(s.days)
    shown = [event for event in sorted(events, key=lambda e: (e.day, e.label)) if first <= event.day <= last]
    parts = []
    for rank, event in enumerate(shown):
        at, top = x(event.day), frame.top + 14 + 16 * (rank % 3)
        parts.append(f'<path class="c-event" d="M{at:.1f} {frame.top}V{frame.plot_bottom}"/>')
        after, before = frame.plot_right - at, at - frame.left
        anchor, shift = ("start", 5) if after >= before else ("end", -5)
        fits = max(int((max(after, before) - 5) / _LETTER), 4)
        label = event.label if len(event.label) <= fits else event.label[: fits - 1].rstrip() + "…"
        parts.append(text(round(at + shift), top, label, anchor=anchor, kind="c-strong c-halo"))
    return "".join(parts)


def _labels(frame: Frame, s: _Series, y: Any, words: _Words) -> str:
    """Beside the line's end where there is room; above the plot on a phone."""
    if frame.narrow:
        mark = f'<path class="c-line" d="M{frame.left} 12h18"/>'
        parts = [mark, text(frame.left + 24, 16, words.measured, kind="c-strong")]
        if s.expected is not None:
            parts.append(f'<rect class="c-band" x="{frame.left}" y="24" width="18" height="10"/>')
            parts.append(f'<path class="c-expected" d="M{frame.left} 29h18"/>')
            parts.append(text(frame.left + 24, 33, words.expected, kind="c-loire"))
        return "".join(parts)
    ends = [(words.measured, s.values, "c-strong")]
    if s.expected is not None:
        ends.append((words.expected, s.expected, "c-loire"))
    placed: list[float] = []
    parts = []
    for label, values, kind in sorted(ends, key=lambda end: -_last(end[1])):
        lines = _folded(label, 17)
        at = y(_last(values)) + 4
        at = max(at, placed[-1] + 16) if placed else at
        for i, line in enumerate(lines):
            parts.append(text(frame.plot_right + 8, round(at + 15 * i), line, kind=kind))
        placed.append(at + 15 * (len(lines) - 1))
    return "".join(parts)


def _last(values: Values) -> float:
    known = finite(values)
    return known[-1] if known else 0.0


def _folded(words: str, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines
