"""A channel against the web on the same sort of requests: same category, same commune.

The web's requests are weighted so that their mix of categories and communes is the channel's (direct standardisation);
what has no counterpart on the web is left out of the comparison, never guessed. Verdicts hold for all comparisons
together: Holm's procedure on the rank test, and an interval that is wide enough for all of them.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mitoyen.services.parity.cases import STEPS, Bools, Cases, Delays, Floats, Ints, only
from mitoyen.services.parity.survival import in_order, quantiles, rank_test

ENOUGH = 20
"""Events on each side, among comparable requests: with fewer, nothing is said."""
LEVEL = 0.05
LEVELS = (0.5, 0.9)
DRAWS = (80, 400)
CELLS = 3_000_000
AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class Compared:
    """One delay, share or mark of a channel against the web's. `differences`: of a delay, those of the median and of
    the 90th percentile in days; else one, and nan; above 0 when the channel has more; nan where one of the two isn't
    reached. `errors`: their standard errors. `said`: the verdicts for more and for less."""

    z: float
    p: float
    enough: bool
    """Whether anything can be said."""
    cases: int
    differences: tuple[float, float] = (math.nan, math.nan)
    errors: tuple[float, float] = (math.nan, math.nan)
    said: tuple[str, str] = ("slower", "faster")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `Compared.said` has for it, `none_shown` or `too_few`; the interval of the difference (of a delay: of the
    medians') holds for all comparisons together."""

    said: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class StepTime:
    """Days that the channel takes longer on a step than the web, and whether that is more than chance."""

    step: str
    days: float
    is_sure: bool


def comparable(cases: Cases, channel: str, to: str) -> Cases:
    """The requests of two channels in the strata where both have some."""
    here, there = np.unique(cases.stratum[cases.of(channel)]), np.unique(cases.stratum[cases.of(to)])
    both = np.intersect1d(here, there)
    return only(cases, np.isin(cases.stratum, both) & (cases.of(channel) | cases.of(to)))


def delay(cases: Cases, delays: Delays, channel: str, seed: int) -> Compared:
    """Compare one delay of `comparable` cases: the channel against the others."""
    group = cases.of(channel)
    z, p = rank_test(delays.days, delays.happened, group, cases.stratum)
    events = min(int(delays.happened[group].sum()), int(delays.happened[~group].sum()))
    if events < ENOUGH:
        return Compared(z, p, enough=False, cases=int(group.sum()))
    differences, errors = _bootstrap(delays, group, cases.stratum, np.random.default_rng(seed))
    return Compared(z, p, enough=True, cases=int(group.sum()), differences=differences, errors=errors)


def verdicts(compared: list[Compared]) -> list[Verdict]:
    """For all comparisons of a report together, at 5 %: Holm's step-down procedure (Scand. J. Statist. 6, 1979), and
    the interval of each difference at 5 % shared among them (Bonferroni)."""
    tried = sorted((one.p, at) for at, one in enumerate(compared) if one.enough)
    count = max(len(tried), 1)
    reach = NormalDist().inv_cdf(1 - LEVEL / (2 * count))
    rejected = set()
    for rank, (p, at) in enumerate(tried):
        if p > LEVEL / (count - rank):
            break
        rejected.add(at)
    return [_verdict(one, reach, rejected=at in rejected) for at, one in enumerate(compared)]


def steps(cases: Cases, channel: str) -> list[StepTime]:
    """Mean days by step, the channel's less the web's on the same mix, among `comparable` requests that got there.
    The first three add up to the delay of the answer."""
    group = cases.of(channel)
    sure = NormalDist().inv_cdf(1 - LEVEL / (2 * len(STEPS)))
    found = []
    for name, days in zip(STEPS, cases.steps, strict=True):
        difference, error = _mean_difference(days, group, cases.stratum)
        found.append(StepTime(name, difference, is_sure=bool(error > 0 and difference / error > sure)))
    return found


