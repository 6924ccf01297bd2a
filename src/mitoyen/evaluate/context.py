"""What every meter's evaluation shares: stations, closed days, actions; read once, whatever the number of meters."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.evaluate import periods, readings, weather
from mitoyen.evaluate.actions import actions_near, closures_of
from mitoyen.evaluate.meters import site_of
from mitoyen.evaluate.models import Action, Closure
from mitoyen.evaluate.periods import Period
from mitoyen.evaluate.savings_figures import Basis
from mitoyen.history.models import Datastream
from mitoyen.ledger.refusal import Refused

COUNTRY = "country"
BASELINE = "baseline"


@dataclass(frozen=True)
class Context:
    stations: list[Datastream]
    closures: list[Closure]
    actions: list[Action]
    _closed: dict[tuple[Period, str, tuple[Period, ...]], NDArray[np.bool_]] = field(default_factory=dict)
    _extents: dict[int, Period] = field(default_factory=dict)

    def station(self, meter: Datastream, periods: Iterable[Period] = ()) -> Datastream | None:
        """The station that serves a meter (`weather.station_for`): among those with readings in each of `periods`,
        unless one is named or none has any."""
        if len(self.stations) < 2 or weather.named_for(meter.thing):
            return weather.station_for(meter.thing, self.stations)
        if not self._extents:
            self._extents.update(readings.extents(self.stations))
        wanted = list(periods)
        awake = [
            station
            for station in self.stations
            if (known := self._extents.get(station.pk)) and all(known.overlaps(period) for period in wanted)
        ]
        return weather.station_for(meter.thing, awake or self.stations)

    def basis(self, meter: Datastream, periods: Iterable[Period] = ()) -> Basis:
        """What a meter's saving over these periods rests on besides its readings."""
        station = self.station(meter, periods)
        acts = actions_near(meter.thing, meter.observed_property, self.actions)
        return Basis(
            weather=station.name if station else None,
            country=str(_attribute(meter, COUNTRY) or "FR"),
            closures=tuple(closures_of(meter.thing, site_of(meter.thing).commune, self.closures)),
            actions=tuple(sorted({act.starts for act in acts})),
        )

    def closed(self, whole: Period, basis: Basis) -> NDArray[np.bool_]:
        """Closed days of `whole`. Raises Refused when the meter's country is none whose holidays are known."""
        key = (whole, basis.country, basis.closures)
        if key not in self._closed:
            try:
                self._closed[key] = readings.closed_days(whole, basis.country, basis.closures)
            except ValueError as error:
                raise Refused(
                    _("The public holidays of “%(country)s” are not known.") % {"country": basis.country},
                    _("Write an ISO 3166 code, such as FR or GB, in the attribute “country” of the building."),
                    code="unknown_country",
                ) from error
        return self._closed[key]


def context() -> Context:
    """Three queries."""
    return Context(weather.stations(), list(Closure.objects.all()), list(Action.objects.order_by("starts", "id")))


def periods_of(meter: Datastream, extent: Period | None) -> tuple[Period | None, list[Period]]:
    """The published periods of a meter read over `extent`: its baseline, and each year that is reported on.

    The baseline is the one that the thing (or what it is part of) names in its attribute `baseline`, written
    2017-01-01..2017-12-31; else the first full calendar year. Raises Refused when that attribute can't be read.
    """
    if extent is None:
        return None, []
    baseline, years = periods.default_periods(extent.first, extent.last)
    named = _attribute(meter, BASELINE)
    if not named:
        return baseline, years
    try:
        chosen = periods.parse(str(named))
    except ValueError as error:
        raise Refused(
            _("%(name)s: its baseline can't be read: %(error)s") % {"name": meter.name, "error": error},
            _("Mend the attribute “baseline” of the building or meter."),
            code="bad_baseline",
        ) from error
    every = [*([baseline] if baseline else []), *years]
    return chosen, [year for year in every if year.first > chosen.last]


def _attribute(meter: Datastream, name: str) -> object:
    whole = meter.thing.part_of
    return meter.thing.attributes.get(name) or (whole.attributes.get(name) if whole else None)
