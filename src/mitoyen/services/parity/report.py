"""A day's measure of all services and channels, as it may be published: a plain structure, no count below 5."""

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.utils import timezone

from mitoyen.manifests.registry import services
from mitoyen.services import codes, small
from mitoyen.services.enums import OFFLINE, Channel
from mitoyen.services.models import Request
from mitoyen.services.parity import compare, leaving, shares
from mitoyen.services.parity.cases import Bools, Cases, Delays, Floats, read, requests_in
from mitoyen.services.parity.costs import Costs, usable
from mitoyen.services.parity.survival import in_order, quantiles
from mitoyen.territory.enums import Origin

DAYS = 365
SEED = 20261125
FORM = 2
"""Of a measure: one that was kept in another form is not shown."""
DELAYS = ("answer", "end")
WORSE = {"answer": "slower", "end": "slower", "reopened": "more", "unanswered": "more", "rating": "lower"}
"""What is compared with the web, and the verdict that makes a channel worse."""
CHANNELS = tuple(channel.value for channel in Channel if channel != Channel.IMPORT)
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Test:
    """One comparison whose verdict waits for all others: where it goes, and what it compares."""

    into: Told
    cases: Cases
    channel: str
    which: str
    count: int
    compared: compare.Compared


def measure(until: dt.datetime | None = None, days: int = DAYS) -> Told:
    """Measure the last `days`. Real requests; those made up for a demonstration only where there are not 20 real ones.

    The structure is JSON: docs/parity.md tells its keys.
    """
    until = until or timezone.now()
    since = until - dt.timedelta(days=days)
    origin = _measured(since, until)
    window = (since, until, origin)
    names = sorted(set(requests_in(*window).values_list("service", flat=True)))
    marks, tests = _marks(since, until, origin), list[_Test]()
    table, fault = usable()
    told = [
        _service(read(name, *window, marks), table, leaving.counts(name, *window), tests) | {"service": name}
        for name in names
    ]
    for test, verdict in zip(tests, compare.verdicts([test.compared for test in tests]), strict=True):
        test.into.update(_compared(test, verdict))
    return {
        "form": FORM,
        "at": until.isoformat(),
        "since": since.date().isoformat(),
        "until": until.date().isoformat(),
        "origin": str(origin),
        "costs_fault": fault,
        "comparisons": sum(test.compared.enough for test in tests),
        "services": told,
        "worse": worse(told),
    }


def _measured(since: dt.datetime, until: dt.datetime) -> Origin:
    """Whoever tries a demonstration sends a few requests: they say nothing yet, so its made-up ones are still shown."""
    made_up = requests_in(since, until, Origin.GENERATED).exists()
    enough = requests_in(since, until, Origin.REAL)[: compare.ENOUGH].count() == compare.ENOUGH
    return Origin.GENERATED if made_up and not enough else Origin.REAL


def worse(told: list[Told]) -> list[Told]:
    """The channels without connection that serve worse than the web: service, channel, in what, and what is told of
    it."""
    return [
        {"service": service["service"], "channel": channel["channel"], "what": what, **channel["against_web"][what]}
        for service in told
        for channel in service["channels"]
        for what, bad in WORSE.items()
        if channel["offline"] and channel["against_web"] and channel["against_web"][what]["verdict"] == bad
    ]


def _service(cases: Cases, table: Costs, left: dict[str, int], tests: list[_Test]) -> Told:
    counts = {channel: int(cases.of(channel).sum()) for channel in CHANNELS}
    counts = {channel: count for channel, count in counts.items() if count}
    kept = small.shown(list(counts.values()))
    total = small.total(list(counts.values()))
    return {
        "total": total,
        "channels": [
            _channel(cases, channel, count, total)
            | {"abandoned": _abandoned(channel, counts[channel], left), "cost": table.of(channel)}
            | {"against_web": None if channel == Channel.WEB else _against_web(cases, channel, tests)}
            for channel, count in zip(counts, kept, strict=True)
        ],
    }


def _channel(cases: Cases, channel: str, count: int | None, total: int | None) -> Told:
    own = cases.of(channel)
    return {
        "channel": channel,
        "offline": channel in OFFLINE,
        "count": count,
        "share": round(count / total, 4) if count is not None and total else None,
        "answer": _delay(cases.answer, own),
        "end": _delay(cases.end, own),
        "reopened": _share(cases.reopened[own & cases.answer.happened]),
        "unanswered": _share(cases.forgotten[own & cases.mature]),
        "rating": _rating(cases.mark[own]),
    }


def _delay(delays: Delays, own: Bools) -> Told:
    """Median and 90th percentile; `more_than` where it isn't reached yet; nothing of fewer than 20 events."""
    days, happened = delays.days[own], delays.happened[own]
    if happened.sum() < compare.ENOUGH:
        return {"enough": False, "median": None, "p90": None}
    order = in_order(days, happened)
    found = quantiles(days[order], happened[order], np.ones((1, len(days))), compare.LEVELS)[0]
    longest = float(days.max())
    median, p90 = ({"days": _round(v)} if math.isfinite(v) else {"more_than": _round(longest)} for v in found)
    return {"enough": True, "median": median, "p90": p90}


