"""The billing model: heating and cooling degree days a bill, after CalTRACK 2.0's billing methods (section 3.2)."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mitoyen.evaluate.baseline import MIN_BILLS, CannotFitError, DailyData, Floats, Model
from mitoyen.evaluate.baseline_daily import (
    PLAIN,
    Bank,
    Structure,
    bank_names,
    held_out_residuals,
    model_of,
    options_for,
    renumbered,
    search,
)
from mitoyen.evaluate.baseline_features import columns_of, matrix

FLAT_SHARE = 0.8
"""Days that repeat the day before: above this share, the days were spread from bills."""


def wanted(data: DailyData) -> Literal["billing"] | None:
    """`billing` where days carry bill numbers, or where most days merely repeat the one before."""
    if data.bill is not None:
        return "billing"
    energy = data.energy[data.usable]
    if len(energy) < 60 or not np.any(energy):
        return None
    same = np.isclose(energy[1:], energy[:-1], rtol=1e-9, atol=0) & (energy[1:] != 0)
    return "billing" if same.mean() > FLAT_SHARE else None


def bills_of(data: DailyData) -> NDArray[np.int64]:
    """Number of the bill of each day: as given, else by runs of the same daily amount, else by calendar month."""
    if data.bill is not None:
        return renumbered(data.bill)
    if wanted(data):
        change = ~np.isclose(data.energy[1:], data.energy[:-1], rtol=1e-9, atol=0, equal_nan=True)
        return np.concatenate([[0], np.cumsum(change)]).astype(np.int64)
    return renumbered(data.day.astype("datetime64[M]").astype(np.int64))


def fit(data: DailyData) -> Model:
    """Fit mean use a day of each bill on its mean degree days, weighted by the bill's days.

    Raises CannotFitError under 9 bills.
    """
    known = data.only(data.usable)
    bill = renumbered(bills_of(data)[data.usable])
    count = int(bill.max()) + 1 if len(bill) else 0
    if count < MIN_BILLS:
        raise CannotFitError(f"{count} bills, {MIN_BILLS} are needed")
    options = options_for("billing", known, with_weather=bool(np.isfinite(known.temperature).all()))
    options["days"] = [{"day_types": "all"}]
    names = bank_names(options)
    temperature = np.nan_to_num(known.temperature)
    x, y, days = by_bill(matrix(names, known.day, temperature, known.closed), known.energy, bill)
    fold = np.arange(count, dtype=np.int64)
    bank = Bank(x, y, fold, days)
    place = {name: k for k, name in enumerate(names)}
    structure: Structure = search(bank, place, options) if options else dict(PLAIN)
    columns = [place[name] for name in columns_of(structure)]
    beta = bank.coefficients(columns)
    chosen = x[:, columns]
    root = np.sqrt(days)
    held_out = held_out_residuals(chosen * root[:, None], y * root, fold) / root
    model = model_of("billing", structure, beta, known=known, residuals=y - chosen @ beta, held_out=held_out)
    model.parameters["quality"]["n_days"] = len(known.day)
    model.parameters["quality"]["n_bills"] = count
    return model


def by_bill(x: Floats, y: Floats, bill: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Mean features and mean use a day of each bill, and its number of days."""
    count = int(bill.max()) + 1
    days = np.bincount(bill, minlength=count).astype(float)
    means = np.zeros((count, x.shape[1]))
    np.add.at(means, bill, x)
    return means / days[:, None], np.bincount(bill, y, count) / days, days
