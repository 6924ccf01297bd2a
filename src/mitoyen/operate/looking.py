"""Brings meters and rules together: what each rule sees in each meter."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mitoyen.evaluate.context import Context, context
from mitoyen.evaluate.meters import meters as all_meters
from mitoyen.evaluate.meters import site_of, unit_of
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.history.times import paris_day_of
from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import method_of
from mitoyen.manifests.schema import Rule
from mitoyen.operate import guards
from mitoyen.operate.meter import Days, MeterView, view
from mitoyen.operate.methods import METHODS, Hit
from mitoyen.territory.models import Thing

# What these guards say of a meter makes its amounts worth nothing to anything that sums them.
DOUBTFUL = frozenset({"unit_break", "meter_swap", "zeros_for_missing", "clipped"})
# They look at single nights or days, and stand what would spoil a mean.
STURDY = frozenset({"night_floor", "out_of_season"})
MONTH_DAYS = 365 / 12


@dataclass(frozen=True, slots=True)
class Seen:
    """A hit, and the finding that it makes: `usage/rule/thing/property/mark` is its key."""

    rule: Rule
    hit: Hit
    site: Thing
    unit: str
    key: str


@dataclass
class Outside:
    """Daily temperatures of the stations, each read once for the longest look back."""

    first: dt.date
    last: dt.date
    _known: dict[int, dict[np.datetime64, float]] = field(default_factory=dict)

    def of(self, station: Datastream | None) -> dict[np.datetime64, float]:
        if station is None:
            return {}
        if station.pk not in self._known:
            daily = read.daily([station], self.first, self.last)[station.pk]
            self._known[station.pk] = dict(zip(daily.day, daily.mean.tolist(), strict=True))
        return self._known[station.pk]


@dataclass
class Meter:
    """A meter, what it belongs to, its last day, and its hours once a rule asked for them."""

    datastream: Datastream
    site: Thing
    unit: str
    last: dt.date
    figures: list[Figure]
    shared: Context
    outside: Outside
    _views: dict[int, MeterView] = field(default_factory=dict)

    def view(self, months: int) -> MeterView:
        """Its hours of the last `months` months."""
        if months not in self._views:
            period = (first_day(self.last, months), self.last)
            closed = self._closed(Period(*period))
            weather = self.outside.of(self.shared.station(self.datastream))
            self._views[months] = view(self.datastream, self.site, self.unit, period, closed=closed, outside=weather)
        return self._views[months]

    def spoiled(self, rule: Rule) -> bool:
        """Whether the guards of its latest Figure find its readings at fault within the rule's look back."""
        if rule.method in STURDY:
            return False
        since = first_day(self.last, rule.months).isoformat()
        reasons = self.figures[0].reasons if self.figures else []
        return any(one["code"] in DOUBTFUL and str(one.get("last") or since) >= since for one in reasons)

    def _closed(self, period: Period) -> Days:
        mask = self.shared.closed(period, self.shared.basis(self.datastream))
        closed: Days = (np.datetime64(period.first, "D") + np.arange(period.days))[mask]
        return closed


def meters() -> list[Meter]:
    """Every meter with readings whose amounts are kWh or m3."""
    found = [(meter, unit) for meter in all_meters() if (unit := unit_of(meter)) is not None]
    known = read.extents([meter for meter, _unit in found])
    if not known:
        return []
    last_days = {number: _day(last) for number, (_first, last) in known.items()}
    latest = max(last_days.values())
    shared = context()
    outside = Outside(min(first_day(day, 36) for day in last_days.values()), latest)
    figures = guards.figures_by_datastream()
    return [
        Meter(meter, site_of(meter.thing).thing, unit, last_days[meter.pk], figures.get(meter.pk, []), shared, outside)
        for meter, unit in found
        if meter.pk in last_days
    ]


def look(usage: Usage, rule: Rule, meter: Meter) -> Iterator[Seen]:
    """What a rule sees in a meter: nothing, or one hit or more."""
    if str(meter.site.attributes.get("use", "")) in rule.except_uses:
        return
    for hit in _hits(usage, rule, meter):
        parts = [usage.manifest.name, rule.name, meter.datastream.name, hit.mark]
        yield Seen(rule, hit, meter.site, meter.unit, "/".join(part for part in parts if part))


def _hits(usage: Usage, rule: Rule, meter: Meter) -> Iterator[Hit]:
    if rule.method == "guard":
        yield from guards.hits(rule, meter.datastream, meter.figures, first_day(meter.last, rule.months))
        return
    if meter.spoiled(rule):
        return
    method = method_of(usage, rule) if rule.method == "code" else METHODS[rule.method]
    hit = method(rule, meter.view(rule.months))
    if hit is not None:
        yield hit


def first_day(last: dt.date, months: int) -> dt.date:
    """The first day of a look back of so many months that ends on `last`."""
    return last - dt.timedelta(days=round(months * MONTH_DAYS) - 1)


def _day(time: np.datetime64) -> dt.date:
    """The local day in which the interval that ends at `time` lies."""
    day: dt.date = paris_day_of(np.array([time - np.timedelta64(1, "s")]))[0].astype("M8[D]").astype(dt.date)
    return day
