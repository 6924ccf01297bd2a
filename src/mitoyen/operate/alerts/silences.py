"""Silent devices as alerts: one a device that serves something, one for all that fell silent together.

`connect.devices.health` judges the fleet; what it says goes through the one life of alerts. A device that serves no
thing is the register's affair (its page shows it): nobody misses its readings.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext as _

from mitoyen.connect.devices import health
from mitoyen.connect.devices.health import Silence, Silences, Storm
from mitoyen.connect.devices.models import Gateway, Health
from mitoyen.connect.devices.silence import EVERYTHING
from mitoyen.manifests.schema import AlertRule, Level
from mitoyen.operate.alerts.enums import DEVICES
from mitoyen.operate.alerts.keeping import FOLLOWED, Settled, settle
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.detect import Sighting
from mitoyen.territory.locate import commune_at
from mitoyen.territory.models import Deployment, Thing

ALONE = AlertRule(name="device_silent", method="code", properties=[], level="notice")
TOGETHER = AlertRule(name="silent_together", method="code", properties=[], level="warning", escalate_minutes=240)
# Of those told silent, so many were: 600 planted faults among healthy devices (docs/devices.md).
PERHAPS, SURELY, STORM = 0.54, 0.98, 0.95
# Longer than that before it was first looked at (a file of last year's messages): nothing that is wrong *now*.
LONG_AGO = timedelta(days=30)
_AT_ONCE = 500
_GATEWAY = "gateway:"


@dataclass(frozen=True, slots=True)
class _Served:
    """What each silent device serves, gateways as things by address, and the open alerts about both."""

    things: Mapping[int, tuple[int, ...]]
    gateways: Mapping[str, int]
    open_devices: frozenset[str]
    open_together: tuple[int, ...]


def look(now: datetime) -> Settled:
    """Judge the whole fleet and bring the alerts to it. To be called each minute; done again, it changes nothing."""
    found = health.silences(now)
    then = now - timedelta(seconds=health.LONGEST_S)
    known = Alert.objects.filter(FOLLOWED, usage=DEVICES)
    together = known.filter(rule=TOGETHER.name).order_by("opened_at", "pk").values_list("thing", flat=True)
    alone = dict(known.filter(rule=ALONE.name).values_list("key", "thing"))
    if not (found.alone or found.storms or together or alone):
        return Settled()
    devices = [one.device for one in found.alone] + [device for storm in found.storms for device in storm.devices]
    served = _Served(_things_of(devices), _gateways(), frozenset(alone), tuple(together))
    storms = [*_storms(found.storms, served, then), *_still_down(served, then)]
    silent = [*_alone(found.alone, served, then), *_behind(found, served, then)]
    # A gateway told apart before goes on only where it does not stand for its storm.
    storms = list({one.thing: one for one in reversed(storms)}.values())
    done = (
        settle(DEVICES, TOGETHER, storms, set(together), then),
        settle(DEVICES, ALONE, silent, set(alone.values()), then),
    )
    return Settled(*(sum(getattr(one, name) for one in done) for name in Settled.__slots__))


def _things_of(devices: list[int]) -> dict[int, tuple[int, ...]]:
    """The things that each of these devices serves now, the first known first."""
    found: dict[int, set[int]] = defaultdict(set)
    for at in range(0, len(devices), _AT_ONCE):
        rows = Deployment.objects.filter(ends=None, device__in=devices[at : at + _AT_ONCE])
        for device, thing in rows.values_list("device_id", "thing_id"):
            found[device].add(thing)
    return {device: tuple(sorted(things)) for device, things in found.items()}


def _alone(silent: Iterable[Silence], served: _Served, then: datetime) -> Iterator[Sighting]:
    chosen = [one for one in silent if one.device in served.things and _is_news(one, served, then)]
    told = _told([one.device for one in chosen])
    for one in chosen:
        if one.device in told:
            yield _sighting(one, served, then, told[one.device])


def _is_news(one: Silence, served: _Served, then: datetime) -> bool:
    return then - one.since < LONG_AGO or _key(one.device, served) in served.open_devices


def _behind(found: Silences, served: _Served, then: datetime) -> Iterator[Sighting]:
    """Devices of a storm that have an alert of their own from before: it goes on, told with the storm's."""
    devices = [
        device
        for storm in found.storms
        for device in storm.devices
        if device in served.things and _key(device, served) in served.open_devices
    ]
    told = _told(devices)
    for device, row in told.items():
        yield _sighting(Silence(device, row.silent_since or then, row.silent_sure), served, then, row)


def _key(device: int, served: _Served) -> str:
    return f"{DEVICES}/{ALONE.name}/{served.things[device][0]}/{device}"