def _verdict(one: Compared, reach: float, *, rejected: bool) -> Verdict:
    if not one.enough:
        return Verdict("too_few", math.nan, math.nan)
    difference, error = one.differences[0], one.errors[0]
    if not math.isfinite(difference):
        return Verdict("none_shown", math.nan, math.nan)
    low, high = difference - reach * error, difference + reach * error
    if rejected and low > 0 and one.z > 0:
        return Verdict(one.said[0], low, high)
    if rejected and high < 0 and one.z < 0:
        return Verdict(one.said[1], low, high)
    return Verdict("none_shown", low, high)


def _bootstrap(
    delays: Delays, group: Bools, stratum: Ints, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Differences of the quantiles and their standard errors, drawing anew within each stratum and channel.

    Weights drawn from the exponential distribution instead of whole cases (D. B. Rubin, "The Bayesian bootstrap", Ann.
    Statist. 9, 1981), so that no stratum is ever empty; censored cases keep their place (B. Efron, JASA 76, 1981).
    """
    order = in_order(delays.days, delays.happened)
    days, happened, group, stratum = delays.days[order], delays.happened[order], group[order], stratum[order]
    _labels, stratum = np.unique(stratum, return_inverse=True)
    width = int(stratum.max()) + 1
    here = np.bincount(stratum[group], minlength=width).astype(float)
    sides = [(days[side], happened[side], stratum[side]) for side in (group, ~group)]
    plain = [quantiles(d, h, _standardised(np.ones((1, len(d))), s, here), LEVELS)[0] for d, h, s in sides]
    draws = int(np.clip(CELLS / len(days), *DRAWS))
    drawn = np.concatenate([_drawn(sides, here, min(AT_ONCE, draws - done), rng) for done in range(0, draws, AT_ONCE)])
    errors = []
    for column in range(len(LEVELS)):
        values = drawn[np.isfinite(drawn[:, column]), column]
        # Half the width of the middle 68 %: a few draws that reach far don't count for much.
        low, high = np.quantile(values, (0.1587, 0.8413)) if len(values) > draws / 2 else (math.nan, math.nan)
        errors.append(float(high - low) / 2)
    with np.errstate(invalid="ignore"):
        differences = plain[0] - plain[1]
    found = [float(value) if np.isfinite(value) else math.nan for value in differences]
    return (found[0], found[1]), (errors[0], errors[1])


def _drawn(sides: list[tuple[Floats, Bools, Ints]], here: Floats, draws: int, rng: np.random.Generator) -> Floats:
    found = []
    for days, happened, stratum in sides:
        weights = _standardised(rng.standard_exponential((draws, len(days))), stratum, here)
        found.append(quantiles(days, happened, weights, LEVELS))
    with np.errstate(invalid="ignore"):
        return np.asarray(found[0] - found[1])


def _standardised(weights: Floats, stratum: Ints, here: Floats) -> Floats:
    """Weights that add up to `here[s]` in each stratum s, row by row."""
    rows, width = len(weights), len(here)
    keys = stratum + width * np.arange(rows)[:, None]
    sums = np.bincount(keys.ravel(), weights.ravel(), minlength=rows * width).reshape(rows, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(sums > 0, here / sums, 0.0)
    return np.asarray(weights * factors[:, stratum])


def _mean_difference(days: Floats, group: Bools, stratum: Ints) -> tuple[float, float]:
    known = np.isfinite(days)
    days, group, stratum = days[known], group[known], stratum[known]
    both = np.intersect1d(stratum[group], stratum[~group])
    kept = np.isin(stratum, both)
    if not kept.any():
        return 0.0, math.nan
    days, group = days[kept], group[kept]
    _labels, stratum = np.unique(stratum[kept], return_inverse=True)
    sides = []
    for side in (group, ~group):
        counts = np.bincount(stratum[side]).astype(float)
        means = np.bincount(stratum[side], days[side]) / counts
        spread = float(np.sum((days[side] - means[stratum[side]]) ** 2)) / max(float(side.sum()) - len(counts), 1.0)
        sides.append((counts, means, spread))
    (here, mean, spread), (there, web_mean, web_spread) = sides
    share = here / here.sum()
    difference = float(np.sum(share * (mean - web_mean)))
    return difference, math.sqrt(float(np.sum(share**2 * (spread / here + web_spread / there))))
