"""Makes the generated objects, their readings up to this hour, and looks at them as the installation does."""

import datetime as dt

import numpy as np
from django.db import transaction
from django.utils import timezone

from mitoyen.demo import staging
from mitoyen.demo.climate import PARIS, Clock, clock, random
from mitoyen.demo.objects import air, floods, green_spaces, lighting, mobility, waste, water
from mitoyen.demo.objects.made import Made, days_of
from mitoyen.demo.places import SOURCE
from mitoyen.demo.staging import Told
from mitoyen.history.enums import BatchState
from mitoyen.history.models import Batch, Datastream
from mitoyen.history.times import utc64
from mitoyen.manifests.models import UsageSwitch
from mitoyen.operate import showing
from mitoyen.operate.alerts.detecting import coded, detect
from mitoyen.operate.alerts.live import Rules
from mitoyen.operate.forecast import forecasting
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Thing

# A forecast needs eight weeks.
DAYS = 60
SOURCE_OF_READINGS = "mitoyen demo, objects"
USAGES = {
    "lighting": lighting,
    "water": water,
    "green_spaces": green_spaces,
    "waste": waste,
    "mobility": mobility,
    "air": air,
    "floods": floods,
}
FORECAST = ("count", "level")


def make(seed: int, now: dt.datetime | None = None) -> int:
    """The objects, with readings from `DAYS` ago up to the last whole hour; how many readings are new.

    Started again later, it adds the hours since; the faults began when it was first made.
    """
    moment = now or timezone.now()
    known = Batch.objects.filter(state=BatchState.LIVE, source__startswith=SOURCE_OF_READINGS).order_by("pk")
    first, newest = known.first(), known.last()
    planned = [one for module in USAGES.values() for one in module.objects()]
    things = _things(planned)
    begun = _until_of(first) if first else utc64(moment).astype("M8[h]").astype("M8[us]")
    hours = _hours(_until_of(newest) if newest else begun - np.timedelta64(DAYS, "D"), moment)
    written = 0
    if len(hours.end):
        until = str(hours.end[-1].astype("M8[s]"))
        written = staging.store(f"{SOURCE_OF_READINGS} {until}", hours, _told(planned, things, hours, begun, seed))
    return written


def look(now: dt.datetime | None = None) -> int:
    """Run the rules, make what usages show and a few forecasts, as the installation does in its time; alerts that
    opened."""
    moment = now or timezone.now()
    opened = Rules().look(moment).opened
    opened += sum(detect(usage, rule, moment).opened for usage, rule in coded() if usage.manifest.name in USAGES)
    showing.refresh(moment)
    for stream in Datastream.objects.filter(observed_property__in=FORECAST, thing__origin=Origin.GENERATED):
        forecasting.forecast(stream)
    return opened


def _until_of(batch: Batch) -> np.datetime64:
    return np.datetime64(batch.source.removeprefix(SOURCE_OF_READINGS).strip(), "us")


def _hours(after: np.datetime64, moment: dt.datetime) -> Clock:
    """Whole hours that ended after an instant and by now."""
    first = after.astype(dt.datetime).replace(tzinfo=dt.UTC).astimezone(PARIS).date()
    whole = clock(first, moment.astimezone(PARIS).date())
    kept = (whole.end > after) & (whole.end <= utc64(moment))
    return Clock(whole.end[kept], whole.day[kept], whole.weekday[kept], whole.hour[kept])


def _told(planned: list[Made], things: dict[str, Thing], hours: Clock, begun: np.datetime64, seed: int) -> list[Told]:
    days = days_of(hours, begun)
    told = []
    for one in planned:
        for series in one.series:
            parts = [series.values(day, random(seed, f"{one.slug}/{series.name}/{day.day}")) for day in days]
            told.append(Told(things[one.slug], series.name, series.unit, series.kind, np.concatenate(parts)))
    return told


@transaction.atomic
def _things(planned: list[Made]) -> dict[str, Thing]:
    communes = Commune.objects.in_bulk({one.insee for one in planned})
    things = Thing.objects.in_bulk([one.slug for one in planned], field_name="slug")
    for one in planned:
        if one.slug in things:
            continue
        commune = communes[one.insee]
        things[one.slug] = Thing.objects.create(
            slug=one.slug,
            name=one.name,
            kind=one.kind,
            commune=commune,
            part_of=things.get(one.part_of),
            longitude=round(commune.longitude + one.east, 5),
            latitude=round(commune.latitude + one.north, 5),
            attributes=one.attributes,
            origin=Origin.GENERATED,
            source=SOURCE,
        )
    since = timezone.localdate() - dt.timedelta(days=DAYS)
    switches = {(usage, one.insee) for usage, module in USAGES.items() for one in module.objects()}
    UsageSwitch.objects.bulk_create(
        [UsageSwitch(usage=usage, commune=communes[insee], since=since) for usage, insee in sorted(switches)],
        ignore_conflicts=True,
    )
    return things
