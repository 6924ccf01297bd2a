"""Devices of the demo: probes in its buildings, whose health is made up and marked so."""

import random
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from mitoyen.connect.devices.battery import end_of
from mitoyen.connect.devices.enums import FieldRole
from mitoyen.connect.devices.merging import EMPTY_PERCENT
from mitoyen.connect.devices.models import DeviceModel, Field, Gateway, Health, Registration
from mitoyen.demo.places import BY
from mitoyen.history.enums import Kind
from mitoyen.territory.models import Deployment, Device, Thing

COUNT, BEHIND = 48, 8
GATEWAYS = ("demo-belle-beille", "demo-lac-de-maine", "demo-trelaze")
DOWN = GATEWAYS[2]
FIELDS = (
    ("temperature", FieldRole.OBSERVATION, "temperature", "Cel", "name"),
    ("humidity", FieldRole.OBSERVATION, "humidity", "%", "name"),
    ("battery", FieldRole.BATTERY_PERCENT, "", "%", "percent"),
)


def make(seed: int) -> int:
    """Register the probes, or make their health young again; how many there are."""
    chance = random.Random(f"devices {seed}")
    buildings = list(
        Thing.objects.filter(kind="building", part_of=None, commune__isnull=False).order_by("slug")[:COUNT]
    )
    now = timezone.now()
    with transaction.atomic():
        model = _model()
        for name in GATEWAYS:
            down = name == DOWN
            since = now - timedelta(hours=3) if down else None
            about = {"last_seen": since or now, "silent_since": since, "devices_silent": BEHIND if down else 0}
            Gateway.objects.update_or_create(address=name, defaults=about)
        for number, building in enumerate(buildings):
            device = _registered(number, building, model)
            Health.objects.update_or_create(device=device, defaults=_health(number, now, chance))
    return len(buildings)


def _model() -> DeviceModel:
    about = {"maker": "Démo", "name": "Sonde intérieure", "expected_interval_s": 900}
    model, _new = DeviceModel.objects.get_or_create(slug="demo-sonde", defaults=about)
    for path, role, observed, unit, why in FIELDS:
        told = {"role": role, "observed_property": observed, "unit": unit, "kind": Kind.GAUGE, "why": [[why, path]]}
        Field.objects.get_or_create(model=model, path=path, defaults={**told, "confirmed_by": BY})
    Field.objects.get_or_create(
        model=model, path="co2", defaults={"observed_property": "co2", "unit": "ppm", "why": [["name", "co2"]],
                                           "examples": [612, 634, 655]},
    )  # fmt: skip
    return model


def _registered(number: int, building: Thing, model: DeviceModel) -> Device:
    device, _new = Device.objects.get_or_create(serial=f"DEMO-{number:03}", defaults={"model": str(model)})
    starts = timezone.make_aware(datetime(2025, 9, 1))
    Registration.objects.get_or_create(device=device, defaults={"address": f"demo{number:012x}", "model": model})
    for name in ("temperature", "humidity"):
        if not Deployment.objects.filter(thing=building, observed_property=name, ends=None).exists():
            Deployment.objects.create(device=device, thing=building, observed_property=name, starts=starts)
    return device


def _health(number: int, now: datetime, chance: random.Random) -> dict[str, object]:
    """Most are well; eight fell silent with their gateway, two by themselves, a few batteries are low."""
    gateway = DOWN if number < BEHIND else GATEWAYS[number % 2]
    alone = number in {BEHIND + 1, BEHIND + 2}
    quiet = timedelta(hours=3) if number < BEHIND else timedelta(hours=2 + 40 * (number - BEHIND - 1) if alone else 0)
    last = now - quiet - timedelta(seconds=chance.uniform(5, 900))
    silent = number < BEHIND or alone
    fall = 0.55 if number % 9 == 4 else 0.08
    trail = _trail(now.date(), fall, chance)
    end = end_of(trail, EMPTY_PERCENT)
    frames, lost = chance.randint(20_000, 40_000), chance.choice([0.002, 0.01, 0.04])
    return {
        "last_seen": last, "last_counter": frames % 65_536, "frames": frames, "missed": round(frames * lost),
        "loss": lost, "usual_interval_s": 900.0, "spread_s": 2.0, "gaps": [900.0] * 5, "gateway": gateway,
        "rssi": float(-chance.randint(78, 116)), "snr": float(chance.randint(-6, 10)),
        "battery_percent": trail[-1][1], "battery_trail": trail,
        "battery_ends": end.day if end else None, "battery_ends_from": end.first if end else None,
        "battery_ends_to": end.last if end else None,
        "clock_drift_s": float(chance.choice([0, 1, 2, -400 if number == 20 else 1])),
        "silent_since": last if silent else None, "silent_sure": silent and number != BEHIND + 1,
        "silent_with": DOWN if number < BEHIND else "", "generated": True,
    }  # fmt: skip


def _trail(today: date, fall: float, chance: random.Random) -> list[list[float]]:
    """A hundred days of a battery that falls by `fall` percent a day, rounded as devices do."""
    start = chance.uniform(82, 96)
    return [
        [float(today.toordinal() - 99 + day), float(round(start - fall * day + chance.uniform(-0.6, 0.6)))]
        for day in range(100)
    ]
