"""Requests of a service as arrays: on which channel, when answered, when ended, how long each step took."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.models import Fact, Request
from mitoyen.territory.enums import Origin

DAY_S = 86_400.0
STEPS = ("read", "passed_on", "answered", "closed")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Delays:
    """Days from the request to an event, or to now where it hasn't come (`happened` false: the delay is longer)."""

    days: Floats
    happened: Bools


@dataclass(frozen=True, slots=True)
class Cases:
    """One service's requests. `stratum` numbers the category and commune. `steps` has a row for each of STEPS: days
    between one fact and the next, nan where it hasn't come."""

    number: Ints
    channel: NDArray[np.str_]
    stratum: Ints
    answer: Delays
    end: Delays
    reopened: Bools
    forgotten: Bools
    """Without an answer a month after the promised day."""
    mature: Bools
    """Whose promised day is more than a month ago."""
    mark: Floats
    """That the person gave afterwards, from 1 to 5; nan for none."""
    steps: Floats

    def of(self, channel: str) -> Bools:
        """Which of them came by this channel."""
        found: Bools = self.channel == channel
        return found


FORGOTTEN_AFTER = dt.timedelta(days=30)


def requests_in(since: dt.datetime, until: dt.datetime, origin: Origin) -> QuerySet[Request]:
    """What is compared: not what was imported, nor what moderation set aside."""
    found = Request.objects.filter(received_at__gte=since, received_at__lt=until, origin=origin)
    return found.exclude(channel=Channel.IMPORT).exclude(state__in=(State.REFUSED, State.UNKNOWN)).order_by()


def read(
    service: str,
    since: dt.datetime,
    until: dt.datetime,
    origin: Origin,
    marks: Mapping[int, int] = MappingProxyType({}),
) -> Cases:
    """The requests of a service received between two moments, as they stand at `until`. Three queries. `marks` by
    request."""
    rows = list(
        requests_in(since, until, origin)
        .filter(service=service)
        .values_list(
            "pk",
            "channel",
            "category",
            "commune_id",
            "received_at",
            "answered_at",
            "closed_at",
            "promised_for",
            "reopened",
        )
    )
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9
    received, answered, closed = (_seconds(column) for column in columns[4:7])
    now = until.timestamp()
    strata = {pair: at for at, pair in enumerate(sorted({(row[2], row[3] or "") for row in rows}))}
    answer, end = _delays(received, answered, now), _delays(received, closed, now)
    promised = np.array([(until.date() - day).days for day in columns[7]], dtype=float)
    mature = promised > FORGOTTEN_AFTER.days
    number = np.array(columns[0], dtype=np.int64)
    return Cases(
        number=number,
        channel=np.array(columns[1], dtype="U10"),
        stratum=np.array([strata[row[2], row[3] or ""] for row in rows], dtype=np.int64),
        answer=answer,
        end=end,
        reopened=np.array(columns[8], dtype=np.int64) > 0,
        forgotten=mature & ~answer.happened,
        mature=mature,
        mark=np.array([marks.get(pk, np.nan) for pk in columns[0]], dtype=float),
        steps=_steps(service, (since, until, origin), number, np.stack([received, answered, closed])),
    )


def only(cases: Cases, kept: Bools) -> Cases:
    """Some of the cases."""
    return replace(
        cases,
        number=cases.number[kept],
        channel=cases.channel[kept],
        stratum=cases.stratum[kept],
        answer=Delays(cases.answer.days[kept], cases.answer.happened[kept]),
        end=Delays(cases.end.days[kept], cases.end.happened[kept]),
        reopened=cases.reopened[kept],
        forgotten=cases.forgotten[kept],
        mature=cases.mature[kept],
        mark=cases.mark[kept],
        steps=cases.steps[:, kept],
    )


def _seconds(moments: tuple[dt.datetime | None, ...]) -> Floats:
    return np.array([np.nan if at is None else at.timestamp() for at in moments], dtype=float)


def _delays(received: Floats, at: Floats, now: float) -> Delays:
    happened = ~np.isnan(at) & (at <= now)
    return Delays(np.maximum(np.where(happened, at, now) - received, 0) / DAY_S, happened)


def _steps(service: str, window: tuple[dt.datetime, dt.datetime, Origin], number: Ints, moments: Floats) -> Floats:
    """From the facts: received, read by a moderator, with the team that answered, answered, closed."""
    received, answered, closed = moments
    order = np.argsort(number)
    released, passed = np.full(len(number), np.nan), np.full(len(number), np.nan)
    kinds = (FactKind.RELEASED, FactKind.PASSED_ON, FactKind.MOVED)
    facts = Fact.objects.filter(kind__in=kinds, request__in=requests_in(*window).filter(service=service))
    for pk, kind, at in facts.order_by("at").values_list("request_id", "kind", "at"):
        found = order[np.searchsorted(number, pk, sorter=order)]
        moment = at.timestamp()
        if kind == FactKind.RELEASED:
            released[found] = moment
        elif not moment > answered[found]:
            passed[found] = moment
    # A request that nobody had to read first, or to pass on, spent no time there.
    read_at = np.where(np.isnan(released), received, np.fmin(released, answered))
    with_team = np.fmax(read_at, np.where(np.isnan(passed), read_at, passed))
    parts = np.stack([read_at - received, with_team - read_at, answered - with_team, closed - answered])
    return np.where(np.isnan(answered), np.nan, np.maximum(parts, 0)) / DAY_S
