"""Delays of which some aren't over: Kaplan and Meier's estimate, and a stratified rank test of two groups.

Sources: E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958);
R. Peto and J. Peto, J. R. Statist. Soc. A 135 (1972) and R. L. Prentice, Biometrika 65 (1978) for the weights;
stratified by adding up over strata, as in N. Mantel, Cancer Chemother. Rep. 50 (1966).
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def in_order(days: Floats, happened: Bools) -> Ints:
    """Order in which `quantiles` wants its cases: by delay, events before those not over at the same delay."""
    return np.lexsort((~happened, days))


def quantiles(days: Floats, happened: Bools, weights: Floats, levels: tuple[float, ...]) -> Floats:
    """Kaplan-Meier quantiles, for each row of `weights` (k, n); (k, levels). Cases stand `in_order`.

    inf where fewer than that share had the event while they were watched.
    """
    at_risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        survive = 1 - np.where(happened, weights / at_risk, 0.0)
    survival = np.cumprod(np.nan_to_num(survive, nan=1.0), axis=1)
    found = np.full((len(weights), len(levels)), np.inf)
    for column, level in enumerate(levels):
        # A little slack: products of fractions seldom give exactly a half.
        reached = survival <= 1 - level + 1e-9
        any_reached = reached.any(axis=1)
        found[any_reached, column] = days[np.argmax(reached[any_reached], axis=1)]
    return found


def rank_test(days: Floats, happened: Bools, group: Bools, stratum: Ints) -> tuple[float, float]:
    """(z, two-sided p) of the stratified Peto-Prentice test; z above 0: those in `group` wait longer.

    Only strata with cases of both groups say anything. (0, 1) when none does.
    """
    order = np.lexsort((~happened, days, stratum))
    days, happened, group, stratum = days[order], happened[order], group[order], stratum[order]
    count = len(days)
    if count == 0:
        return 0.0, 1.0
    start = np.r_[True, stratum[1:] != stratum[:-1]]
    new_time = start | np.r_[True, days[1:] != days[:-1]]
    first = np.flatnonzero(new_time)
    left, left_group = _left(start), _left(start, group)
    n, n1 = left[first], left_group[first]
    d = np.add.reduceat(happened.astype(float), first)
    d1 = np.add.reduceat((happened & group).astype(float), first)
    weight = _survival_before(d, n, start[first])
    useful = (d > 0) & (n > 1)
    n, n1, d, d1, weight = n[useful], n1[useful], d[useful], d1[useful], weight[useful]
    share = n1 / n
    score = float(np.sum(weight * (d1 - d * share)))
    variance = float(np.sum(weight**2 * d * share * (1 - share) * (n - d) / (n - 1)))
    if variance <= 0:
        return 0.0, 1.0
    z = -score / math.sqrt(variance)
    return z, math.erfc(abs(z) / math.sqrt(2))


def _left(start: Bools, counted: Bools | None = None) -> Floats:
    """How many of the stratum (or of those counted) are still at risk at each case, itself included."""
    ones = np.ones(len(start)) if counted is None else counted.astype(float)
    before = np.cumsum(ones) - ones
    bounds = np.flatnonzero(start)
    sums = np.add.reduceat(ones, bounds)
    which = np.cumsum(start) - 1
    return np.asarray(sums[which] - (before - before[bounds][which]), dtype=float)


def _survival_before(d: Floats, n: Floats, start: Bools) -> Floats:
    """Prentice's estimate of the share still waiting just before each time, within its stratum."""
    logs = np.log((n + 1 - d) / (n + 1))
    before = np.cumsum(logs) - logs
    bounds = np.flatnonzero(start)
    return np.asarray(np.exp(before - before[bounds][np.cumsum(start) - 1]), dtype=float)
