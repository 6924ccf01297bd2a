"""What is shown of a commune's bins: the day on which each will be full, and the round that visits only those due."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from mitoyen.history.times import PARIS
from mitoyen.manifests.schema import Show
from mitoyen.operate.detect import Group, Subject, Window
from mitoyen.operate.shown import Number, Shown
from mitoyen.operate.windows import number
from mitoyen.usages.waste.filling import LEVEL, Outlook, outlook
from mitoyen.usages.waste.rounds import Lorry, Round, Spot, needed, plan

# Until the next round; a bin that is left must stay below this level (percent) until then, so that choosing spills no
# more than emptying each bin in a rhythm of its own does (`python -m bench.rounds`).
UNTIL_NEXT_DAYS = 3.0
LEFT_BELOW = 80.0
BIN_LITRES = 1000.0
# For each bin of a round; a round of 500 is given ten seconds.
SOLVER_S_A_BIN, LEAST_SOLVER_S = 0.02, 0.3
ROWS = 40


def filling(show: Show, groups: Iterable[Group]) -> Shown | None:
    """Each bin's level, its rate and the likely day on which it will be full, the first ones first."""
    known = [(one, found, group.now) for group in groups for one, found in _outlooks(group)]
    if not known:
        return None
    known.sort(key=lambda row: (row[1].full is None, row[1].full or row[2]))
    now = known[0][2]
    soon = sum(
        found.full is not None and found.full <= now + dt.timedelta(days=UNTIL_NEXT_DAYS) for _one, found, _now in known
    )
    return Shown(
        numbers=(Number("bins", float(len(known)), "1"), Number("soon", float(soon), "1")),
        first=(now - dt.timedelta(days=show.days)).date(),
        last=now.date(),
        rows=tuple(
            (one.name, found.level, found.a_day, _day(found.full), _day(found.earliest), _day(found.latest))
            for one, found, _now in known[:ROWS]
        ),
        facts={"bins": len(known), "soon": soon, "days": UNTIL_NEXT_DAYS},
        datastreams=tuple(one.windows[LEVEL].datastream for one, _found, _now in known),
    )


def collection(show: Show, groups: Iterable[Group]) -> Shown | None:
    """The next round, depot by depot, beside the fixed one over all bins: kilometres, litres, kgCO2e."""
    rows: list[tuple[Any, ...]] = []
    ours, fixed = Round((), 0.0, 0.0, 0.0), Round((), 0.0, 0.0, 0.0)
    streams: list[int] = []
    bins = visited = 0
    last = dt.date.min
    for group in groups:
        depot, known = group.parent, _outlooks(group)
        spots = [_spot(one, found) for one, found in known]
        if depot is None or depot.longitude is None or depot.latitude is None or not spots or None in spots:
            continue
        base = Spot(depot.name, depot.longitude, depot.latitude)
        chosen = due([one.windows[LEVEL] for one, _found in known], group.now)
        every = [spot for spot in spots if spot is not None]
        made = _planned(base, [every[at] for at in chosen])
        whole = _planned(base, every)
        ours, fixed = _sum(ours, made), _sum(fixed, whole)
        places = {one.key: one for one in every}
        for tour, stops in enumerate(made.tours, start=1):
            rows += [(f"{depot.name}, {tour}.{at}", key, places[key].litres) for at, key in enumerate(stops, start=1)]
        bins, visited, last = bins + len(every), visited + len(chosen), group.now.date()
        streams += [one.windows[LEVEL].datastream for one, _found in known]
    if not bins:
        return None
    return Shown(
        numbers=(
            Number("km", ours.km, "km"),
            Number("km_fixed", fixed.km, "km"),
            Number("litres_spared", fixed.litres - ours.litres, "L"),
            Number("kgco2e_spared", fixed.kgco2e - ours.kgco2e, "kgCO2e"),
        ),
        first=last,
        last=last + dt.timedelta(days=int(UNTIL_NEXT_DAYS)),
        rows=tuple(rows[: 3 * ROWS]),
        facts={"bins": bins, "due": visited, "percent": 100 * (1 - ours.km / fixed.km) if fixed.km else None},
        datastreams=tuple(streams),
    )


def due(windows: Sequence[Window], now: dt.datetime) -> list[int]:
    """Places of the bins to visit: those that may pass LEFT_BELOW before the next round, and those nothing is known
    of."""
    seen = [outlook(one, now, LEFT_BELOW) for one in windows]
    return needed(
        [100.0 if one is None else one.level for one in seen],
        [None if one is None else _days_until(one.earliest, now) for one in seen],
        UNTIL_NEXT_DAYS,
    )


def _planned(depot: Spot, bins: Sequence[Spot]) -> Round:
    return plan(depot, bins, Lorry(), seconds=max(LEAST_SOLVER_S, SOLVER_S_A_BIN * len(bins)))


def _outlooks(group: Group) -> list[tuple[Subject, Outlook]]:
    found = [(one, outlook(one.windows[LEVEL], group.now)) for one in group.subjects if LEVEL in one.windows]
    return [(one, known) for one, known in found if known is not None]


def _spot(one: Subject, found: Outlook) -> Spot | None:
    if one.longitude is None or one.latitude is None:
        return None
    return Spot(
        one.name, one.longitude, one.latitude, found.level / 100 * (number(one.attributes, "litres") or BIN_LITRES)
    )


def _days_until(moment: dt.datetime | None, now: dt.datetime) -> float | None:
    return None if moment is None else (moment - now).total_seconds() / 86_400


def _sum(one: Round, other: Round) -> Round:
    return Round(one.tours + other.tours, one.km + other.km, one.litres + other.litres, one.kgco2e + other.kgco2e)


def _day(moment: dt.datetime | None) -> str:
    return "–" if moment is None else f"{moment.astimezone(PARIS):%d/%m/%Y}"
