"""Shares and marks: each with its interval, and whether a channel's differ from the web's on the same sort of requests.

Sources: E. B. Wilson, JASA 22 (1927) for the interval of a share; N. Mantel, "Chi-square tests with one degree of
freedom: extensions of the Mantel-Haenszel procedure", JASA 58 (1963) for the test of shares and of marks, added up over
strata; N. Mantel and J. Fleiss, Am. J. Epidemiol. 112 (1980) for when it may be used.
"""

import math
from statistics import NormalDist

import numpy as np

from mitoyen.evaluate.uncertainty import t_quantile
from mitoyen.services.parity.cases import Bools, Cases, Floats, Ints
from mitoyen.services.parity.compare import ENOUGH, Compared

EXPECTED = 5.0
"""So many of a kind must be expected on both sides, and so many of the other kind, before a share is compared."""
LEAST_SPREAD = 0.5
"""Of marks: five times the same one doesn't show that everybody would give it."""
LOWEST, HIGHEST = 1.0, 5.0
SURE = NormalDist().inv_cdf(0.975)
MORE_LESS = ("more", "less")
HIGHER_LOWER = ("higher", "lower")


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share of at least one."""
    share, squared = part / whole, SURE**2 / whole
    centre = share + squared / 2
    reach = SURE * math.sqrt(share * (1 - share) / whole + squared / (4 * whole))
    return max((centre - reach) / (1 + squared), 0.0), min((centre + reach) / (1 + squared), 1.0)


def mean_interval(marks: Floats) -> tuple[float, float]:
    """The 95 % interval of a mean of at least two marks from 1 to 5, by Student's t."""
    count = len(marks)
    spread = max(float(np.std(marks, ddof=1)), LEAST_SPREAD)
    reach = t_quantile(0.975, count - 1) * spread / math.sqrt(count)
    mean = float(np.mean(marks))
    return max(mean - reach, LOWEST), min(mean + reach, HIGHEST)


def against(cases: Cases, channel: str) -> dict[str, Compared]:
    """Of `comparable` cases what is compared besides delays: `reopened`, `unanswered`, `rating`."""
    group, stratum = cases.of(channel), cases.stratum
    return {
        "reopened": compared_share(cases.reopened, cases.answer.happened, group, stratum),
        "unanswered": compared_share(cases.forgotten, cases.mature, group, stratum),
        "rating": compared_marks(cases.mark, group, stratum),
    }


def compared_share(which: Bools, known: Bools, group: Bools, stratum: Ints) -> Compared:
    """A share of the cases `known` in `group` against the others', in percent points / 100."""
    values, group, stratum = which[known].astype(float), group[known], stratum[known]
    return _compared(values, group, stratum, MORE_LESS, is_share=True)


def compared_marks(marks: Floats, group: Bools, stratum: Ints) -> Compared:
    """The mean mark in `group` against the others', among those that gave one (the rest is nan)."""
    given = np.isfinite(marks)
    return _compared(marks[given], group[given], stratum[given], HIGHER_LOWER, is_share=False)


def _compared(values: Floats, group: Bools, stratum: Ints, said: tuple[str, str], *, is_share: bool) -> Compared:
    """In each stratum what `group` adds up to, less what chance alone would give it; the difference is weighted as
    Mantel and Haenszel do, its error is that of chance."""
    _labels, at = np.unique(stratum, return_inverse=True)
    n = np.bincount(at, minlength=1).astype(float)
    here = np.bincount(at, group, minlength=len(n)).astype(float)
    total = np.bincount(at, values, minlength=len(n)).astype(float)
    mine = np.bincount(at, values * group, minlength=len(n))
    squares = np.bincount(at, values**2, minlength=len(n))
    both = (here > 0) & (here < n)
    n, here, total, mine, squares = n[both], here[both], total[both], mine[both], squares[both]
    sides = min(int(here.sum()), int((n - here).sum())) if len(n) else 0
    if sides < ENOUGH:
        return Compared(0.0, 1.0, enough=False, cases=int(here.sum()), said=said)
    weight = float(np.sum(here * (n - here) / n))
    more = float(np.sum(mine - here * total / n))
    variance = float(np.sum(here * (n - here) / (n * (n - 1)) * np.maximum(squares - total**2 / n, 0)))
    if variance <= 0 or (is_share and not _may_be_tested(n, here, total)):
        return Compared(0.0, 1.0, enough=False, cases=int(here.sum()), said=said)
    error = math.sqrt(variance)
    z = more / error
    return Compared(
        z,
        math.erfc(abs(z) / math.sqrt(2)),
        enough=True,
        cases=int(here.sum()),
        differences=(more / weight, math.nan),
        errors=(error / weight, math.nan),
        said=said,
    )


def _may_be_tested(n: Floats, here: Floats, total: Floats) -> bool:
    """Mantel and Fleiss: what is expected lies five at least from the least and the most that could be found."""
    expected = float(np.sum(here * total / n))
    least = float(np.sum(np.maximum(0.0, here - (n - total))))
    most = float(np.sum(np.minimum(here, total)))
    return min(expected - least, most - expected) >= EXPECTED
