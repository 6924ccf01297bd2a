"""Which of the two forecasts is better on a series, how good it was lately, and how wide its interval must be.

The last weeks are set aside twice. On the first part the linear one must be clearly better than the naive one; on the
second, whose accuracy is shown, it must still be better: else the naive one is used. The errors of both parts, made
by fits that knew nothing of them, give the interval. Then all is fitted anew.
"""

from dataclasses import dataclass

import numpy as np

from mitoyen.operate.forecast import model
from mitoyen.operate.forecast.model import STEPS, Floats, Ints, Seen
from mitoyen.operate.forecast.week import WEEK

# Hours: fitted on at most half a year of origins, one in three hours; chosen on three weeks, shown on three more.
FITTED = 26 * WEEK
STRIDE = 3
CHOSEN = 3 * WEEK
SHOWN = 3 * WEEK
LEAST = 4 * WEEK + SHOWN
# Better by less than this is chance or not worth the explaining.
_BETTER = 0.97
LEVEL = 0.9
# Errors of neighbouring steps are alike: an interval's width is taken from five of them together.
_NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Mean absolute errors over the weeks shown, of the method used and of the naive one; the share of values that
    fell within the interval made before; how many values they rest on."""

    used: float
    naive: float
    covered: float | None
    values: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """STEPS values after the last hour with `low` and `high` (90 %); nan where nothing can be said. `method` is
    "linear" or "naive"; `accuracy` is None when the series is too short to try it out."""

    value: Floats
    low: Floats
    high: Floats
    method: str
    accuracy: Accuracy | None


def forecast(values: Floats, offsets: Ints) -> Forecast | None:
    """Forecast of an hourly series (nan: unknown) from its last known hour; `offsets` are the local time's, for STEPS
    hours more. None when less than four weeks can be tried out on."""
    if len(values) < LEAST or not np.isfinite(values[-WEEK:]).any():
        return None
    seen = model.prepare(values, offsets)
    last = seen.hours - 1
    shown, chosen = last - SHOWN, last - SHOWN - CHOSEN
    first, second = _tried(seen, chosen, shown), _tried(seen, shown, last)
    better = first.linear_wins_by(_BETTER) and second.linear_wins_by(1.0)
    tried, late = first.errors(linear=better), second.errors(linear=better)
    accuracy = _accuracy(tried, late, second.naive)
    origin = np.array([last])
    shares = _shares(seen, last) if better else None
    value = (model.naive(seen, origin) if shares is None else model.linear(seen, origin, shares))[0]
    low, high = _quantiles(np.concatenate([tried, late]))
    floor = 0.0 if np.nanmin(values) >= 0 else -np.inf
    value, low, high = (np.maximum(one, floor) for one in (value, value + low, value + high))
    return Forecast(value, low, high, "naive" if shares is None else "linear", accuracy)


@dataclass(frozen=True, slots=True)
class _Tried:
    """(origins, STEPS): value less forecast of either method; None where the linear one can't be fitted."""

    naive: Floats
    linear: Floats | None

    def linear_wins_by(self, factor: float) -> bool:
        """Whether the linear one's mean absolute error is less than `factor` times the naive one's."""
        if self.linear is None:
            return False
        both = np.isfinite(self.naive) & np.isfinite(self.linear)
        return bool(both.any() and np.abs(self.linear[both]).mean() < factor * np.abs(self.naive[both]).mean())

    def errors(self, *, linear: bool) -> Floats:
        return self.linear if linear and self.linear is not None else self.naive


def _tried(seen: Seen, first: int, last: int) -> _Tried:
    """Both methods from origins between `first` and `last`, fitted on what was known at `first`."""
    origins = np.arange(max(first, 0), last, STRIDE)
    real = seen.value[origins[:, None] + np.arange(1, STEPS + 1)]
    shares = _shares(seen, first)
    linear = None if shares is None else real - model.linear(seen, origins, shares)
    return _Tried(real - model.naive(seen, origins), linear)


def _shares(seen: Seen, until: int) -> Floats | None:
    """Fitted on origins whose targets were all known at `until`."""
    return model.fit(seen, np.arange(max(until - STEPS - FITTED, WEEK), until - STEPS + 1, STRIDE))


def _quantiles(errors: Floats) -> tuple[Floats, Floats]:
    """Lower and upper error of each step (as conformal prediction takes them: from errors out of the fit)."""
    low, high = np.full(STEPS, np.nan), np.full(STEPS, np.nan)
    for step in range(STEPS):
        around = errors[:, max(step - _NEIGHBOURS, 0) : step + _NEIGHBOURS + 1]
        known = around[np.isfinite(around)]
        if len(known) >= 20:
            low[step], high[step] = np.quantile(known, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return low, high


def _accuracy(tried: Floats, late: Floats, naive: Floats) -> Accuracy | None:
    """How good the method was on the late origins, and the interval made from the earlier ones' errors."""
    both = np.isfinite(late) & np.isfinite(naive)
    if not both.any():
        return None
    low, high = _quantiles(tried)
    told = np.isfinite(late) & np.isfinite(low)[None, :]
    within = (late >= low) & (late <= high)
    covered = float(within[told].mean()) if told.any() else None
    return Accuracy(float(np.abs(late[both]).mean()), float(np.abs(naive[both]).mean()), covered, int(both.sum()))
