"""Small drawings for a line of text or a cell of a table."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from django.utils.safestring import SafeString, mark_safe

from mitoyen.www.charts_frame import finite


def interval_bar(value: float, low: float, high: float, *, reach: float, says: str = "") -> SafeString:
    """The interval low..high around zero, `value` as a dot; `reach` is the largest size either side of zero shown.

    Without `says` the drawing is silent for screen readers: the numbers must then be written beside it."""
    reach = reach if math.isfinite(reach) and reach > 0 else 1.0

    def x(amount: float) -> float:
        return round(80 + 76 * max(-1.0, min(1.0, amount / reach)), 1)

    colour = " interval--brique" if high < 0 else ""
    role = f'role="img" aria-label="{escape(says, quote=True)}"' if says else 'aria-hidden="true"'
    drawn = (
        f'<svg class="interval{colour}" viewBox="0 0 160 20" {role}>'
        f'<path class="c-zero" d="M80 0v20"/><path class="c-range" d="M{x(low):g} 10H{x(high):g}"/>'
        f'<circle class="c-value" cx="{x(value):g}" cy="10" r="4"/></svg>'
    )
    return mark_safe(drawn)  # noqa: S308 - numbers, and one text escaped above


def sparkline(values: Sequence[float], *, says: str = "") -> SafeString:
    """A line of `values` 120 px wide, nan left open; a dot on the last one."""
    role = f'role="img" aria-label="{escape(says, quote=True)}"' if says else 'aria-hidden="true"'
    known = finite(values)
    if not known:
        return mark_safe(f'<svg class="spark" viewBox="0 0 120 28" {role}></svg>')  # noqa: S308 - escaped above
    low, high = min([0.0, *known]), max(known)
    span = (high - low) or 1.0
    count = max(len(values) - 1, 1)
    path, pen_up, last = [], True, (0.0, 0.0)
    for i, value in enumerate(np.asarray(values, float)):
        if not math.isfinite(value):
            pen_up = True
            continue
        last = (round(3 + 112 * i / count, 1), round(25 - 22 * (float(value) - low) / span, 1))
        path.append(f"{'M' if pen_up else 'L'}{last[0]:g} {last[1]:g}")
        pen_up = False
    drawn = (
        f'<svg class="spark" viewBox="0 0 120 28" {role}><path class="c-line" d="{"".join(path)}"/>'
        f'<circle class="c-dot" cx="{last[0]:g}" cy="{last[1]:g}" r="2.5"/></svg>'
    )
    return mark_safe(drawn)  # noqa: S308 - numbers, and one text escaped above
