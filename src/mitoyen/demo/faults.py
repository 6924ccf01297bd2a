"""How each planted fault changes the readings. `amounts` are kWh or m3 an hour, in the order of `hours`."""

from collections.abc import Callable

import numpy as np

from mitoyen.demo.climate import Clock, Floats, random
from mitoyen.demo.plan import Planted

LEAK_M3_AN_HOUR = 0.12


def apply(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    """The readings as the fault leaves them; nan where there is none."""
    change = _CHANGES.get(planted.fault)
    return amounts if change is None else change(planted, amounts.copy(), hours, seed)


def _to_mwh(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    """The supplier's file turns to MWh; nobody changed the unit."""
    amounts[hours.from_day(planted.first, planted.last)] /= 1000
    return np.round(amounts, 4)


def _to_wh(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    amounts[hours.from_day(planted.first, planted.last)] *= 1000
    return amounts


def _zeros(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    """The transmitter is silent for weeks, and the supplier's file says 0."""
    amounts[hours.from_day(planted.first, planted.last)] = 0.0
    return amounts


def _clip(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    """A transmitter that can't count beyond a value that cold hours pass."""
    concerned = hours.from_day(planted.first, planted.last)
    ceiling = np.round(np.quantile(amounts[concerned], 0.88), 1)
    amounts[concerned] = np.minimum(amounts[concerned], ceiling)
    return amounts


def _leak(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    concerned = hours.from_day(planted.first, planted.last)
    rng = random(seed, f"{planted.slug}/leak")
    amounts[concerned] += LEAK_M3_AN_HOUR * rng.uniform(0.95, 1.05, int(concerned.sum()))
    return np.round(amounts, 3)


def _summer(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    """The boiler runs as on a mild winter day."""
    concerned = hours.from_day(planted.first, planted.last)
    months = hours.day.astype("M8[M]").astype(np.int64) % 12 + 1
    winter = float(np.nanmean(amounts[(months <= 2) | (months == 12)]))
    rng = random(seed, f"{planted.slug}/summer")
    amounts[concerned] += 0.4 * winter * rng.uniform(0.85, 1.15, int(concerned.sum()))
    return np.round(amounts, 1)


def _other_use(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    """A gymnasium that becomes a reception centre, lit and ventilated day and night."""
    concerned = hours.from_day(planted.first, planted.last)
    busy = float(np.quantile(amounts[~concerned], 0.9))
    rng = random(seed, f"{planted.slug}/other_use")
    amounts[concerned] = busy * 0.9 * rng.lognormal(0, 0.1, int(concerned.sum()))
    return np.round(amounts, 1)


def _gap(planted: Planted, amounts: Floats, hours: Clock, seed: int) -> Floats:
    amounts[hours.from_day(planted.first, planted.last)] = np.nan
    return amounts


# `swap` happens to the index (readings.py); `no_setback` and `base` are habits (plan.habits).
_CHANGES: dict[str, Callable[[Planted, Floats, Clock, int], Floats]] = {
    "to_mwh": _to_mwh,
    "to_wh": _to_wh,
    "zeros": _zeros,
    "clip": _clip,
    "leak": _leak,
    "summer": _summer,
    "other_use": _other_use,
    "gap": _gap,
}
