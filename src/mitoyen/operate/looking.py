"""Brings meters and rules together: what each rule sees in each meter."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mitoyen.evaluate.context import Context, context
from mitoyen.evaluate.hours import details
from mitoyen.evaluate.meters import meters as all_meters
from mitoyen.evaluate.meters import site_of, unit_of
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period
from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.history.times import paris_day_of, paris_midnight, utc64
from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed, method_of
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
LONGEST_MONTHS = 36
# A year and a half of hours of so many meters takes a few megabytes.
METERS_AT_ONCE = 24


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
class Hours:
    """Hours of the meters, read for many at once when a rule first asks for one of them: meters are looked at in
    their order, so one chunk of them is kept. `last_days` and `longest` (months) bound what is read."""

    meters: list[Datastream]
    last_days: dict[int, dt.date]
    longest: int
    _known: dict[int, read.Hourly] = field(default_factory=dict)

    def of(self, meter: Datastream, first: dt.date, last: dt.date) -> read.Hourly:
        """Every UTC hour of the Paris days first..last."""
        if meter.pk not in self._known:
            self._known = self._chunk(meter)
        hours = self._known[meter.pk]
        low, high = utc64(paris_midnight(first)), utc64(paris_midnight(last + dt.timedelta(days=1)))
        within = (hours.start >= low) & (hours.start < high)
        return read.Hourly(hours.start[within], hours.amount[within])

    def _chunk(self, meter: Datastream) -> dict[int, read.Hourly]:
        at = next(at for at, one in enumerate(self.meters) if one.pk == meter.pk)
        chunk = self.meters[at : at + METERS_AT_ONCE]
        lasts = [self.last_days[one.pk] for one in chunk]
        whole = Period(min(first_day(last, self.longest) for last in lasts), max(lasts))
        found: dict[int, read.Hourly] = {}
        for number, detail in details(chunk, whole).items():
            if detail.hours is not None:
                found[number] = read.Hourly(detail.hours.start, detail.hours.energy)
        for one in chunk:
            if one.pk not in found:
                found[one.pk] = read.hourly(one, whole.first, whole.last)
        return found


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
    hours: Hours
    _views: dict[int, MeterView] = field(default_factory=dict)

    def view(self, months: int) -> MeterView:
        """Its hours of the last `months` months."""
        if months not in self._views:
            period = (first_day(self.last, months), self.last)
            closed = self._closed(Period(*period))
            weather = self.outside.of(self.shared.station(self.datastream))
            hours = self.hours.of(self.datastream, *period)
            self._views[months] = view(
                self.datastream, self.site, self.unit, period, hours, closed=closed, outside=weather
            )
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
    outside = Outside(min(first_day(day, LONGEST_MONTHS) for day in last_days.values()), latest)
    figures = guards.figures_by_datastream()
    read_ones = [(meter, unit) for meter, unit in found if meter.pk in last_days]
    hours = Hours([meter for meter, _unit in read_ones], last_days, _longest_look())
    return [
        Meter(
            datastream=meter,
            site=site_of(meter.thing).thing,
            unit=unit,
            last=last_days[meter.pk],
            figures=figures.get(meter.pk, []),
            shared=shared,
            outside=outside,
            hours=hours,
        )
        for meter, unit in read_ones
    ]


def _longest_look() -> int:
    """Months that the rules which look at hours look back at most."""
    rules = (rule for usage in installed().values() for rule in usage.manifest.rules if rule.method != "guard")
    return max((rule.months for rule in rules), default=1)


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
