"""The daily model: change points, seasons and kinds of day, chosen by weeks held out of the fit.

After CalTRACK 2.0 (section 3.3, daily methods: heating and cooling change points found on a grid) and OpenDSM's daily
model (seasons and weekdays apart), with two changes. The year's round is a few harmonics, not three seasons cut at
fixed dates, and the structure is chosen by ten-fold cross-validation on whole weeks rather than by an in-sample
criterion. All errors of all candidates come from one bank of features and its products (ten of them, one a fold),
so that the search costs a few milliseconds.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import MIN_DAYS_FIT, VERSION, CannotFitError, DailyData, Floats, Model
from mitoyen.evaluate.baseline_features import DAY_TYPES, columns_of, is_year_end, matrix, weekday_of

HEAT_POINTS = tuple(float(point) for point in range(6, 21, 2))
COOL_POINTS = tuple(float(point) for point in range(12, 25, 2))
SEASONS = ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 2))
FOLDS = 10
FEWEST_YEAR_END = 3
SMALLEST, LARGEST = 1e-100, 1e100
"""Beyond these, squares no longer fit a float."""
MIN_GAIN = 0.005
"""A richer structure must make the held-out squared error smaller by this share: else the simpler one stays."""
RIDGE = 1e-4
"""Relative to each feature's own square sum: keeps nearly collinear features from trading large coefficients."""

Structure = dict[str, Any]
PLAIN: Structure = {
    "day_types": "all",
    "harmonics": 0,
    "harmonics_open": 0,
    "year_end": False,
    "heat": None,
    "cool": None,
    "slopes_open": False,
}


class Bank:
    """Products of all features of one baseline, whole and by fold: any structure's fit and error come from them."""

    def __init__(self, x: Floats, y: Floats, fold: NDArray[np.int64], weight: Floats | None = None) -> None:
        root = np.ones(len(y)) if weight is None else np.sqrt(weight)
        table = np.column_stack([x, y]) * root[:, None]
        count = int(fold.max()) + 1
        self.parts = np.stack([table[fold == k].T @ table[fold == k] for k in range(count)])
        self.whole = self.parts.sum(axis=0)
        self.last = x.shape[1]

    def held_out_error(self, candidates: Sequence[Sequence[int]]) -> Floats:
        """Sum of squared errors on the folds left out, for each candidate (columns of the bank)."""
        errors = np.empty(len(candidates))
        sizes = np.array([len(columns) for columns in candidates])
        for size in np.unique(sizes):
            chosen = np.flatnonzero(sizes == size)
            index = np.array([[*candidates[k], self.last] for k in chosen.tolist()])
            held = self.parts[:, index[:, :, None], index[:, None, :]]  # (folds, candidates, size + 1, size + 1)
            rest = self.whole[index[:, :, None], index[:, None, :]][None] - held
            beta = solve(rest[..., :-1, :-1], rest[..., :-1, -1])
            vector = np.concatenate([-beta, np.ones((*beta.shape[:2], 1))], axis=-1)
            errors[chosen] = np.sum(vector * (held @ vector[..., None])[..., 0], axis=(0, 2))
        return errors

    def coefficients(self, columns: Sequence[int]) -> Floats:
        index = np.array(columns)
        return solve(self.whole[np.ix_(index, index)], self.whole[index, self.last])


def solve(gram: Floats, right: Floats) -> Floats:
    """Ridge solution of the normal equations, stacked in the leading axes."""
    beta: Floats = np.linalg.solve(regularised(gram), right[..., None])[..., 0].astype(np.float64)
    return beta


def regularised(gram: Floats) -> Floats:
    """Products of the features with the ridge added."""
    diagonal = np.einsum("...ii->...i", gram)
    ridge = RIDGE * diagonal + 1e-9 * diagonal.max(axis=-1, keepdims=True) + 1e-300
    result: Floats = gram + ridge[..., None] * np.eye(gram.shape[-1])
    return result


def fit(data: DailyData, method: str) -> Model:
    """Fit `daily`, or `degree_day`: the same without seasons and with two kinds of day at most.

    Raises CannotFitError under 30 usable days, or for amounts beyond 1e100.
    """
    keep = data.usable
    known = data.only(keep)
    if len(known.day) < MIN_DAYS_FIT:
        raise CannotFitError(f"{len(known.day)} usable days, {MIN_DAYS_FIT} are needed")
    largest = float(np.abs(known.energy).max())
    if largest and not SMALLEST < largest < LARGEST:
        raise CannotFitError(f"{largest:g} is no amount that a meter counts")
    with_weather = bool(np.isfinite(known.temperature).all())
    options = options_for(method, known, with_weather=with_weather)
    names = bank_names(options)
    x = matrix(names, known.day, known.temperature if with_weather else np.zeros(len(known.day)), known.closed)
    bank = Bank(x, known.energy, week_fold(known))
    place = {name: k for k, name in enumerate(names)}
    structure = search(bank, place, options)
    columns = [place[name] for name in columns_of(structure)]
    beta = bank.coefficients(columns)
    residuals = known.energy - x[:, columns] @ beta
    held_out = held_out_residuals(x[:, columns], known.energy, month_fold(known))
    return model_of(method, structure, beta, known=known, residuals=residuals, held_out=held_out)


