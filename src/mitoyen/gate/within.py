"""Whether what a limited key sends lies within its limits: devices by model and commune, datastreams by commune."""

import time
from collections.abc import Collection, Iterable
from typing import NamedTuple

from mitoyen.connect.devices.models import Registration
from mitoyen.connect.devices.places import communes_of
from mitoyen.connect.uplinks import reading
from mitoyen.connect.uplinks.messages import Message
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
    """Why this key may not send this message. One that names no device goes to quarantine, whoever sent it; one that
    names another's is refused though it can't be read: it may be read later."""
    if not limits.of_devices:
        return None
    for address in sorted(reading.addresses(message)):
        says = _outside(_device(address), limits)
        if says:
            return Forbidden(f"This key may not send for the device {address}: {says}")
    return None


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
    # Kept here too: another thread may forget them meanwhile.
    found = {one: known[1] for one in slugs if (known := _things.get(one)) is not None and now - known[0] < KNOWN_S}
    unread = [one for one in slugs if one not in found]
    found |= dict.fromkeys(unread, None)
    for start in range(0, len(unread), 500):
        some = Thing.objects.filter(slug__in=unread[start : start + 500])
        for slug, own, whole in some.values_list("slug", "commune_id", "part_of__commune_id"):
            found[slug] = own or whole
    if len(_things) + len(unread) >= MOST_KNOWN:
        _things.clear()
    _things.update((one, (now, found[one])) for one in unread)
    return found
