"""The demo in the register: buildings and their meters, devices, closed days, actions, usage switches."""

import datetime as dt
from decimal import Decimal

import numpy as np
from django.db import transaction

from mitoyen.demo.calendars import CLOSED_WITH_SCHOOLS, school_holidays
from mitoyen.demo.climate import PARIS, random
from mitoyen.demo.consumption import Building
from mitoyen.demo.plan import DEEDS, FIRST_DAY
from mitoyen.demo.readings import METER_SUFFIX, Series
from mitoyen.evaluate.actions import record_action
from mitoyen.evaluate.models import Closure
from mitoyen.manifests.models import UsageSwitch
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Deployment, Device, Thing
from mitoyen.territory.swaps import swap_device

BY = "mitoyen demo"
SOURCE = "mitoyen demo (generated)"
STATION = "station-meteo-angers"
METER_NAMES = {"electricity": "Électricité", "gas": "Gaz", "heat": "Chaleur", "water": "Eau"}


@transaction.atomic
def make(buildings: list[Building], seed: int) -> dict[str, Thing]:
    """Buildings, meters and the weather station, by name; those already there are left as they are."""
    communes = Commune.objects.in_bulk()
    known = Thing.objects.in_bulk(field_name="slug")
    station = _station(communes["49007"])
    wanted = [_building(building, communes[building.insee], seed) for building in buildings] + [station]
    Thing.objects.bulk_create([thing for thing in wanted if thing.slug not in known])
    things = Thing.objects.in_bulk([thing.slug for thing in wanted], field_name="slug")
    meters = [
        _meter(building, observed_property, things[building.slug])
        for building in buildings
        for observed_property in building.energies
    ]
    Thing.objects.bulk_create([meter for meter in meters if meter.slug not in known])
    return things | Thing.objects.in_bulk([meter.slug for meter in meters], field_name="slug")


@transaction.atomic
def deploy(meters: list[Series], things: dict[str, Thing]) -> None:
    """A device on every meter, and the swaps that somebody declared."""
    known = set(Deployment.objects.values_list("thing__slug", flat=True))
    fresh = [series for series in meters if series.meter_slug not in known]
    devices = Device.objects.bulk_create(
        [Device(serial=f"GEN-{series.meter_slug}", model="compteur généré") for series in fresh]
    )
    start = dt.datetime.combine(FIRST_DAY, dt.time(), PARIS)
    Deployment.objects.bulk_create(
        Deployment(
            device=device,
            thing=things[series.meter_slug],
            observed_property=series.observed_property,
            starts=start,
            first_index=float(series.values[0]) if series.kind == "counter" else None,
        )
        for series, device in zip(fresh, devices, strict=True)
    )
    for series in fresh:
        if series.swap is not None and series.swap.declared:
            at = series.swap.at.astype("M8[us]").astype(dt.datetime).replace(tzinfo=dt.UTC)
            swap_device(
                things[series.meter_slug],
                series.observed_property,
                at,
                f"GEN-{series.meter_slug}-2",
                series.swap.last_index,
                series.swap.first_index,
                BY,
            )


@transaction.atomic
def tell(buildings: list[Building], things: dict[str, Thing]) -> None:
    """What people would have told: closed days, actions, and that the usage is on."""
    schools = [things[building.slug] for building in buildings if building.use in CLOSED_WITH_SCHOOLS]
    known = set(Closure.objects.values_list("thing_id", "first"))
    Closure.objects.bulk_create(
        Closure(thing=school, first=first, last=last, reason="Vacances scolaires (zone B)")
        for school in schools
        for first, last in school_holidays()
        if (school.pk, first) not in known
    )
    for deed in DEEDS:
        if deed.slug in things:
            record_action(
                BY,
                things[deed.slug],
                deed.title,
                deed.starts,
                ends=deed.ends,
                observed_property=deed.observed_property,
                kind=deed.kind,
                cost_eur=Decimal(deed.cost_eur),
            )
    UsageSwitch.objects.bulk_create(
        [UsageSwitch(usage="buildings", commune=commune, since=FIRST_DAY) for commune in Commune.objects.all()],
        ignore_conflicts=True,
    )


def _building(building: Building, commune: Commune, seed: int) -> Thing:
    """Somewhere within a few hundred metres of the commune's centre point."""
    east, north = random(seed, f"{building.slug}/place").normal(0, 0.004, 2)
    return Thing(
        slug=building.slug,
        name=building.name,
        kind="building",
        commune=commune,
        longitude=round(commune.longitude + float(east), 5),
        latitude=round(commune.latitude + float(np.clip(north, -0.008, 0.008)), 5),
        attributes={
            "use": building.use,
            "floor_area_m2": building.floor_area_m2,
            "users": building.users,
            "opening_hours": building.opening_hours,
        },
        origin=Origin.GENERATED,
        source=SOURCE,
    )


def _meter(building: Building, observed_property: str, whole: Thing) -> Thing:
    return Thing(
        slug=f"{building.slug}-{METER_SUFFIX[observed_property]}",
        name=f"{METER_NAMES[observed_property]}, {building.name}",
        kind="meter",
        commune_id=building.insee,
        part_of=whole,
        origin=Origin.GENERATED,
        source=SOURCE,
    )


def _station(commune: Commune) -> Thing:
    return Thing(
        slug=STATION,
        name="Station météo d'Angers (mesures générées)",
        kind="weather_station",
        commune=commune,
        longitude=-0.61,
        latitude=47.48,
        origin=Origin.GENERATED,
        source=SOURCE,
    )
