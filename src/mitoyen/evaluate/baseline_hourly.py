"""The hourly model: time of week and temperature, after Mathieu et al. (2011), as CalTRACK 2.0's hourly methods use it.

Use = one level for each of the 168 hours of the week (closed days count as Sundays) + a line through temperature in
pieces, apart for the hours in which the building is occupied. An hour of the week is occupied when its use lies above
what the temperature alone explains more often than not (CalTRACK 2.0, 3.11). Good for what days can't show: night load,
heating outside hours, and baselines that must be compared hour by hour. Its interval is that of its days (`by_day`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import VERSION, Bools, CannotFitError, Days, Floats, HourlyData
from mitoyen.evaluate.baseline_daily import solve
from mitoyen.evaluate.baseline_features import weekday_of
from mitoyen.evaluate.calendar import local_hours

HOURS_OF_WEEK = 168
FEWEST_HOURS = 24 * 7 * 6
OCCUPIED_ABOVE = 0.65
"""CalTRACK 2.0, 3.11.3: share of an hour's readings above the temperature's line from which it counts as occupied."""
HEATS_UNDER, COOLS_OVER = 10.0, 18.3
"""°C: 50 and 65 °F, between which CalTRACK 2.0 (3.11.2) looks for the hours that are occupied."""
INNER_POINTS = (0.0, 6.0, 12.0, 18.0, 24.0)
FEWEST_IN_PIECE = 100


@dataclass(frozen=True)
class HourlyModel:
    """`parameters` is JSON-able: levels of the 168 hours, which are occupied, and the slopes of each piece."""

    method: str
    version: str
    parameters: dict[str, Any]
    cvrmse: float
    n_hours: int

    def predict(self, hours: HourlyData) -> Floats:
        """Expected energy of each hour; nan where the temperature is missing. Raises ValueError without temperature."""
        week, temperature = _week_and_temperature(hours)
        known = self.parameters
        occupied = np.array(known["occupied"], bool)[week]
        levels = np.array(known["levels"])[week]
        pieces = in_pieces(temperature, known["points"])
        slopes = np.where(occupied[:, None], np.array(known["slopes_occupied"]), np.array(known["slopes_free"]))
        expected: Floats = levels + np.sum(pieces * slopes, axis=1)
        return expected


def fit_hours(hours: HourlyData) -> HourlyModel:
    """Fit the hours of a baseline. Raises CannotFitError under six weeks of them, ValueError without weather."""
    week, temperature = _week_and_temperature(hours)
    known = np.isfinite(hours.energy) & np.isfinite(temperature)
    count = int(known.sum())
    if count < FEWEST_HOURS:
        raise CannotFitError(f"{count} usable hours, {FEWEST_HOURS} are needed")
    week, temperature, energy = week[known], temperature[known], hours.energy[known]
    occupied = occupied_hours(week, temperature, energy)
    points = points_of(temperature)
    pieces = in_pieces(temperature, points)
    busy = occupied[week]
    x = np.hstack([pieces * busy[:, None], pieces * ~busy[:, None]])
    levels, slopes = _solve(week, x, energy)
    residuals = energy - levels[week] - x @ slopes
    freedom = max(count - len(slopes) - len(np.unique(week)), 1)
    rmse = float(np.sqrt(np.sum(residuals**2) / freedom))
    cvrmse = rmse / abs(float(energy.mean())) if energy.mean() else float("nan")
    parameters = {
        "method": "hourly",
        "version": VERSION,
        "levels": levels.tolist(),
        "occupied": occupied.tolist(),
        "points": points,
        "slopes_occupied": slopes[: pieces.shape[1]].tolist(),
        "slopes_free": slopes[pieces.shape[1] :].tolist(),
        "temperature_seen": [float(temperature.min()), float(temperature.max())],
        "quality": {"cvrmse": cvrmse, "n_hours": count, "rmse": rmse},
    }
    return HourlyModel("hourly", VERSION, parameters, cvrmse, count)


def hourly_model_from(parameters: dict[str, Any]) -> HourlyModel:
    """Get a model back from the parameters that `fit_hours` gave it."""
    quality = parameters["quality"]
    return HourlyModel("hourly", parameters["version"], parameters, quality["cvrmse"], quality["n_hours"])


def occupied_hours(week: NDArray[np.int64], temperature: Floats, energy: Floats) -> Bools:
    """Which of the 168 hours of the week lie above what temperature alone explains, more often than not."""
    degrees = np.column_stack(
        [np.ones(len(energy)), np.maximum(HEATS_UNDER - temperature, 0), np.maximum(temperature - COOLS_OVER, 0)]
    )
    above = energy > degrees @ solve(degrees.T @ degrees, degrees.T @ energy)
    counts = np.bincount(week, minlength=HOURS_OF_WEEK)
    occupied: Bools = np.bincount(week, above, HOURS_OF_WEEK) > OCCUPIED_ABOVE * np.maximum(counts, 1)
    return occupied


def points_of(temperature: Floats) -> list[float]:
    """Ends of the pieces: those of 0, 6, 12, 18 and 24 °C that leave at least 100 hours in each."""
    points: list[float] = []
    left = temperature
    for point in INNER_POINTS:
        if (left < point).sum() >= FEWEST_IN_PIECE and (left >= point).sum() >= FEWEST_IN_PIECE:
            points.append(point)
            left = left[left >= point]
    return points


def in_pieces(temperature: Floats, points: list[float]) -> Floats:
    """Degrees within each piece, shape (hours, pieces): their sum is the temperature."""
    if not points:
        return temperature[:, None]
    parts = [np.minimum(temperature, points[0])]
    for low, high in zip(points, [*points[1:], np.inf], strict=True):
        parts.append(np.clip(temperature - low, 0, high - low))
    return np.column_stack(parts)


def _solve(week: NDArray[np.int64], x: Floats, energy: Floats) -> tuple[Floats, Floats]:
    """Levels of the hours of the week and slopes: the levels are taken out first (Frisch, Waugh and Lovell)."""
    counts = np.maximum(np.bincount(week, minlength=HOURS_OF_WEEK), 1)
    mean_x = np.column_stack([np.bincount(week, column, HOURS_OF_WEEK) for column in x.T]) / counts[:, None]
    mean_y = np.bincount(week, energy, HOURS_OF_WEEK) / counts
    centred = x - mean_x[week]
    slopes = solve(centred.T @ centred, centred.T @ (energy - mean_y[week]))
    levels = mean_y - mean_x @ slopes
    # Hours of the week that were never seen: as the mean of those that were.
    seen = np.bincount(week, minlength=HOURS_OF_WEEK) > 0
    return np.where(seen, levels, levels[seen].mean()), slopes


def _week_and_temperature(hours: HourlyData) -> tuple[NDArray[np.int64], Floats]:
    if hours.temperature is None:
        raise ValueError("the hourly model needs temperatures")
    day, clock = local_hours(hours.start, hours.timezone)
    weekday = weekday_of(day)
    if hours.closed is not None:
        weekday = np.where(hours.closed, 6, weekday)
    return weekday * 24 + clock, hours.temperature


def by_day(hours: HourlyData, values: Floats) -> tuple[Days, Floats]:
    """Local days and the sums of their hours; nan for a day with a missing hour."""
    day, _ = local_hours(hours.start, hours.timezone)
    days, place = np.unique(day, return_inverse=True)
    return days, np.bincount(place, values, len(days)).astype(np.float64)
