"""Charts as SVG text, drawn on the server: pure functions from arrays to strings, the same for the same input.

`time_series` and `monthly_bars` give a whole `<figure>`: a title that states the finding, the drawing in two widths
(a phone's and a desk's, so that text stays readable in both), and the values as a table. `interval_bar` and
`sparkline` are small drawings to stand in a line of text or a cell. `across`, `week` and `density` draw counts, where
None stands for one too small to be shown.
"""

from mitoyen.www.charts_bars import Bar, monthly_bars
from mitoyen.www.charts_counts import across, density, week
from mitoyen.www.charts_series import Event, Stretch, Table, time_series
from mitoyen.www.charts_small import interval_bar, sparkline

__all__ = [
    "Bar",
    "Event",
    "Stretch",
    "Table",
    "across",
    "density",
    "interval_bar",
    "monthly_bars",
    "sparkline",
    "time_series",
    "week",
]
