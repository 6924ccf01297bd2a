"""What a declared rule watches: its datastreams as columns, with limits as each commune tuned them.

Stored values become true ones in the unit that the usage declares: the open deployment's factor and offset, then the
unit. Read again when something changed (`mark_of`), not at every pass.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, Max, Q
from django.utils import timezone
from numpy.typing import NDArray

from mitoyen.history.models import Datastream
from mitoyen.history.units import converter
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Usage
from mitoyen.manifests.models import UsageSwitch
from mitoyen.manifests.schema import AlertRule
from mitoyen.manifests.switches import communes_with
from mitoyen.operate.alerts.models import Tuning
from mitoyen.territory.models import Deployment, Thing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
# Amounts and indexes are looked at as what they make an hour.
PER_HOUR = ("counter", "delta")
_NAMES = ("pk", "thing_id", "observed_property", "unit", "kind", "thing__kind", "thing__commune_id")


@dataclass(frozen=True, slots=True)
class Watched:
    """Columns, one row a datastream, sorted by `number`. `limits` by threshold's name; `minutes` in µs.

    True value in the declared unit = stored x `factor` + `offset`. `group` numbers those of one kind, property and
    commune. `units` are the declared ones of `properties`, which `prop` points into.
    """

    number: Ints
    thing: Ints
    prop: NDArray[np.int8]
    kind: NDArray[np.str_]
    factor: Floats
    offset: Floats
    group: NDArray[np.int32]
    minutes: Ints
    limits: dict[str, Floats]
    properties: tuple[str, ...]
    units: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.number)


def mark_of(day: dt.date) -> tuple[Any, ...]:
    """Changes when what rules watch may have: datastreams, deployments, switches, tunings, the day."""
    streams = Datastream.objects.aggregate(Count("pk"), Max("pk"))
    deployed = Deployment.objects.aggregate(Count("pk"), Max("pk"), ended=Count("ends"))
    switched = UsageSwitch.objects.aggregate(Count("pk"), Max("pk"), Max("until"), Max("since"))
    tuned = Tuning.objects.aggregate(Count("pk"), Max("at"))
    return (day, *(tuple(one.values()) for one in (streams, deployed, switched, tuned)))


def tuned(rule: AlertRule, usage: str) -> dict[str, Tuning]:
    """How communes tuned a rule, by INSEE code."""
    return {one.commune_id: one for one in Tuning.objects.filter(usage=usage, rule=rule.name)}


def watched(usage: Usage, rule: AlertRule, day: dt.date | None = None) -> Watched:
    """The datastreams that a rule watches in the communes where its usage is on that day (today)."""
    tunings = tuned(rule, usage.manifest.name)
    on = communes_with(usage.manifest.name, day or timezone.localdate())
    on -= {insee for insee, one in tunings.items() if one.off}
    rows = list(_rows(rule, on))
    units = {stream.property: stream.unit for stream in usage.manifest.datastreams}
    carriers = _communes_of_parts(rows)
    served = _served(rule)
    made = [_line(row, units, served) for row in rows]
    kept = [(row, line) for row, line in zip(rows, made, strict=True) if line is not None]
    communes = [row[6] or carriers.get(row[1], "") for row, _line in kept]
    properties = tuple(rule.properties)
    limits = {
        name: np.array([_limit(tunings.get(insee), name, value) for insee in communes], np.float64)
        for name, value in rule.thresholds.items()
    }
    minutes = [_minutes(tunings.get(insee), rule) for insee in communes]
    return Watched(
        number=np.array([row[0] for row, _line in kept], np.int64),
        thing=np.array([row[1] for row, _line in kept], np.int64),
        prop=np.array([properties.index(row[2]) for row, _line in kept], np.int8),
        kind=np.array([row[4] for row, _line in kept], "U8"),
        factor=np.array([line[0] for _row, line in kept], np.float64),
        offset=np.array([line[1] for _row, line in kept], np.float64),
        group=_groups([(row[5], row[2], insee) for (row, _line), insee in zip(kept, communes, strict=True)]),
        minutes=np.array(minutes, np.int64) * 60_000_000,
        limits=limits,
        properties=properties,
        units=tuple(units.get(name, "") for name in properties),
    )


def _rows(rule: AlertRule, communes: set[str]) -> Iterable[tuple[Any, ...]]:
    where = Q(thing__commune__in=communes) | Q(thing__commune=None, thing__part_of__commune__in=communes)
    found = Datastream.objects.filter(where, observed_property__in=rule.properties)
    if rule.kinds:
        found = found.filter(thing__kind__in=rule.kinds)
    return found.order_by("pk").values_list(*_NAMES)


def _communes_of_parts(rows: list[tuple[Any, ...]]) -> dict[int, str]:
    """Communes of things that only have their carrier's."""
    if all(row[6] for row in rows):
        return {}
    found = Thing.objects.filter(commune=None).exclude(part_of__commune=None)
    return dict(found.values_list("pk", "part_of__commune_id"))


def _served(rule: AlertRule) -> dict[tuple[int, str], tuple[float, float]]:
    """Factor and offset of the open deployments that have any."""
    found = Deployment.objects.filter(ends=None, observed_property__in=rule.properties)
    found = found.exclude(factor=1.0, offset=0.0)
    rows = found.values_list("thing_id", "observed_property", "factor", "offset")
    return {(thing, observed): (factor, offset) for thing, observed, factor, offset in rows}


def _line(
    row: tuple[Any, ...], units: dict[str, str], served: dict[tuple[int, str], tuple[float, float]]
) -> tuple[float, float] | None:
    """Stored value to the true one in the declared unit; None where the units don't fit each other."""
    _pk, thing, observed, unit, kind, *_rest = row
    factor, offset = served.get((thing, observed), (1.0, 0.0))
    try:
        scale, shift = converter(unit, units.get(observed, unit))
    except Refused:
        return None
    return factor * scale, offset * scale + (0.0 if kind in PER_HOUR else shift)


def _limit(tuning: Tuning | None, name: str, value: float) -> float:
    return float(tuning.thresholds.get(name, value)) if tuning else value


def _minutes(tuning: Tuning | None, rule: AlertRule) -> int:
    return rule.minutes if tuning is None or tuning.minutes is None else tuning.minutes


def _groups(keys: list[tuple[str, str, str]]) -> NDArray[np.int32]:
    numbers: dict[tuple[str, str, str], int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32)