def _share(which: Bools) -> Told | None:
    """A share of at least 20 with its interval; None when it would tell of fewer than 5, on either side."""
    return _share_of(int(which.sum()), len(which))


def _share_of(part: int, whole: int) -> Told | None:
    if whole < compare.ENOUGH or small.share_tells(part, whole):
        return None
    low, high = shares.wilson(part, whole)
    return {"share": round(part / whole, 4), "interval": [round(low, 4), round(high, 4)]}


def _abandoned(channel: str, handed_in: int, left: dict[str, int]) -> Told | None:
    """The share of those begun that were never handed in, where it is counted."""
    if channel not in leaving.COUNTED:
        return None
    given_up = left.get(channel, 0)
    return _share_of(given_up, handed_in + given_up)


def _rating(marks: Floats) -> Told | None:
    """Mean of the marks that people gave with their request's code, with its interval."""
    given = marks[np.isfinite(marks)]
    if len(given) < small.LEAST:
        return None
    low, high = shares.mean_interval(given)
    return {"mean": round(float(given.mean()), 1), "interval": [round(low, 1), round(high, 1)], "count": len(given)}


def _against_web(cases: Cases, channel: str, tests: list[_Test]) -> Told:
    both = compare.comparable(cases, channel, Channel.WEB)
    told: Told = {}
    for which in DELAYS:
        told[which] = {}
        compared = compare.delay(both, getattr(both, which), channel, SEED)
        tests.append(_Test(told[which], both, channel, which, int(cases.of(channel).sum()), compared))
    shown = {side: _channel(cases, side, None, None) for side in (channel, Channel.WEB)}
    for which, compared in shares.against(both, channel).items():
        told[which] = {}
        # What is not shown of one of the two sides doesn't follow from their difference either.
        enough = compared.enough and all(side[which] is not None for side in shown.values())
        kept = replace(compared, enough=enough)
        tests.append(_Test(told[which], both, channel, which, int(cases.of(channel).sum()), kept))
    return told


def _compared(test: _Test, verdict: compare.Verdict) -> Told:
    """What is said of one comparison. Nothing but that they are too few, when they are."""
    if test.which not in DELAYS:
        return _compared_share(test, verdict)
    if verdict.said == "too_few":
        return {"verdict": "too_few", "median": None, "interval": None, "p90": None, "compared": None, "step": None}
    median, p90 = test.compared.differences
    return {
        "verdict": verdict.said,
        "median": _round(median),
        "interval": [_round(verdict.low), _round(verdict.high)],
        "p90": _round(p90),
        "compared": None if small.share_tells(test.compared.cases, test.count) else test.compared.cases,
        "step": _step(test) if verdict.said == "slower" else None,
    }


def _compared_share(test: _Test, verdict: compare.Verdict) -> Told:
    """Of a share or a mark: what the channel has more than the web."""
    if verdict.said == "too_few":
        return {"verdict": "too_few", "difference": None, "interval": None}
    digits = 1 if test.which == "rating" else 3
    values = (test.compared.differences[0], verdict.low, verdict.high)
    difference, low, high = (round(value, digits) + 0.0 for value in values)
    return {"verdict": verdict.said, "difference": difference, "interval": [low, high]}


def _step(test: _Test) -> Told | None:
    """The step that takes the most of the difference, when more than chance; its days, and its share of all that is
    slower."""
    found = compare.steps(test.cases, test.channel)
    found = found[:3] if test.which == "answer" else found
    sure = [step for step in found if step.is_sure]
    if not sure:
        return None
    longest = max(sure, key=lambda step: step.days)
    slower = sum(step.days for step in found if step.days > 0)
    return {"name": longest.step, "days": _round(longest.days), "share": round(longest.days / slower, 2)}


def _marks(since: dt.datetime, until: dt.datetime, origin: Origin) -> dict[int, int]:
    """Request -> mark that the person gave when they judged the service with its code; the last one counts."""
    given: dict[str, int] = {}
    for service in services.installed().values():
        names = {question.type: question.name for question in service.manifest.questions}
        if "rating" not in names or "code" not in names:
            continue
        judged = requests_in(since, until, origin).filter(service=service.manifest.name).order_by("received_at")
        for answers in judged.values_list("answers", flat=True):
            code = codes.read(str(answers.get(names["code"], "")))
            if code and names["rating"] in answers:
                given[code] = int(answers[names["rating"]])
    found: dict[int, int] = {}
    listed = list(given)
    for start in range(0, len(listed), 1000):
        kept = Request.objects.filter(code__in=listed[start : start + 1000])
        found |= {pk: given[code] for pk, code in kept.values_list("pk", "code")}
    return found


def _round(days: float) -> float | None:
    """To a tenth of a day: more would only pretend."""
    return round(days, 1) + 0.0 if math.isfinite(days) else None
