"""The features of the linear baseline models: kinds of day, the year's round, heating and cooling degrees."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import Bools, Days, Floats

YEAR = 365.25

DAY_TYPES: dict[str, tuple[str, ...]] = {
    "all": ("any",),
    "open_off": ("open", "off"),
    "saturday_apart": ("open", "saturday", "rest"),
    "weekdays": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "rest"),
    "weekdays_closed": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "closed"),
}
"""Each splits all days: a closed day counts as `off`, `rest` or `closed`, whatever its weekday."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OPEN_SHARE = 0.7
"""Interactions with open days are centred on about the share of open days, so as to disturb the main effect little."""


def columns_of(parameters: Mapping[str, Any]) -> list[str]:
    """Names of the features of a model's structure, in the order of its coefficients."""
    names = list(DAY_TYPES[parameters["day_types"]])
    for harmonic in range(1, parameters["harmonics"] + 1):
        names += [f"sin{harmonic}", f"cos{harmonic}"]
    for harmonic in range(1, parameters["harmonics_open"] + 1):
        names += [f"sin{harmonic}:open", f"cos{harmonic}:open"]
    if parameters["year_end"]:
        names += ["year_end:open", "year_end:off"]
    for side in ("heat", "cool"):
        if parameters[side] is not None:
            names.append(f"{side}{parameters[side]:g}")
            if parameters["slopes_open"]:
                names.append(f"{side}{parameters[side]:g}:open")
    return names


def design(parameters: Mapping[str, Any], day: Days, temperature: Floats, closed: Bools) -> Floats:
    """Features of each day for a model's structure, shape (days, features)."""
    return matrix(columns_of(parameters), day, temperature, closed)


def matrix(names: Sequence[str], day: Days, temperature: Floats, closed: Bools) -> Floats:
    """Named features of each day, shape (days, names)."""
    days = day.astype("datetime64[D]")
    weekday = weekday_of(days)
    off = (weekday >= 5) | closed
    angle = 2 * np.pi * (days - days.astype("datetime64[Y]")).astype(np.int64) / YEAR
    end = is_year_end(days)
    centred = np.where(off, -OPEN_SHARE, 1 - OPEN_SHARE)
    result = np.empty((len(days), len(names)))
    for column, name in enumerate(names):
        main, _, interaction = name.partition(":")
        if main == "year_end":
            result[:, column] = end & (off if interaction == "off" else ~off)
            continue
        kind = _kind(main, weekday, off, closed)
        values: Floats | Bools
        if kind is not None:
            values = kind
        else:
            values = _wave(main, angle) if main[:3] in ("sin", "cos") else _hinge(main, temperature)
        result[:, column] = values * centred if interaction else values
    return result


def weekday_of(day: Days) -> NDArray[np.int64]:
    """0 for Monday to 6 for Sunday."""
    return (day.astype("datetime64[D]").astype(np.int64) + 3) % 7


def is_year_end(day: Days) -> Bools:
    """From 23 December to 2 January: many buildings are half shut whatever their calendar says."""
    month = day.astype("datetime64[M]")
    of_month = (day.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64) + 1
    of_year = month.astype(np.int64) % 12 + 1
    end: Bools = ((of_year == 12) & (of_month >= 23)) | ((of_year == 1) & (of_month <= 2))
    return end


def _kind(name: str, weekday: NDArray[np.int64], off: Bools, closed: Bools) -> Bools | None:
    if name in WEEKDAYS:
        kind: Bools = (weekday == WEEKDAYS.index(name)) & ~closed
        return kind
    kinds = {
        "any": np.ones(len(weekday), bool),
        "open": ~off,
        "off": off,
        "rest": (weekday == 6) | closed,
        "closed": closed,
    }
    return kinds.get(name)


def _wave(name: str, angle: Floats) -> Floats:
    wave = np.sin if name.startswith("sin") else np.cos
    return wave(int(name[3:]) * angle)


def _hinge(name: str, temperature: Floats) -> Floats:
    point = float(name[4:])
    degrees = point - temperature if name.startswith("heat") else temperature - point
    return np.maximum(degrees, 0.0)
