"""Whether what a limited key sends lies within its limits: devices by model and commune, datastreams by commune."""

import time
from collections.abc import Collection, Iterable
from typing import NamedTuple

from mitoyen.connect.devices.models import Registration
from mitoyen.connect.devices.places import communes_of
from mitoyen.connect.uplinks import reading
from mitoyen.connect.uplinks.messages import Message, Unreadable
from mitoyen.gate.limits import Forbidden, Limits
from mitoyen.territory.models import Thing

# A device that is moved, or a thing, is seen within a minute.
KNOWN_S = 60.0
MOST_KNOWN = 100_000


class _Device(NamedTuple):
    model: str
    communes: frozenset[str | None]


_devices: dict[str, tuple[float, _Device | None]] = {}
_things: dict[str, tuple[float, str | None]] = {}


def refused(message: Message, limits: Limits) -> Forbidden | None:
    """Why this key may not send this message. One that can't be read goes to quarantine, whoever sent it."""
    if not limits.of_devices:
        return None
    for address in sorted(_addresses(message)):
        says = _outside(_device(address), limits)
        if says:
            return Forbidden(f"This key may not send for the device {address}: {says}")
    return None


def _addresses(message: Message) -> set[str]:
    """Of the devices that it can be read to be of: all that would be taken in of it."""
    found: set[str] = set()
    for part in reading.apart(message):
        try:
            found |= {frame.address for frame in reading.read(part)}
        except Unreadable:
            continue
    return found


def _outside(device: _Device | None, limits: Limits) -> str:
    if device is None:
        return "it is not registered. Register it first (mitoyen devices import), or use a key without such a limit."
    if limits.models and device.model not in limits.models:
        return f"its model is {device.model}. Ask for a key with --model {device.model}."
    if limits.communes and (not device.communes or device.communes - limits.communes):
        return "it does not stand in a commune of this key. Ask for a key with --commune."
    return ""


def _device(address: str) -> _Device | None:
    now = time.monotonic()
    read_at, device = _devices.get(address, (-KNOWN_S, None))
    # One that is registered just now may send at once.
    if device is not None and now - read_at < KNOWN_S:
        return device
    found = Registration.objects.filter(address=address).select_related("model", "device").first()
    device = _Device(found.model.slug, frozenset(communes_of(found.device))) if found is not None else None
    if len(_devices) >= MOST_KNOWN:
        _devices.clear()
    _devices[address] = (now, device)
    return device


def elsewhere(names: Iterable[str], limits: Limits) -> Forbidden | None:
    """Why this key may not send for, or read, all of these datastreams (thing/property)."""
    if not limits.communes:
        return None
    slugs = {name.rpartition("/")[0] for name in names}
    communes = _communes(slugs)
    outside = next((one for one in sorted(slugs) if communes[one] not in limits.communes), None)
    if outside is None:
        return None
    return Forbidden(f"This key has nothing to do with {outside[:100]!r}: ask for a key with its commune (--commune).")


def _communes(slugs: Collection[str]) -> dict[str, str | None]:
    now = time.monotonic()
    unread = [one for one in slugs if now - _things.get(one, (-KNOWN_S, None))[0] >= KNOWN_S]
    if len(_things) + len(unread) >= MOST_KNOWN:
        _things.clear()
        unread = list(slugs)
    _things.update(dict.fromkeys(unread, (now, None)))
    for start in range(0, len(unread), 500):
        some = Thing.objects.filter(slug__in=unread[start : start + 500])
        for slug, own, whole in some.values_list("slug", "commune_id", "part_of__commune_id"):
            _things[slug] = (now, own or whole)
    return {one: _things[one][1] for one in slugs}
