"""A wrong factor put right over the history in one action: readings stay as they came, deployments tell their meaning.

An energy a hundred times too high, a probe that counts litres as cubic metres: true value = reading x factor + offset,
applied whenever readings are read, so the past is right at once; rollups follow. Within a period, an index has its
increments multiplied and is shifted after it, so that nothing jumps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from mitoyen.connect.devices import cutting
from mitoyen.connect.devices.models import DeviceModel
from mitoyen.history import read, rollups
from mitoyen.history.enums import Kind
from mitoyen.history.models import Datastream
from mitoyen.history.rules import rules_for
from mitoyen.history.times import PARIS
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device

SAMPLES, SAMPLE_DAYS = 3, 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which deployments get which factor. `times` multiplies the factor they have, `factor` sets it.

    Of one device or of all devices of a model; of one property where it is given (`thing/property`: there only); from
    `first` (included) to `last` (excluded), None for all of the past or the future.
    """

    device: Device | None = None
    model: DeviceModel | None = None
    observed_property: str = ""
    factor: float | None = None
    times: float | None = None
    offset: float | None = None
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One day of one datastream, before and after, in `unit`: the day's amount, or a gauge's mean."""

    name: str
    unit: str
    day: date
    before: float
    after: float


@dataclass
class Change:
    """What the factor becomes where, and what sample days become."""

    deployments: int = 0
    split: int = 0
    datastreams: list[str] = field(default_factory=list)
    factors: list[tuple[float, float]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


class _Back(Exception):
    """Ends a trial."""


def preview(asked: Asked) -> Change:
    """What `apply` would change; nothing stays written. Raises Refused."""
    change = Change()
    try:
        with transaction.atomic():
            change = _change(asked)
            raise _Back
    except _Back:
        return change


def apply(asked: Asked, by: str, why: str) -> Change:
    """Set the factor. The audit trail keeps what it was; the same with the inverse takes it back. Raises Refused."""
    with transaction.atomic():
        change = _change(asked)
        of = asked.device.serial if asked.device is not None else asked.model.slug if asked.model is not None else ""
        about: dict[str, Any] = {"factor": asked.factor, "times": asked.times, "offset": asked.offset}
        about |= {"property": asked.observed_property, "first": asked.first, "last": asked.last}
        before = sorted({old for old, _new in change.factors})
        audit.record(
            by, "devices.factor_set", of, why=why, deployments=change.deployments, factors_before=before, **about
        )
    return change


def refresh() -> None:
    """Bring the rollups up to what `apply` changed; readings are right before that too, only slower."""
    rollups.refresh()


def _change(asked: Asked) -> Change:
    _check(asked)
    found = list(_deployments(asked).select_related("thing", "device").order_by("pk"))
    if not found:
        raise Refused(
            _("No deployment is concerned."), _("Check the device or model, the property and the dates."), code="none"
        )
    keys = {(one.thing_id, one.observed_property) for one in found}
    streams = [
        stream
        for stream in Datastream.objects.filter(thing__in={one.thing_id for one in found}).select_related("thing")
        if (stream.thing_id, stream.observed_property) in keys
    ]
    change = Change(datastreams=sorted(stream.name for stream in streams))
    counters = {(one.thing_id, one.observed_property): one for one in streams if one.kind == Kind.COUNTER}
    sampled = [(stream, days) for stream in streams[:50] if (days := _days(stream, asked))][:SAMPLES]
    before = [_daily(stream, days) for stream, days in sampled]
    for one in found:
        index = counters.get((one.thing_id, one.observed_property))
        part = one
        if cutting.is_cut(one, asked.first, asked.last):
            _check_index(asked, index)
            part = cutting.cut(one, asked.first, asked.last, index)
            change.split += 1
        new = asked.factor if asked.factor is not None else part.factor * (asked.times or 1.0)
        change.factors.append((part.factor, new))
        part.factor = new
        if asked.offset is not None:
            part.offset = asked.offset
        part.save()
        change.deployments += 1
    for thing, name in counters:
        kept = Deployment.objects.filter(thing=thing, observed_property=name).order_by("starts")
        cutting.let_go_on(list(kept))
    after = [_daily(stream, days) for stream, days in sampled]
    for (stream, days), old, fresh in zip(sampled, before, after, strict=True):
        unit = rules_for([stream])[stream.pk].amount_unit
        for at, day in enumerate(days):
            if not np.isnan(old[at]) and not np.isnan(fresh[at]):
                change.samples.append(Sample(stream.name, unit, day, float(old[at]), float(fresh[at])))
    return change


def _check(asked: Asked) -> None:
    if (asked.device is None) == (asked.model is None):
        raise ValueError("either a device or a model")
    if asked.factor is None and asked.times is None and asked.offset is None:
        raise Refused(_("Say the right factor, or what to multiply by."), code="nothing")
    for number in (asked.factor, asked.times):
        if number is not None and (not math.isfinite(number) or number == 0):
            raise Refused(_("The factor can't be 0."), _("Use 1 when there is none."), code="bad_factor")
    if asked.first is not None and asked.last is not None and asked.first >= asked.last:
        raise Refused(_("The period ends before it begins."), code="bad_period")


def _check_index(asked: Asked, index: Datastream | None) -> None:
    if index is not None and asked.offset is not None:
        raise Refused(
            _("%(name)s is an index: within a period only its factor can change.") % {"name": index.name},
            _("What is added to an index changes no consumption: leave it out."),
            code="index_offset",
        )


def _deployments(asked: Asked) -> QuerySet[Deployment]:
    found = Deployment.objects.all()
    if asked.device is not None:
        found = found.filter(device=asked.device)
    else:
        found = found.filter(device__registration__model=asked.model)
    if asked.observed_property:
        thing, _slash, name = asked.observed_property.rpartition("/")
        found = found.filter(observed_property=name)
        if thing:
            found = found.filter(thing__slug=thing)
    if asked.first is not None:
        found = found.exclude(ends__lte=asked.first)
    if asked.last is not None:
        found = found.exclude(starts__gte=asked.last)
    return found


def _days(stream: Datastream, asked: Asked) -> list[date]:
    """The last days of the period with readings, five at most; of a period that ended, the day after it too."""
    extent = read.extent(stream)
    if extent is None:
        return []
    begin = max(_day(extent[0]), asked.first.astimezone(PARIS).date() if asked.first else date.min)
    until = (asked.last - timedelta(microseconds=1)).astimezone(PARIS).date() if asked.last else date.max
    end = min(_day(extent[1]), until)
    days = [day for back in reversed(range(SAMPLE_DAYS)) if (day := end - timedelta(days=back)) >= begin]
    beyond = end + timedelta(days=1)
    return [*days, beyond] if days and asked.last is not None and beyond <= _day(extent[1]) else days


def _daily(stream: Datastream, days: Sequence[date]) -> np.ndarray:
    found = read.daily([stream], days[0], days[-1]).get(stream.pk)
    values = np.full(len(days), np.nan)
    if found is not None:
        values[:] = found.mean if stream.kind == Kind.GAUGE else found.amount
    return values


def _day(moment: np.datetime64) -> date:
    since = timedelta(microseconds=int(moment.astype("datetime64[us]").astype(np.int64)))
    return (_EPOCH + since).astimezone(PARIS).date()
