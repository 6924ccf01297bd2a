"""Makes and keeps what usages show of communes: once a day, behind the pages that read it."""

import datetime as dt
import logging
from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from mitoyen.history.models import Datastream
from mitoyen.manifests.load import Usage
from mitoyen.manifests.personal import personal_kinds
from mitoyen.manifests.registry import installed, method_of
from mitoyen.manifests.schema import AlertRule, Show
from mitoyen.manifests.switches import communes_with
from mitoyen.operate.alerts import gathering
from mitoyen.operate.models import ShownFigures
from mitoyen.operate.shown import Maker, Shown
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Thing

# As many as the smallest group that buildings are compared in.
FEWEST_HOMES = 5
logger = logging.getLogger(__name__)


def refresh(now: dt.datetime | None = None) -> int:
    """Make anew what each usage shows of the communes in which it is on; how many were made. A method that fails is
    logged, and what it had made before stays."""
    moment = now or timezone.now()
    made = 0
    for name, usage in installed().items():
        communes = sorted(communes_with(name, moment.date()))
        for show in usage.manifest.shows:
            for commune in communes:
                made += _keep(usage, show, commune, moment)
    return made


def of_commune(insee: str, usage: str | None = None) -> list[ShownFigures]:
    """What is kept of a commune, in the order of the manifests. One query."""
    found = ShownFigures.objects.filter(commune_id=insee)
    kept = list(found.filter(usage=usage) if usage else found)
    places = {
        (name, show.name): place for name, one in installed().items() for place, show in enumerate(one.manifest.shows)
    }
    return sorted(
        (one for one in kept if (one.usage, one.show) in places),
        key=lambda one: (one.usage, places[one.usage, one.show]),
    )


def _keep(usage: Usage, show: Show, commune: str, now: dt.datetime) -> int:
    name = usage.manifest.name
    try:
        shown = _made(usage, show, commune, now)
    except Exception:
        logger.exception("What %s shows as %s can't be made for %s", name, show.name, commune)
        return 0
    with transaction.atomic():
        if shown is None or _of_few_homes(shown):
            ShownFigures.objects.filter(usage=name, show=show.name, commune_id=commune).delete()
            return 0
        content = asdict(shown) | {"first": shown.first.isoformat(), "last": shown.last.isoformat()}
        names = list(Datastream.objects.filter(pk__in=shown.datastreams[:2000]).select_related("thing"))
        people = personal_kinds()
        content["datastreams"] = sorted(one.name for one in names if one.thing.kind not in people)
        if show.together == "thing" and any(one.thing.kind in people for one in names):
            # Each row would name a home: what they make together is told.
            content["rows"] = []
        ShownFigures.objects.update_or_create(
            usage=name,
            show=show.name,
            commune_id=commune,
            defaults={"content": content, "made_at": now, "generated": _generated(shown)},
        )
    return 1


def _of_few_homes(shown: Shown) -> bool:
    """Whether so few homes are counted together that the sum tells of each."""
    things = Thing.objects.filter(datastreams__pk__in=shown.datastreams[:500], kind__in=personal_kinds())
    return 0 < things.distinct().count() < FEWEST_HOMES


def _made(usage: Usage, show: Show, commune: str, now: dt.datetime) -> Shown | None:
    # Groups are gathered as for a rule of code.
    rule = AlertRule(
        name=show.name, method="code", properties=show.properties, kinds=show.kinds, together=show.together,
        days=show.days,
    )  # fmt: skip
    lots = gathering.lots(rule, {commune})
    if not lots:
        return None
    units = {stream.property: stream.unit for stream in usage.manifest.datastreams}
    function: Maker = method_of(usage, show)
    return function(show, (group for _lot, group in gathering.groups(rule, lots, units, now)))


def _generated(shown: Shown) -> bool:
    things = Thing.objects.filter(datastreams__pk__in=shown.datastreams[:500])
    return things.filter(origin=Origin.GENERATED).exists()