def options_for(method: str, known: DailyData, *, with_weather: bool) -> dict[str, list[Structure]]:
    """Choices of each part of the structure that these days can tell apart."""
    rich = method == "daily"
    year = rich and len(np.unique(known.day.astype("datetime64[M]").astype(np.int64) % 12)) == 12
    types = [name for name in DAY_TYPES if rich or name in ("all", "open_off")]
    if known.closed.sum() < 5:
        types = [name for name in types if name != "weekdays_closed"]
    seasons = SEASONS if year else SEASONS[:1]
    options: dict[str, list[Structure]] = {
        "days": [{"day_types": name} for name in types],
        "seasons": [{"harmonics": h, "harmonics_open": o} for h, o in seasons],
    }
    end = is_year_end(known.day)
    open_day = (weekday_of(known.day) < 5) & ~known.closed
    if year and min((end & open_day).sum(), (end & ~open_day).sum()) >= FEWEST_YEAR_END:
        options["year_end"] = [{"year_end": False}, {"year_end": True}]
    if with_weather:
        heats: list[float | None] = [None, *points_inside(HEAT_POINTS, known.temperature)]
        cools: list[float | None] = [None, *points_inside(COOL_POINTS, known.temperature)]
        options["temperature"] = [
            {"heat": h, "cool": c} for h, c in product(heats, cools) if h is None or c is None or h <= c
        ]
        if rich:
            options["slopes"] = [{"slopes_open": False}, {"slopes_open": True}]
    return options


def points_inside(points: Sequence[float], temperature: Floats) -> list[float]:
    """Change points with at least a twentieth of the days on either side."""
    low, high = np.quantile(temperature, [0.05, 0.95])
    return [point for point in points if low < point < high]


def bank_names(options: dict[str, list[Structure]]) -> list[str]:
    """Every feature that some structure can ask for."""
    names: dict[str, None] = {}
    richest = {
        "harmonics": 0,
        "harmonics_open": 0,
        "year_end": "year_end" in options,
        "slopes_open": "slopes" in options,
    }
    for season in options["seasons"]:
        richest = {**richest, **{key: max(richest[key], season[key]) for key in season}}
    for days in options["days"]:
        for hinge in options.get("temperature", [{}]):
            names.update(dict.fromkeys(columns_of({**PLAIN, **richest, **days, **hinge})))
    return list(names)


def search(bank: Bank, place: dict[str, int], options: dict[str, list[Structure]]) -> Structure:
    """Improve one part of the structure at a time until no part gains; ties go to the simpler one."""
    structure = dict(PLAIN)
    known: dict[tuple[int, ...], float] = {}

    def errors(structures: list[Structure]) -> list[float]:
        keys = [tuple(place[name] for name in columns_of(one)) for one in structures]
        new = list({key for key in keys if key not in known})
        if new:
            known.update(zip(new, bank.held_out_error(new).tolist(), strict=True))
        return [known[key] for key in keys]

    best = errors([structure])[0]
    for _ in range(4):
        before = best
        for choices in options.values():
            candidates = [{**structure, **choice} for choice in choices]
            found = errors(candidates)
            sizes = [len(columns_of(candidate)) for candidate in candidates]
            limit = min(found) * (1 + MIN_GAIN)
            k = min((k for k in range(len(found)) if found[k] <= limit), key=lambda k: (sizes[k], found[k]))
            structure, best = candidates[k], found[k]
        if best >= before * (1 - MIN_GAIN):
            break
    return structure


def week_fold(known: DailyData) -> NDArray[np.int64]:
    """Ten folds of whole weeks (Monday to Sunday), neighbouring weeks in different folds."""
    week = (known.day.astype(np.int64) + 3) // 7
    return renumbered((week * 3) % FOLDS)


def month_fold(known: DailyData) -> NDArray[np.int64]:
    """Folds of four weeks each."""
    return renumbered((known.day.astype(np.int64) + 3) // 28)


def renumbered(fold: NDArray[np.int64]) -> NDArray[np.int64]:
    result: NDArray[np.int64] = np.unique(fold, return_inverse=True)[1]
    return result


def held_out_residuals(x: Floats, y: Floats, fold: NDArray[np.int64]) -> Floats:
    """Residual of each row under the fit of all folds but its own."""
    table = np.column_stack([x, y])
    count = int(fold.max()) + 1
    parts = np.stack([table[fold == k].T @ table[fold == k] for k in range(count)])
    rest = parts.sum(axis=0)[None] - parts
    beta = solve(rest[:, :-1, :-1], rest[:, :-1, -1])
    residuals: Floats = y - np.einsum("ij,ij->i", x, beta[fold])
    return residuals


def model_of(
    method: str, structure: Structure, beta: Floats, *, known: DailyData, residuals: Floats, held_out: Floats
) -> Model:
    """The model with its quality, as ASHRAE Guideline 14 states it."""
    n, p = len(residuals), len(beta)
    mean = float(np.mean(known.energy)) or float("nan")
    rmse = float(np.sqrt(np.sum(residuals**2) / max(n - p, 1)))
    held = float(np.sqrt(np.mean(held_out**2)))
    temperatures = known.temperature[np.isfinite(known.temperature)]
    quality = {
        "cvrmse": rmse / abs(mean),
        "cvrmse_held_out": held / abs(mean),
        "nmbe": float(np.sum(residuals)) / max(n - p, 1) / mean,
        "n_days": n,
        "n_parameters": p,
        "rmse": rmse,
        "mean": mean,
    }
    parameters: dict[str, Any] = {
        "method": method,
        "version": VERSION,
        **structure,
        "features": columns_of(structure),
        "coefficients": [float(value) for value in beta],
        "first": str(known.day[0]),
        "last": str(known.day[-1]),
        "temperature_seen": [float(temperatures.min()), float(temperatures.max())] if len(temperatures) else None,
        "quality": quality,
    }
    return Model(
        method, VERSION, parameters, quality["cvrmse"], n, quality["nmbe"], quality["cvrmse_held_out"], held_out
    )
