"""Two forecasts of an hourly series: a seasonal naive one, and a linear one that leans on what the last hours showed.

Both start from the same hour of the weeks before. The naive one says again what was last week. The linear one takes
the mean of four weeks and adds, for each step ahead, a share of how the series now differs from such a mean: at the
last hour, over the last day, at the same hour of the last day. The shares are fitted by ridge regression on the past
origins (direct multi-step forecasting: Ben Taieb et al. 2012, doi:10.1016/j.eswa.2012.01.039).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mitoyen.operate.forecast.week import WEEK, weeks_before

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = 48
FEATURES = 5
# A difference this many times the usual one is brought down to it: one bad reading must not bend two days.
_MOST_SPREADS = 6.0
# As if so many origins had shown that the mean of the weeks is right.
_RIDGE = 10.0
_LEAST_ORIGINS = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A series prepared once: `value` an hour (nan: unknown), last week's, the weeks' mean, the difference from it.

    The arrays run STEPS hours past the last value, where only last week's and the mean are known.
    """

    value: Floats
    last_week: Floats
    profile: Floats
    apart: Floats

    @property
    def hours(self) -> int:
        """How many hours may be known."""
        return len(self.value) - STEPS


def prepare(values: Floats, offsets: Ints) -> Seen:
    """`offsets` (local time) are given for STEPS hours more than `values`."""
    long = np.append(values, np.full(STEPS, np.nan))
    before = weeks_before(long, offsets)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(before)
        count = known.sum(axis=0)
        profile = np.where(count > 0, np.where(known, before, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    last_week = np.where(np.isfinite(before[0]), before[0], profile)
    apart = long - profile
    usual = np.nanmedian(np.abs(apart)) * 1.4826 if np.isfinite(apart).any() else 0.0
    if usual > 0:
        apart = np.clip(apart, -_MOST_SPREADS * usual, _MOST_SPREADS * usual)
    return Seen(long, last_week, profile, apart)


def naive(seen: Seen, origins: Ints) -> Floats:
    """(origins, STEPS): what was at the same hour a week before."""
    again: Floats = seen.last_week[_targets(origins)]
    return again


def fit(seen: Seen, origins: Ints) -> Floats | None:
    """(STEPS, FEATURES): shares for each step, from origins (index of the last known hour) whose targets are known to
    whoever asks; None when too few are."""
    design, wanted = _features(seen, origins), seen.value[_targets(origins)] - seen.profile[_targets(origins)]
    good = np.isfinite(design).all(axis=2) & np.isfinite(wanted)
    if good.sum(axis=0).min() < _LEAST_ORIGINS:
        return None
    usual = np.nanmedian(np.abs(wanted)) * 1.4826
    wanted = np.clip(np.where(good, wanted, 0.0), -_MOST_SPREADS * usual, _MOST_SPREADS * usual)
    design = np.where(good[:, :, None], design, 0.0)
    normal = np.einsum("ohf,ohg->hfg", design, design)
    scale = np.trace(normal, axis1=1, axis2=2) / (FEATURES * np.maximum(good.sum(axis=0), 1))
    normal += np.eye(FEATURES) * (_RIDGE * np.maximum(scale, 1e-12))[:, None, None]
    shares: Floats = np.linalg.solve(normal, np.einsum("ohf,oh->hf", design, wanted)[:, :, None])[:, :, 0]
    return shares


def linear(seen: Seen, origins: Ints, shares: Floats) -> Floats:
    """(origins, STEPS): the weeks' mean and shares of the present differences."""
    design = np.nan_to_num(_features(seen, origins))
    made: Floats = seen.profile[_targets(origins)] + np.einsum("ohf,hf->oh", design, shares)
    return made


def _targets(origins: Ints) -> Ints:
    return origins[:, None] + np.arange(1, STEPS + 1)[None, :]


def _features(seen: Seen, origins: Ints) -> Floats:
    """(origins, STEPS, FEATURES), all known at the origin: the last hour's difference, the last day's mean one, that
    of the same hour of the last day, that of the same hour a week before, and how last week differs from the mean."""
    targets = _targets(origins)
    days = -(-np.arange(1, STEPS + 1) // 24) * 24
    padded = np.append(0.0, np.cumsum(np.nan_to_num(seen.apart)))
    counted = np.append(0, np.cumsum(np.isfinite(seen.apart)))
    low = np.maximum(origins - 23, 0)
    count = counted[origins + 1] - counted[low]
    day = np.where(count > 0, (padded[origins + 1] - padded[low]) / np.maximum(count, 1), np.nan)
    shape = targets.shape
    features: Floats = np.stack(
        [
            np.broadcast_to(seen.apart[origins][:, None], shape),
            np.broadcast_to(day[:, None], shape),
            seen.apart[np.maximum(targets - days[None, :], 0)],
            seen.apart[np.maximum(targets - WEEK, 0)],
            seen.last_week[targets] - seen.profile[targets],
        ],
        axis=2,
    )
    return features
