"""A deployment cut at the bounds of a period, so that only what lies within gets another factor.

A gauge is cut as it is. Of an index only its increments count, so each cut needs the index at that instant: it closes
one part and opens the next, and the increment that lies across is shared. Each part is then shifted so that the index,
once multiplied, goes on without a jump.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.history.times import utc64
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment

# Around a cut, readings are looked for near at first: most meters are read each hour.
_LOOKED = (timedelta(days=2), timedelta(days=60), timedelta(days=36_500))


def cut(one: Deployment, first: datetime | None, last: datetime | None, index: Datastream | None) -> Deployment:
    """The part of a deployment that lies in the period; what lies outside keeps its factor.

    `index` is the datastream where it is one. Raises Refused where nobody can say the index at a bound.
    """
    begins = first if first is not None and one.starts < first else None
    ends = last if last is not None and (one.ends is None or one.ends > last) else None
    index_first = _index_at(index, one, begins, ending=False) if index is not None and begins else None
    index_last = _index_at(index, one, ends, ending=True) if index is not None and ends else None
    tail: Deployment | None = None
    if ends is not None:
        tail = _part(one, ends, one.ends, index_last, one.last_index)
        one.ends, one.last_index = ends, index_last
    inner = one
    if begins is not None:
        inner = _part(one, begins, one.ends, index_first, one.last_index)
        one.ends, one.last_index = begins, index_first
    # Closed first: only one may be open.
    one.save(update_fields=["ends", "last_index"])
    for part in (tail, inner):
        if part is not None and part is not one:
            part.save()
    return inner


def is_cut(one: Deployment, first: datetime | None, last: datetime | None) -> bool:
    """Whether the deployment reaches out of the period."""
    return (first is not None and one.starts < first) or (last is not None and (one.ends is None or one.ends > last))


def let_go_on(parts: Iterable[Deployment]) -> None:
    """Shift the parts of one index so that, device by device, none begins with a jump. `parts`: by their start."""
    before: Deployment | None = None
    for one in parts:
        if before is not None and goes_on(before, one) and one.first_index is not None:
            offset = before.offset + one.first_index * (before.factor - one.factor)
            if offset != one.offset:
                one.offset = offset
                one.save(update_fields=["offset"])
        before = one


def goes_on(before: Deployment, after: Deployment) -> bool:
    """Whether it is one device that went on: the period of a factor ended there, nobody touched the device."""
    return before.device_id == after.device_id and before.ends == after.starts


def _part(
    of: Deployment, starts: datetime, ends: datetime | None, first_index: float | None, last_index: float | None
) -> Deployment:
    return Deployment(
        device=of.device, thing=of.thing, observed_property=of.observed_property, starts=starts, ends=ends,
        factor=of.factor, offset=of.offset, channel=of.channel, unit=of.unit, first_index=first_index,
        last_index=last_index,
    )  # fmt: skip


def _index_at(stream: Datastream, one: Deployment, moment: datetime, *, ending: bool) -> float:
    """The index at an instant: between two readings, as much as its share of the time. Raises Refused."""
    at = utc64(moment)
    for reach in _LOOKED:
        start, end = max(one.starts, moment - reach), moment + reach
        found = read.readings(stream, start - timedelta(microseconds=1), min(end, one.ends) if one.ends else end)
        before, after = np.flatnonzero(found.time <= at), np.flatnonzero(found.time >= at)
        if len(before) and len(after):
            low, high = before[-1], after[0]
            break
        if len(after) and start == one.starts:
            # Nothing was read before: what rose until then is not known anyway.
            return float(found.value[after[0]])
    else:
        raise _no_index(stream, moment, ending=ending)
    if found.value[high] < found.value[low]:
        raise Refused(
            _("The index of %(name)s went back around %(day)s: nobody can say where it stood then.")
            % {"name": stream.name, "day": _day(moment)},
            _("Choose a bound before or after that day, or record a swap if the meter was changed."),
            code="index_went_back",
        )
    span = (found.time[high] - found.time[low]).astype(np.float64)
    share = (at - found.time[low]).astype(np.float64) / span if span else 0.0
    return float(found.value[low] + share * (found.value[high] - found.value[low]))


def _no_index(stream: Datastream, moment: datetime, *, ending: bool) -> Refused:
    told = {"name": stream.name, "day": _day(moment)}
    if ending:
        return Refused(
            _("%(name)s is an index, and no reading of it came after %(day)s: where it stood is not known.") % told,
            _("Leave the end out, or choose a day before its last reading."),
            code="index_unknown",
        )
    return Refused(
        _("%(name)s is an index, and no reading of it came after %(day)s: nothing would change.") % told,
        _("Choose a day before its last reading."),
        code="index_unknown",
    )


def _day(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d/%m/%Y")
