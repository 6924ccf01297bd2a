"""Silences planted among healthy devices, 200 of each sort, by seed: precision, recall, false alarms, delay; storms;
what gathering, writing and judging the health of 50,000 devices takes, and the alert of a gateway with 800 behind it.
Exit 1 when a dead device was missed, or the gateway was not one alert."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

DEVICES, FRAMES_EACH = 50_000, 3
EACH, DAYS, LEARNING = 200, 10.5, 3.5


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
    # First of all: an installation of its own.
    from tests import isolation

    assert isolation
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    missed = _planted() + _storms()
    _load()
    return int(missed > 0 or _alerts() != 1)


def _planted() -> int:
    import numpy as np
    from tests.connect.devices import planted

    made: Any = planted.Maker(11, DAYS, LEARNING)
    for loss in (0.0, 0.01, 0.05):
        made.add(EACH, f"dead, {loss:.0%} lost", loss=loss, gateways=(0, 12), fails=True)
        made.add(EACH, f"healthy, {loss:.0%} lost", loss=loss, gateways=(0, 12))
    made.add_by_event(EACH, loss=0.02, gateways=(0, 12))
    made.add_by_night(EACH, loss=0.01, gateways=(0, 12))
    started = time.monotonic()
    # Nights are known after three of them.
    outcome: Any = planted.watch(made.made, made.begins, made.ends)
    print(f"{'sort':<20}{'devices':>8}{'found':>7}{'surely':>8}{'false':>7}{'falsely sure':>14}")
    for sort in sorted(outcome.devices):
        found, surely = outcome.found[sort], outcome.surely[sort]
        print(f"{sort:<20}{outcome.devices[sort]:>8}{found:>7}{surely:>8}", end="")
        print(f"{outcome.false[sort]:>7}{outcome.falsely_sure[sort]:>14}")
    late = np.quantile(outcome.late, [0.5, 0.99, 1.0])
    for name, hits, false in (("silent", outcome.found, outcome.false), ("sure", outcome.surely, outcome.falsely_sure)):
        week = outcome.per_thousand_a_week(false)
        print(f"{name}: precision {outcome.precision(hits, false):.3f}, {week:.0f} false per 1,000 devices a week")
    print(f"raised {late[0]:.2f} / {late[1]:.2f} / {late[2]:.2f} intervals after the first frame that did not come")
    print(f"(median / p99 / most); looked at each five minutes; {time.monotonic() - started:.0f} s")
    return sum(1 for sort in outcome.devices if sort.startswith("dead") and outcome.found[sort] < EACH)


def _storms() -> int:
    from tests.connect.devices import planted

    wrong = 0
    alone = 0
    for seed in range(20):
        made: Any = planted.Maker(seed, 3.0)
        made.add(400, "healthy", loss=0.01, gateways=(0, 10))
        made.down((3,), made.begins + 2 * planted.HOUR, 4)
        made.down((4, 5, 6), made.begins + 12 * planted.HOUR, 4)
        made.down((), made.begins + 24 * planted.HOUR, 3)
        outcome: Any = planted.watch(made.made, made.begins, made.ends)
        wrong += _grown(outcome.storms) != [(3,), (4, 5, 6), ()]
        alone += outcome.falsely_sure.total()
    print(f"60 planted storms (1, 3 and all of 10 gateways): {20 - wrong} of 20 runs told exactly these three;")
    print(f"{alone} devices of 20 x 400 surely silent by themselves meanwhile")
    return wrong


def _grown(storms: list[tuple[tuple[int, ...], float]]) -> list[tuple[int, ...]]:
    """The storms told; one that holds more gateways ten minutes later is the same."""
    told: list[tuple[tuple[int, ...], float]] = []
    for gateways, when in storms:
        if told and when - told[-1][1] <= 600 and (not gateways or set(told[-1][0]) <= set(gateways)):
            told.pop()
        told.append((gateways, when))
    return [gateways for gateways, _when in told]


def _load() -> None:
    from mitoyen.connect.devices import health
    from mitoyen.connect.devices.models import DeviceModel, Registration
    from mitoyen.territory.models import Device

    model = DeviceModel.objects.create(slug="bench", name="bench")
    made = Device.objects.bulk_create(Device(serial=f"B{i}") for i in range(DEVICES))
    Registration.objects.bulk_create(
        Registration(device=device, address=f"{i:016x}", model=model) for i, device in enumerate(made)
    )
    start = 1_793_600_000_000_000
    for turn in range(3):
        seen = [
            health.Seen(
                device.pk, start + (turn * FRAMES_EACH + at) * 10_000_000, turn * FRAMES_EACH + at, battery=80.0,
                gateway=f"g{device.pk % 100}", rssi=-90.0, snr=5.0,
            )
            for at in range(FRAMES_EACH)
            for device in made
        ]  # fmt: skip
        health._gathered.every = 1e9
        began = time.process_time()
        for at in range(0, len(seen), 500):
            health.note(seen[at : at + 500])
        noted, began = time.process_time() - began, time.process_time()
        health.flush()
        wrote = time.process_time() - began
    frames = DEVICES * FRAMES_EACH
    print(f"{frames:,} frames of {DEVICES:,} devices: {noted:.3f} s to note, {wrote:.1f} CPU s to write, once a minute")
    began = time.process_time()
    health.silences(datetime.fromtimestamp(start / 1e6 + 150, UTC))
    print(f"judging {DEVICES:,} devices: {time.process_time() - began:.2f} CPU s")


def _alerts() -> int:
    """800 of the 50,000 fall silent behind their gateway: how many alerts, and what a look takes."""
    from mitoyen.connect.devices.models import Health
    from mitoyen.operate.alerts import silences
    from mitoyen.operate.alerts.models import Alert
    from mitoyen.territory.models import Deployment, Device, Thing

    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    devices = list(Device.objects.order_by("pk"))
    things = Thing.objects.bulk_create(Thing(slug=f"b{one.pk}", name=one.serial, kind="lamp") for one in devices)
    Deployment.objects.bulk_create(
        Deployment(device=one, thing=thing, observed_property="power", starts=now - timedelta(days=9))
        for one, thing in zip(devices, things, strict=True)
    )
    spread = {"usual_interval_s": 600, "gateway": "up", "silent_since": None, "silent_with": ""}
    Health.objects.update(last_seen=now - timedelta(minutes=1), **spread)
    behind = [one.pk for one in devices[:800]]
    Health.objects.filter(device__in=behind).update(gateway="g1", last_seen=now - timedelta(minutes=23))
    for what in ("opens", "again"):
        began = time.process_time()
        done = silences.look(now)
        print(f"a look over {DEVICES:,} devices, {what}: {time.process_time() - began:.2f} CPU s, {done}")
    return Alert.objects.filter(part_of=None).count()


if __name__ == "__main__":
    sys.exit(main())
