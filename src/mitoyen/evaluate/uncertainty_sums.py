"""Sums of savings with their uncertainty: meters into buildings, communes and the territory."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum, sqrt
from statistics import NormalDist

from mitoyen.evaluate.uncertainty import CONFIDENCE, Saving


@dataclass(frozen=True)
class Sum:
    """A total, with its 90 % interval."""

    value: float
    low: float
    high: float
    expected: float
    observed: float
    count: int


def total(savings: Iterable[Saving], correlation: float = 0.0) -> Sum:
    """Sum of savings whose errors have a common correlation (0: independent, so that they add in quadrature).

    A sum of several meters' errors is close to normal whatever theirs are, but never surer than its parts: each meter
    comes in with its half-width, which holds its own degrees of freedom.
    Errors of different meters are taken as independent by default: on the real meters, the residuals' correlation of
    two meters in one site is small (docs/method.md). `correlation` = 1 adds half-widths, the most that can be.
    Raises ValueError for a correlation outside 0 to 1.
    """
    if not 0 <= correlation <= 1:
        raise ValueError(f"correlation {correlation} is not within 0 and 1")
    parts = [one for one in savings if one.days]
    halves = [one.half_width for one in parts]
    squares = fsum(half**2 for half in halves)
    variance = squares + correlation * (fsum(halves) ** 2 - squares)
    half = sqrt(max(variance, 0.0))
    value = fsum(one.value for one in parts)
    expected, observed = fsum(one.expected for one in parts), fsum(one.observed for one in parts)
    return Sum(value, value - half, value + half, expected, observed, len(parts))


def standard_error_of(low: float, high: float) -> float:
    """Standard error that a 90 % interval stands for, taken as normal."""
    return (high - low) / 2 / NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