def _told(devices: list[int]) -> dict[int, Health]:
    found: dict[int, Health] = {}
    for at in range(0, len(devices), _AT_ONCE):
        rows = Health.objects.filter(device__in=devices[at : at + _AT_ONCE], device__registration__isnull=False)
        rows = rows.defer("gaps", "pauses", "battery_trail")
        rows = rows.select_related("device__registration__model")
        found |= {one.device_id: one for one in rows}
    return found


def _sighting(one: Silence, served: _Served, then: datetime, row: Health) -> Sighting:
    registration = row.device.registration
    return Sighting(
        thing=served.things[one.device][0],
        since=one.since,
        last=then,
        sure=SURELY if one.sure else PERHAPS,
        mark=str(one.device),
        level="warning" if one.sure else "notice",
        facts={
            "device": row.device.serial,
            "registration": registration.pk,
            "usual_s": row.usual_interval_s or registration.model.expected_interval_s,
            "battery": row.battery_percent,
            "things": len(served.things[one.device]),
        },
    )


def _storms(storms: Iterable[Storm], served: _Served, then: datetime) -> Iterator[Sighting]:
    """One a storm, on the gateway that was told first; those told apart before go on, covered by it."""
    for storm in storms:
        addresses = storm.gateways or (EVERYTHING,)
        known = {served.gateways[one] for one in addresses if one in served.gateways}
        first = next((thing for thing in served.open_together if thing in known), None)
        if first is None and then - storm.since >= LONG_AGO:
            continue
        behind = {thing for device in storm.devices for thing in served.things.get(device, ())}
        first = first or served.gateways.get(addresses[0]) or _made(addresses[0], behind).pk
        others = known if storm.gateways else set(served.open_together)
        yield Sighting(
            thing=first,
            since=storm.since,
            last=then,
            sure=STORM,
            level="warning" if storm.gateways else "danger",
            facts={"devices": len(storm.devices), "gateways": list(storm.gateways), "things": len(behind)},
            covers=tuple(sorted((behind | others) - {first})),
        )


def _still_down(served: _Served, then: datetime) -> Iterator[Sighting]:
    """Gateways that have an alert, and are down: each by itself, for what covers it to be over one day."""
    names = {thing: address for address, thing in served.gateways.items()}
    down = Gateway.objects.filter(silent_since__isnull=False).in_bulk(field_name="address")
    for thing in served.open_together:
        gateway = down.get(names.get(thing, ""))
        if gateway is not None and gateway.silent_since is not None:
            gateways = [] if gateway.address == EVERYTHING else [gateway.address]
            facts = {"devices": gateway.devices_silent, "gateways": gateways, "things": 0}
            level: Level = "warning" if gateways else "danger"
            yield Sighting(thing, gateway.silent_since, then, STORM, level=level, facts=facts)


def _gateways() -> dict[str, int]:
    found = Thing.objects.filter(source=DEVICES, source_key__startswith=_GATEWAY)
    return {key.removeprefix(_GATEWAY): pk for key, pk in found.values_list("source_key", "pk")}


def _made(address: str, behind: Iterable[int]) -> Thing:
    """The gateway as a thing, which alerts and work orders point at: made when it first goes down."""
    gateway = Gateway.objects.filter(address=address).first() or Gateway(address=address)
    with translation.override(settings.LANGUAGE_CODE):
        name = _("What all devices send") if address == EVERYTHING else _("Gateway %(name)s")
    digest = hashlib.sha256(address.encode()).hexdigest()[:6]
    made, _new = Thing.objects.get_or_create(
        source=DEVICES,
        source_key=f"{_GATEWAY}{address}",
        defaults={
            "slug": f"passerelle-{slugify(address)}-{digest}" if slugify(address) else f"passerelle-{digest}",
            "name": name % {"name": gateway.name or address},
            "kind": "gateway",
            "longitude": gateway.longitude,
            "latitude": gateway.latitude,
            "commune_id": _commune_of(gateway, behind),
        },
    )
    return made


def _commune_of(gateway: Gateway, behind: Iterable[int]) -> str | None:
    """Where it stands; else the one commune of all that it hears; else nobody's: the whole territory's."""
    if gateway.longitude is not None and gateway.latitude is not None:
        here = commune_at(gateway.longitude, gateway.latitude)
        if here is not None:
            return here.insee
    some = list(behind)
    communes: set[str | None] = set()
    for at in range(0, len(some), _AT_ONCE):
        rows = Thing.objects.filter(pk__in=some[at : at + _AT_ONCE])
        communes |= set(rows.values_list("commune_id", flat=True).distinct())
    return communes.pop() if len(communes) == 1 else None
